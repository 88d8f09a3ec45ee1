package worker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/partial"
)

// reads has a processor read these topics.
func reads(topics ...string) func(*Settings) {
	return func(s *Settings) {
		s.Records, s.StartLatest = nil, true
		for _, name := range topics {
			s.Records = append(s.Records, broker.NewTopic{Name: name, Partitions: rigSources, Replication: 1})
		}
	}
}

// put appends a record to a topic's partition 0.
func (r *rig) put(topic string) {
	r.t.Helper()
	rec := &kgo.Record{Topic: topic, Value: fmt.Appendf(nil, `{"timestamp":%d,"value":1,"category":"A"}`, time.Now().Unix()), Timestamp: time.Now()}
	if err := r.client.ProduceSync(context.Background(), rec).FirstErr(); err != nil {
		r.t.Fatalf("send to %s: %v", topic, err)
	}
}

// zero is what is committed for a topic's partition 0.
func (r *rig) zero(topic string) checkpoint.Source {
	r.t.Helper()
	named, err := checkpoint.Decode(r.cluster.CommittedOffsets("processor", topic)[0].Metadata)
	if err != nil {
		r.t.Fatalf("read the metadata of %s/0: %v", topic, err)
	}
	state, err := checkpoint.ParseSource(named.Body)
	if err != nil {
		r.t.Fatalf("read the metadata of %s/0: %v", topic, err)
	}
	return state
}

// TestWhatIsSettledStaysWhenTheListChanges: whichever topic is the first by name, the placement is that of the group's
// first start, and a topic that came later is read from its beginning, even where a new group begins at the end.
func TestWhatIsSettledStaysWhenTheListChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for topic, n := range map[string]int32{"alarms": 2, "spikes": 3} {
			if _, err := r.adm.CreateTopics(t.Context(), n, 1, nil, topic); err != nil {
				t.Fatal(err)
			}
		}
		live := func(name string, topics ...string) {
			p := r.start(name, reads(topics...))
			time.Sleep(10 * time.Second)
			r.put(topics[0])
			time.Sleep(3 * time.Second)
			if err := p.End(); err != nil {
				t.Fatal(err)
			}
		}
		r.put("records") // before the group's first start, so it isn't read
		live("first", "records")
		if kept, _ := r.kept(0); kept != 1 {
			t.Errorf("%d records were kept at first, want 1", kept)
		}
		if _, err := r.adm.UpdatePartitions(t.Context(), 5, "partials"); err != nil {
			t.Fatal(err)
		}
		r.put("alarms")
		live("second", "records", "alarms") // the seat goes to alarms/0
		r.put("spikes")
		live("third", "spikes", "records", "alarms")
		live("fourth", "records", "spikes") // without the seat: the next one is records/0
		kept := int64(0)
		var topics [][]string
		for _, p := range r.partials(1) {
			if p.Placement != rigOutputs {
				t.Fatalf("a partial with the placement %d", p.Placement)
			}
			var names []string
			for _, topic := range p.Topics {
				names = append(names, fmt.Sprint(topic.Name, " ", topic.Partitions))
			}
			if len(topics) == 0 || !cmp.Equal(names, topics[len(topics)-1]) {
				topics = append(topics, names)
			}
			for _, s := range p.Sources {
				kept += s.Kept
			}
		}
		if kept != 6 {
			t.Errorf("%d records were kept, want 6: all but the very first", kept)
		}
		if diff := cmp.Diff([][]string{nil, {"alarms 2", "records 4"}, {"alarms 2", "records 4", "spikes 3"}, {"records 4", "spikes 3"}}, topics); diff != "" {
			t.Errorf("topics in partials (-want +got):\n%s", diff)
		}
		want := map[string]checkpoint.Source{
			"alarms":  {Pins: &checkpoint.Pins{Placement: rigOutputs}, Others: []checkpoint.Other{{Topic: "records", Base: rigSources}, {Topic: "spikes"}}},
			"records": {Pins: &checkpoint.Pins{Placement: rigOutputs, Base: rigSources}, Others: []checkpoint.Other{{Topic: "spikes"}}},
			"spikes":  {Pins: &checkpoint.Pins{Placement: rigOutputs}},
		}
		for topic, want := range want {
			got := r.zero(topic)
			if diff := cmp.Diff(want, checkpoint.Source{Pins: got.Pins, Others: got.Others}); diff != "" {
				t.Errorf("settled at %s/0 (-want +got):\n%s", topic, diff)
			}
		}
		if kept := r.cluster.CommittedOffsets("processor", "alarms"); len(kept) != 2 {
			t.Errorf("%d partitions of alarms have an offset, want 2", len(kept))
		}
	})
}

