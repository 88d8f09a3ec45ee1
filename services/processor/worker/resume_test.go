package worker

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/meanstream/meanstream/pkg/checkpoint"
)

// TestPinsAreMadeOnceByTheOwnerOfPartitionZero also lets two members share the partitions, grow the topic of partials,
// and start anew: everything is placed as at the first start.
func TestPinsAreMadeOnceByTheOwnerOfPartitionZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a, b := r.start("a", nil), r.start("b", nil)
		time.Sleep(20 * time.Second)
		r.send(20)
		time.Sleep(5 * time.Second)
		a.Kill()
		a.stop()
		time.Sleep(20 * time.Second)
		if err := errors.Join(b.End(), <-a.done); err != nil {
			t.Fatal(err)
		}
		for p, s := range r.remembered() {
			want := &checkpoint.Pins{Placement: rigOutputs, Base: rigSources}
			if p != 0 {
				want = nil
			}
			if diff := cmp.Diff(want, s.Pins); diff != "" || !s.Opened {
				t.Errorf("partition %d: opened %v, pins (-want +got):\n%s", p, s.Opened, diff)
			}
		}
		if _, err := r.adm.UpdatePartitions(context.Background(), 5, "partials"); err != nil {
			t.Fatal(err)
		}
		c := r.start("c", nil)
		time.Sleep(20 * time.Second)
		r.send(20)
		time.Sleep(5 * time.Second)
		if err := c.End(); err != nil {
			t.Fatal(err)
		}
		writers := map[string]bool{}
		for i := range int32(5) {
			kept, firsts := r.kept(i)
			for _, p := range r.partials(i) {
				writers[p.Writer] = true
				if p.Placement != rigOutputs || i >= rigOutputs {
					t.Fatalf("a partial in partition %d with placement over %d", i, p.Placement)
				}
			}
			if i < rigOutputs && (kept != 2*20*rigSources || !cmp.Equal(firsts, map[int32]int{0: 1, 1: 1, 2: 1, 3: 1})) {
				t.Errorf("partition %d: %d kept, opened %v", i, kept, firsts)
			}
		}
		if len(writers) != 3 {
			t.Errorf("%d processes wrote partials, want 3", len(writers))
		}
	})
}

// TestWhatCanNotBeGoneOnWithIsNamed: the first start fails by name, the second with --start-over goes on.
func TestWhatCanNotBeGoneOnWithIsNamed(t *testing.T) {
	for _, c := range []struct {
		name   string
		harm   func(r *rig)
		want   error
		text   string
		firsts int // of source 1, with --start-over
	}{
		{"offsets that another tool has set", func(r *rig) {
			offsets := kadm.Offsets{}
			offsets.Add(kadm.Offset{Topic: "records", Partition: 1, At: 3})
			if err := r.adm.CommitAllOffsets(context.Background(), "processor", offsets); err != nil {
				r.t.Fatal(err)
			}
		}, ErrUnreadable, "records/1 at 3", 2},
		{"a topic that was made again", func(r *rig) {
			// Deleting a topic deletes its offsets, but one that was in flight then may come after.
			before := r.cluster.CommittedOffsets("processor", "records")
			r.remake("records", rigSources)
			offsets := kadm.Offsets{}
			for p, o := range before {
				offsets.Add(kadm.Offset{Topic: "records", Partition: p, At: o.At, Metadata: o.Metadata})
			}
			if err := r.adm.CommitAllOffsets(context.Background(), "processor", offsets); err != nil {
				r.t.Fatal(err)
			}
		}, ErrRecreated, "--start-over", 2},
		{"records that were deleted before they were read", func(r *rig) {
			r.send(5)
			offsets := kadm.Offsets{}
			offsets.Add(kadm.Offset{Topic: "records", Partition: 1, At: 24})
			if _, err := r.adm.DeleteRecords(context.Background(), offsets); err != nil {
				r.t.Fatal(err)
			}
		}, ErrLost, "24 to 25", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				first := r.start("first", nil)
				r.send(20)
				time.Sleep(10 * time.Second)
				if err := first.End(); err != nil {
					t.Fatal(err)
				}
				c.harm(r)
				second := r.start("second", nil)
				if err := second.Ended(); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
					t.Fatalf("error %v, want %v that tells %q", err, c.want, c.text)
				}
				third := r.start("third", func(s *Settings) { s.StartOver = true })
				time.Sleep(15 * time.Second)
				if err := third.End(); err != nil {
					t.Fatal(err)
				}
				if _, firsts := r.kept(0); firsts[1] != c.firsts {
					t.Errorf("source 1 was opened %d times, want %d", firsts[1], c.firsts)
				}
				if pins := r.remembered()[0].Pins; pins == nil || pins.Placement != rigOutputs {
					t.Errorf("pins %+v", pins)
				}
			})
		})
	}
}

func TestFewerPartialsPartitionsThanPinnedAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first := r.start("first", nil)
		time.Sleep(10 * time.Second)
		if err := first.End(); err != nil {
			t.Fatal(err)
		}
		r.remake("partials", 2)
		second := r.start("second", nil)
		if err := second.Ended(); !errors.Is(err, ErrPlacement) || !strings.Contains(err.Error(), "has 2, and 3 are in use") {
			t.Fatalf("error %v", err)
		}
	})
}

func TestARunToTheEndStopsThereAndTheNextGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		exit := func(s *Settings) { s.ExitAtEnd = true }
		last := int64(0)
		for run := range int64(2) {
			r.send(10)
			a, b := r.start("a", exit), r.start("b", exit)
			if err := errors.Join(a.Ended(), b.Ended()); err != nil {
				t.Fatal(err)
			}
			if kept, _ := r.kept(0); kept != (run+1)*10*rigSources {
				t.Errorf("run %d: %d kept", run+1, kept)
			}
			for p, s := range r.remembered() {
				if !s.Ended || s.EndedAt != (run+1)*10 || p == 0 && s.Run <= last {
					t.Errorf("run %d, partition %d: %+v", run+1, p, s)
				}
				last = max(last, s.Run)
			}
		}
	})
}
