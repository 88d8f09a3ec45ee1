package merger

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/watermark"
	"github.com/meanstream/meanstream/pkg/window"
)

var (
	alarms   = partial.Topic{ID: [16]byte{1}, Name: "alarms", Partitions: 1}
	readings = partial.Topic{ID: [16]byte{2}, Name: "readings", Partitions: 1}
	spikes   = partial.Topic{ID: [16]byte{3}, Name: "spikes", Partitions: 1}
)

// heard is a partial of a processor that reads the topics, with the span [from, from+1) of the first one's source.
func heard(from, mark, end int64, topics ...partial.Topic) *partial.Partial {
	p := one(from, from+1, mark, end)
	p.Sources[0].TopicID = topics[0].ID
	if len(topics) > 1 {
		p.Topics, p.SourcePartitions, p.Sources[0].Topic = topics, int32(len(topics)), topics[0].Name
	}
	return p
}

// waiting is a fresh state that waits for topics.
func waiting(topics ...string) *State {
	s := NewState(1, checkpoint.Merge{Emitted: window.NoWatermark}, 0, 0, 0, 0)
	s.WaitFor(topics)
	return s
}

func TestATopicThatIsNotWaitedForIsNamed(t *testing.T) {
	for _, c := range []struct {
		name     string
		waits    []string
		partial  *partial.Partial
		want     error
		says     []string
		isNotSet []string // what the processors read, where that is less than is waited for
	}{
		{name: "the same list", waits: []string{"alarms", "readings"}, partial: heard(0, 5, 10, alarms, readings)},
		{name: "one topic on both sides", waits: []string{"alarms"}, partial: heard(0, 5, 10, alarms)},
		{name: "one topic, which is read with another", waits: []string{"alarms"}, partial: heard(0, 5, 10, alarms, readings),
			want: ErrTopics, says: []string{"readings", `group "processor"`, "waits for alarms", "the same list"}},
		{name: "a third topic", waits: []string{"alarms", "readings"}, partial: heard(0, 5, 10, alarms, readings, spikes), want: ErrTopics, says: []string{"spikes"}},
		{name: "a topic less", waits: []string{"alarms", "readings", "spikes"}, partial: heard(0, 5, 10, alarms, readings), isNotSet: []string{"alarms", "readings"}},
		{name: "one topic of two, by its id", waits: []string{"alarms", "readings"}, partial: heard(0, 5, 10, alarms), isNotSet: []string{"the topic with the id 01000000000000000000000000000000"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed, err := waiting(c.waits...).Partial(3, c.partial, 0)
			if !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not tell %q: %v", part, err)
				}
			}
			if diff := cmp.Diff(c.isNotSet, changed.Reads); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
		})
	}
}

// TestATopicBecomesOneOfSeveral: what is remembered of one topic does not name it, and goes on when partials do.
func TestATopicBecomesOneOfSeveral(t *testing.T) {
	s := waiting("readings")
	take(t, s, 0, heard(0, 5, 10, readings), heard(1, 15, 20, readings))
	m := s.Remember()
	if m.TopicID != readings.ID || m.Topics != nil {
		t.Errorf("one topic is remembered as %x, %v", m.TopicID, m.Topics)
	}
	s = NewState(1, m, 2, 0, 0, 0)
	s.WaitFor([]string{"alarms", "readings"})
	take(t, s, 0, heard(0, 5, 10, readings), heard(1, 15, 20, readings))
	next := heard(2, 25, 30, readings, alarms)
	next.Topics = []partial.Topic{alarms, readings}
	take(t, s, 2, next)
	if holds := s.Close(0); len(holds) != 1 || holds[0].Topic != "alarms" {
		t.Errorf("windows wait for %v", holds)
	}
	first := heard(0, 25, 30, alarms, readings)
	take(t, s, 3, first)
	if s.Close(0); len(s.Open.Take(1<<20)) != 2 {
		t.Error("the windows that both topics have passed are not closed")
	}
	m = s.Remember()
	if diff := cmp.Diff([]checkpoint.SourceTopic{{ID: alarms.ID, Name: "alarms"}, {ID: readings.ID, Name: "readings"}}, m.Topics); diff != "" {
		t.Errorf("remembered (-want +got):\n%s", diff)
	}
	if to, known := s.Sources.Known(watermark.Source{TopicID: readings.ID}); !known || to != 3 {
		t.Errorf("readings/0 is known up to %d (%v), want 3", to, known)
	}
}

