package merger

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/partial"
)

// reportLost appends a partial whose span lost all of its offsets.
func (r *rig) reportLost(offsets int64) {
	r.t.Helper()
	p := &partial.Partial{
		Group: "processor", Writer: "w", SourcePartitions: 1, Placement: 1, Rule: 1,
		Sources: []partial.Source{{TopicID: r.topicID, First: r.to == 0, From: r.to, To: r.to + offsets, Watermark: 5e9, Lost: offsets}},
	}
	r.to += offsets
	messages, err := p.Encode(500 << 10)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.client.ProduceSync(r.t.Context(), &kgo.Record{Topic: "partials", Value: messages[0]}).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}

// shown is the sum of a metric's values, -1 where there is none.
func shown(t *testing.T, reg *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			sum := 0.0
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
			return sum
		}
	}
	return -1
}

// TestWhatAProcessorLostIsSaidAndCountedOnce, however often its partials are read; the spans join over the gap and the
// windows around it close.
func TestWhatAProcessorLostIsSaidAndCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		logs := r.listen()
		total := 0.0
		live := func(play func()) {
			reg := prometheus.NewRegistry()
			s := r.start(func(s *Settings) { s.Metrics = NewMetrics(reg) })
			play()
			time.Sleep(10 * time.Second)
			if err := s.End(); err != nil {
				t.Fatal(err)
			}
			total += shown(t, reg, "meanstream_sink_lost_offsets_total")
			if n := shown(t, reg, "meanstream_sink_lag_partials"); n != -1 {
				t.Errorf("a sink that has given its partition up still shows its lag: %v", n)
			}
		}
		live(func() {
			r.report(5, 20, "a", 1)
			r.reportLost(7)
			r.report(6, 20, "b", 1) // keeps all of them in the replay
		})
		live(func() {
			r.reportLost(4)
			time.Sleep(3 * time.Second)
			r.report(6, 20, "b", 1) // another commit of the same life
		})
		live(func() { r.report(25, 30, "c", 1) })
		if total != 11 {
			t.Errorf("%v lost offsets were counted, want 11", total)
		}
		var said []string
		for _, l := range logs.FilterLevelExact(zap.WarnLevel).FilterMessageSnippet("deleted before a processor read them").All() {
			said = append(said, fmt.Sprint(l.ContextMap()["source offsets lost"]))
		}
		if want := "[[0: 7 of the offsets from 10 to 17] [0: 4 of the offsets from 27 to 31]]"; fmt.Sprint(said) != want {
			t.Errorf("said %v, want %v", said, want)
		}
		if got := r.results(); len(got) != 2 {
			t.Errorf("results %q, want a and b", got)
		}
	})
}

// TestOneOfThePartitionsSpeaksForAll: every partition of partials carries the same gap.
func TestOneOfThePartitionsSpeaksForAll(t *testing.T) {
	for p, want := range []int64{3, 0, 0} {
		shift := &Shift{Sink: New(Config{Log: zap.NewNop()})}
		w := &worker{shift: shift, topic: broker.TopicPartition{Partition: int32(p)}}
		w.noticed(0, &partial.Partial{}, Changed{Lost: []partial.Source{{From: 1, To: 9, Lost: 3}}})
		if w.lost != want {
			t.Errorf("the worker of partition %d counts %d lost offsets, want %d", p, w.lost, want)
		}
	}
}