// TestMembersWaitForAnOwnerOfTheSeatWithTheirList: while the seat is owned by one that reads one topic, a member that
// reads another as well does not settle anything by itself.
func TestMembersWaitForAnOwnerOfTheSeatWithTheirList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if _, err := r.adm.CreateTopics(t.Context(), 2, 1, nil, "zeta"); err != nil {
			t.Fatal(err)
		}
		old := r.start("old", reads("records"))
		time.Sleep(5 * time.Second)
		next := r.start("next", reads("zeta", "records"))
		time.Sleep(10 * time.Second)
		r.put("zeta")
		time.Sleep(10 * time.Second)
		sum := func() (kept int64) {
			for _, p := range r.partials(0) {
				for _, s := range p.Sources {
					if s.Topic == "zeta" {
						kept += s.Kept
					}
				}
			}
			return kept
		}
		owner, err := r.adm.DescribeGroups(t.Context(), "processor")
		if err != nil {
			t.Fatal(err)
		}
		seated := "next"
		for _, m := range owner["processor"].Members {
			if a, ok := m.Assigned.AsConsumer(); ok && m.ClientID == "old" {
				for _, topic := range a.Topics {
					for _, p := range topic.Partitions {
						if topic.Topic == "records" && p == 0 {
							seated = "old"
						}
					}
				}
			}
		}
		if want := map[string]int64{"old": 0, "next": 1}[seated]; sum() != want {
			t.Errorf("%d records of zeta were kept while %s has records/0, want %d", sum(), seated, want)
		}
		if err := old.End(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if sum() != 1 {
			t.Errorf("%d records of zeta were kept at last, want 1", sum())
		}
		if err := next.End(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestOneOfTwoTopicsIsMadeAgain: only its partitions begin anew, with --start-over, and by name without.
func TestOneOfTwoTopicsIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if _, err := r.adm.CreateTopics(t.Context(), 2, 1, nil, "alarms"); err != nil {
			t.Fatal(err)
		}
		first := r.start("first", reads("records", "alarms"))
		time.Sleep(10 * time.Second)
		r.put("records")
		r.put("alarms")
		time.Sleep(3 * time.Second)
		if err := first.End(); err != nil {
			t.Fatal(err)
		}
		// An offset that survives the topic, as one that was in flight may.
		offsets := kadm.Offsets{}
		for p, o := range r.cluster.CommittedOffsets("processor", "alarms") {
			offsets.Add(kadm.Offset{Topic: "alarms", Partition: p, At: o.At, Metadata: o.Metadata})
		}
		r.remake("alarms", 2)
		fresh := kadm.NewClient(r.cluster.Client()) // that knows of the new topic
		if err := fresh.CommitAllOffsets(t.Context(), "processor", offsets); err != nil {
			t.Fatal(err)
		}
		if err := r.start("second", reads("records", "alarms")).Ended(); !errors.Is(err, ErrRecreated) {
			t.Fatalf("error %v, want %v", err, ErrRecreated)
		}
		third := r.start("third", func(s *Settings) {
			reads("records", "alarms")(s)
			s.StartOver = true
		})
		time.Sleep(10 * time.Second)
		r.put("records")
		time.Sleep(3 * time.Second)
		if err := third.End(); err != nil {
			t.Fatal(err)
		}
		firsts := map[string]int{}
		for _, p := range r.partials(0) {
			for _, s := range p.Sources {
				if s.First {
					firsts[s.Topic]++
				}
			}
		}
		if want := map[string]int{"records": rigSources, "alarms": 2 * 2}; !cmp.Equal(firsts, want) {
			t.Errorf("sources were opened %v times, want %v", firsts, want)
		}
	})
}

// TestPartialsNameTopicsOnlyWhereThereAreSeveral: with one, nothing of it may change.
func TestPartialsNameTopicsOnlyWhereThereAreSeveral(t *testing.T) {
	for several, want := range map[bool]string{false: "", true: "records"} {
		p := NewPartition(testRule(t), Resume{Topic: "records", Several: several, Partition: 3, First: true}, 1<<10)
		for range 2 {
			held, _ := p.HandOver()
			if diff := cmp.Diff(partial.Source{Topic: want, Partition: 3}, partial.Source{Topic: held.Source.Topic, Partition: held.Source.Partition}); diff != "" && held.Set != nil {
				t.Errorf("several topics %v (-want +got):\n%s", several, diff)
			}
			p.Skip(p.Position() + 1) // so that there is something to hand over
		}
	}
}
