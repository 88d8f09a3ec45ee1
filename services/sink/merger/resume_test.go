package merger

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/watermark"
)

// TestWhatCanNotBeGoneOnWithIsNamed: a sink that has published one window and holds another meets harm. Without
// --start-over it stops by name; with it it goes on and publishes what comes afterwards.
func TestWhatCanNotBeGoneOnWithIsNamed(t *testing.T) {
	offset := func(topic string, at int64) kadm.Offsets {
		offsets := kadm.Offsets{}
		offsets.Add(kadm.Offset{Topic: topic, At: at})
		return offsets
	}
	for _, c := range []struct {
		name string
		harm func(r *rig) error
		want error
		text string
	}{
		{"offsets that another tool has set", func(r *rig) error {
			return r.adm.CommitAllOffsets(context.Background(), "sink", offset("partials", 1))
		}, ErrUnreadable, "partials/0 at 1"},
		{"partials that were deleted", func(r *rig) error {
			_, err := r.adm.DeleteRecords(context.Background(), offset("partials", 2))
			return err
		}, ErrPurged, "its log at 2"},
		{"offsets that have expired", func(r *rig) error {
			_, err := r.adm.DeleteGroup(context.Background(), "sink")
			return err
		}, ErrForgotten, `group "sink"`},
		{"a processor that was started over", func(r *rig) error {
			r.to = 0
			r.report(15, 20, "d", 1)
			return nil
		}, watermark.ErrFirst, "is known up to 20"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.report(15, 10, "a", 1)
				r.report(15, 20, "b", 1)
				first := r.start(nil)
				time.Sleep(10 * time.Second)
				if err := first.End(); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{"a000 1970-01-01T00:00:10Z"}, r.results()); diff != "" {
					t.Fatalf("results before the harm (-want +got):\n%s", diff)
				}
				if err := c.harm(r); err != nil {
					t.Fatal(err)
				}
				if err := r.start(nil).Ended(); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), "--start-over") {
					t.Fatalf("error %v, want %v that tells %q and the way out", err, c.want, c.text)
				}
				r.to = 0 // the processor is started over first
				r.report(35, 30, "c", 1)
				again := r.start(func(s *Settings) { s.StartOver = true })
				time.Sleep(10 * time.Second)
				if err := again.End(); err != nil {
					t.Fatal(err)
				}
				if !slices.Contains(r.results(), "c000 1970-01-01T00:00:30Z") {
					t.Errorf("after starting over: results %q", r.results())
				}
			})
		})
	}
}

// TestAHugeClosingTakesSeveralTransactions, is interrupted in the middle by a crash, and still publishes each result
// once and in order. Copies are never ahead of the topic.
func TestAHugeClosingTakesSeveralTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const categories = 900
		r := newRig(t)
		var copied []string
		with := func(s *Settings) {
			s.Also = func(all []result.Result) error {
				committed := map[string]bool{}
				for _, m := range r.cluster.ReadCommitted("results") {
					committed[string(m.Key)] = true
				}
				for _, res := range all {
					copied = append(copied, res.Category)
					if !committed[res.Category] {
						t.Errorf("%.10s... is copied before it is committed", res.Category)
					}
				}
				return errors.New("a copy that can't be written stops nothing")
			}
		}
		r.report(5, 10, strings.Repeat("x", 900), categories)
		first := r.start(with)
		time.Sleep(5 * time.Second)
		first.On(kafkatest.Rule{Key: kmsg.EndTxn, Nth: 3, Do: kafkatest.DropRequest(kafkatest.Silent)})
		r.report(15, 20, "y", 1)
		time.Sleep(1500 * time.Millisecond) // less than the time of a request: the dropped one is not sent again
		first.Kill()
		first.stop()
		committed := len(r.results())
		if committed == 0 || committed >= categories {
			t.Fatalf("%d results are committed at the crash, want some of %d", committed, categories)
		}
		if len(copied) != committed {
			t.Errorf("%d results are copied, want the committed %d", len(copied), committed)
		}
		second := r.start(with)
		time.Sleep(30 * time.Second)
		if err := errors.Join(second.End(), <-first.done); err != nil {
			t.Fatal(err)
		}
		got := r.results()
		if len(got) != categories || !slices.IsSorted(got) || len(slices.Compact(got)) != categories {
			t.Errorf("%d results, want %d different ones in order", len(got), categories)
		}
	})
}

// TestWhatComesAmidAClosingMeetsAllOfItClosed: which categories are out already depends on how the closing was cut into
// transactions, and nothing that is published may.
func TestWhatComesAmidAClosingMeetsAllOfItClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const categories = 900
		r := newRig(t)
		prefix := strings.Repeat("x", 900)
		calls := 0
		s := r.start(func(s *Settings) {
			s.Also = func([]result.Result) error {
				if calls++; calls == 1 {
					r.report(15, 10, prefix, categories)
				}
				return nil
			}
		})
		r.report(5, 10, prefix, categories)
		time.Sleep(5 * time.Second)
		r.report(15, 20, "y", 1)
		time.Sleep(20 * time.Second)
		if err := s.End(); err != nil {
			t.Fatal(err)
		}
		if calls < 3 {
			t.Fatalf("closed in %d transactions, want several", calls)
		}
		for _, m := range r.cluster.ReadCommitted("results") {
			if !strings.Contains(string(m.Value), `"count":1,`) {
				t.Fatalf("the result of %.10s...%s took records in that came amid the closing", m.Key, m.Key[900:])
			}
		}
		if n := len(r.cluster.ReadCommitted("rejects")); n != categories {
			t.Errorf("%d summaries of what was dropped, want %d", n, categories)
		}
	})
}

func TestAPartialThatDoesNotJoinStopsTheSinkAndCommitsNothingOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.report(5, 10, "a", 1)
		first := r.start(nil)
		time.Sleep(5 * time.Second)
		before := r.cluster.CommittedOffsets("sink", "partials")[0]
		r.report(6, 10, "b", 1)
		r.to += 5 // what lies between was never reported
		r.report(7, 10, "c", 1)
		if err := first.Ended(); err == nil || !strings.Contains(err.Error(), "gap between spans") {
			t.Fatalf("error %v", err)
		}
		if after := r.cluster.CommittedOffsets("sink", "partials")[0]; after.At > before.At+1 {
			t.Errorf("committed %d, before %d", after.At, before.At)
		}
	})
}