// TestStartingOverOneTopicKeepsTheOther: the first report of a topic that is new is no reason to forget what was merged.
func TestStartingOverOneTopicKeepsTheOther(t *testing.T) {
	s := waiting("alarms", "readings")
	take(t, s, 0, heard(0, 5, 10, readings))
	s = NewState(1, s.Remember(), 1, 0, 0, 0)
	s.startOver(bases{}.put(base{src: heard(0, 5, 10, alarms, readings).Sources[0], at: 1}), 1)
	if !s.Replaying() {
		t.Error("what was merged of one topic is forgotten, since another has a first report")
	}
	again := NewState(1, s.Remember(), 1, 0, 0, 0)
	again.startOver(bases{}.put(base{src: heard(0, 5, 10, readings, alarms).Sources[0], at: 1}), 1)
	if again.Replaying() {
		t.Error("what was merged before all known sources began anew is still read")
	}
}

func TestARunIsOverWhenAllTopicsAre(t *testing.T) {
	ended := func(topic int32, to int64) checkpoint.SourceState {
		return checkpoint.SourceState{Topic: topic, Known: true, Ended: true, To: to}
	}
	target := func(topic string, end int64) map[broker.TopicPartition]int64 {
		return map[broker.TopicPartition]int64{{Topic: topic}: end, {Topic: "readings"}: 5}
	}
	two := []checkpoint.SourceTopic{{ID: alarms.ID, Name: "alarms"}, {ID: readings.ID, Name: "readings"}}
	open := checkpoint.SourceState{Topic: 0, Known: true, To: 7}
	for _, c := range []struct {
		name    string
		m       checkpoint.Merge
		targets map[broker.TopicPartition]int64
		topics  []string
		want    bool
	}{
		{"both have ended", checkpoint.Merge{Topics: two, Sources: []checkpoint.SourceState{ended(0, 7), ended(1, 5)}}, target("alarms", 7), []string{"alarms", "readings"}, true},
		{"one is short of its target", checkpoint.Merge{Topics: two, Sources: []checkpoint.SourceState{ended(0, 6), ended(1, 5)}}, target("alarms", 7), []string{"alarms", "readings"}, false},
		{"one has not ended", checkpoint.Merge{Topics: two, Sources: []checkpoint.SourceState{open, ended(1, 5)}}, target("alarms", 7), []string{"alarms", "readings"}, false},
		{"one has not ended, and is off the list", checkpoint.Merge{Topics: two, Sources: []checkpoint.SourceState{open, ended(1, 5)}}, target("readings", 5), []string{"readings"}, true},
		{"one was never reported", checkpoint.Merge{TopicID: readings.ID, Sources: []checkpoint.SourceState{ended(0, 5)}}, target("alarms", 0), []string{"alarms", "readings"}, false},
		{"there is one only", checkpoint.Merge{TopicID: readings.ID, Sources: []checkpoint.SourceState{ended(0, 5)}}, target("readings", 5), []string{"readings"}, true},
	} {
		if got := done(&c.m, 0, c.targets, c.topics); got != c.want {
			t.Errorf("%s: over %v, want %v", c.name, got, c.want)
		}
	}
}

// TestTheSinkSaysThatProcessorsReadLess, once, and whom windows wait for when the other topic holds records.
func TestTheSinkSaysThatProcessorsReadLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		logs := r.listen()
		if _, err := r.adm.CreateTopics(t.Context(), 2, 1, nil, "alarms"); err != nil {
			t.Fatal(err)
		}
		s := r.start(func(s *Settings) {
			s.Records = append(s.Records, broker.NewTopic{Name: "alarms", Partitions: 2, Replication: 1})
			s.IdleAfter = 5 * time.Second
		})
		time.Sleep(5 * time.Second)
		r.report(5, 10, "a", 1)
		r.report(15, 20, "b", 1)
		time.Sleep(3 * time.Second)
		if got := r.results(); len(got) != 1 {
			t.Errorf("results %q while the other topic is empty, want one", got)
		}
		if err := r.client.ProduceSync(t.Context(), &kgo.Record{Topic: "alarms", Partition: 1, Value: []byte("x")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		for mark := int64(25); mark < 70; mark += 10 {
			r.report(mark, mark+5, "c", 1)
			time.Sleep(2 * time.Second)
		}
		if got := r.results(); len(got) != 1 {
			t.Errorf("results %q while nobody reads the other topic, want those from before", got)
		}
		if err := s.End(); err != nil {
			t.Fatal(err)
		}
		said := text(logs.FilterLevelExact(zap.WarnLevel).TakeAll())
		for _, want := range []string{
			"the processors do not read all topics that this sink waits for", `"sink waits for": "alarms,records"`, `"processors read": "records"`,
			"source partition alarms/", "never reported, but its log holds records",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("not said: %s\n%s", want, said)
			}
		}
		if n := strings.Count(said, "the processors do not read all topics"); n != 1 {
			t.Errorf("said %d times that the lists differ", n)
		}
	})
}
