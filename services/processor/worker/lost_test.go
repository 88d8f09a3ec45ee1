package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/pkg/partial"
)

// purge deletes the records of partition 1 below an offset.
func (r *rig) purge(below int64) {
	r.t.Helper()
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: "records", Partition: 1, At: below})
	if _, err := r.adm.DeleteRecords(context.Background(), offsets); err != nil {
		r.t.Fatal(err)
	}
}

// skipping starts a processor that goes on without lost records.
func (r *rig) skipping(name string, reg *prometheus.Registry, exit bool) *processor {
	return r.start(name, func(s *Settings) { s.SkipLost, s.ExitAtEnd, s.Metrics = true, exit, NewMetrics(reg) })
}

// told is what the partials tell of source 1, added up, and how many of them told of a loss. The spans must join.
func (r *rig) told() (sum partial.Source, losses int) {
	r.t.Helper()
	_, firsts := r.kept(0) // also checks the joints
	if firsts[1] != 1 {
		r.t.Errorf("source 1 was opened %d times, want once", firsts[1])
	}
	for _, p := range r.partials(0) {
		for _, s := range p.Sources {
			if s.Partition != 1 {
				continue
			}
			sum.To, sum.Watermark, sum.Ended = s.To, s.Watermark, s.Ended
			sum.Kept, sum.Late, sum.Lost = sum.Kept+s.Kept, sum.Late+s.Late, sum.Lost+s.Lost
			if s.Lost > 0 {
				losses++
			}
		}
	}
	return sum, losses
}

// shown is the sum of a metric's values, -1 where there is none.
func shown(t *testing.T, reg *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
			return sum
		}
	}
	return -1
}

// TestLostRecordsStopTheProcessorUnlessTheyMayBeSkipped: without the flag it is a named error that names the flag, and
// nothing moves; with it the partition goes on where its log begins, its watermark kept, and the gap is in its span.
func TestLostRecordsStopTheProcessorUnlessTheyMayBeSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first := r.start("first", nil)
		r.send(20)
		time.Sleep(10 * time.Second)
		if err := first.End(); err != nil {
			t.Fatal(err)
		}
		watermark := r.remembered()[1].Watermark
		r.send(5)
		r.purge(24)
		err := r.start("second", nil).Ended()
		if !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "records/1 at 20") || !strings.Contains(err.Error(), "those 4 offsets") || !strings.Contains(err.Error(), "--on-lost-records skip") {
			t.Fatalf("error %v", err)
		}
		if at := r.cluster.CommittedOffsets("processor", "records")[1].At; at != 20 {
			t.Fatalf("the stopped processor has committed %d, want 20 still", at)
		}
		logs, reg := r.listen(), prometheus.NewRegistry()
		third := r.skipping("third", reg, false)
		time.Sleep(10 * time.Second)
		if w := r.remembered()[1].Watermark; w < watermark {
			t.Errorf("the watermark fell from %d to %d", watermark, w)
		}
		r.send(3)
		time.Sleep(3 * time.Second)
		if err := third.End(); err != nil {
			t.Fatal(err)
		}
		if sum, losses := r.told(); sum.Kept != 20+1+3 || sum.Lost != 4 || losses != 1 || sum.To != 28 {
			t.Errorf("the partials tell, %d times, of %+v", losses, sum)
		}
		if n := shown(t, reg, "meanstream_processor_lost_offsets_total"); n != 4 {
			t.Errorf("the metric says that %v offsets were lost, want 4", n)
		}
		said := logs.FilterMessageSnippet("deleted before they were read").FilterLevelExact(zap.WarnLevel).All()
		if len(said) != 1 || fmt.Sprint(said[0].ContextMap()) != "map[from:20 offsets lost:4 partition:1 to:24 topic:records]" {
			t.Errorf("said %v", said)
		}
	})
}

// TestRetentionPassesARunningProcessor whose fetches find nobody for a while: the offsets that it has read, and those that
// it will never read, are in one line of spans.
func TestRetentionPassesARunningProcessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		reg := prometheus.NewRegistry()
		p := r.skipping("a", reg, false)
		time.Sleep(10 * time.Second)
		r.send(10)
		time.Sleep(3 * time.Second)
		deaf := p.On(kafkatest.Rule{Key: kmsg.Fetch, Times: -1, Do: kafkatest.DropRequest(kafkatest.Break)})
		time.Sleep(time.Second)
		r.send(10)
		r.purge(17)
		time.Sleep(3 * time.Second)
		deaf.Remove()
		time.Sleep(5 * time.Second)
		r.send(10)
		time.Sleep(3 * time.Second)
		if err := p.End(); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"meanstream_processor_lag_records", "meanstream_processor_watermark_seconds"} {
			if n := shown(t, reg, name); n != -1 {
				t.Errorf("a processor that has given its partitions up still shows %s: %v", name, n)
			}
		}
		if sum, losses := r.told(); sum.Kept != 10+3+10 || sum.Lost != 7 || losses != 1 || sum.To != 30 {
			t.Errorf("the partials tell, %d times, of %+v", losses, sum)
		}
		if n := shown(t, reg, "meanstream_retries_total"); n < 3 {
			t.Errorf("%v retries were counted", n)
		}
	})
}

// TestALossThatIsNotCommittedIsFoundAgain: the process that found it is killed before its commit, and the next one tells
// of it, once.
func TestALossThatIsNotCommittedIsFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first := r.start("first", nil)
		r.send(20)
		time.Sleep(10 * time.Second)
		if err := first.End(); err != nil {
			t.Fatal(err)
		}
		r.send(5)
		r.purge(25) // everything
		second := r.skipping("second", prometheus.NewRegistry(), false)
		second.Before(func(q kafkatest.Request) {
			if q.Key == kmsg.EndTxn {
				second.Kill()
			}
		})
		time.Sleep(10 * time.Second)
		second.stop()
		third := r.skipping("third", prometheus.NewRegistry(), false)
		time.Sleep(20 * time.Second)
		r.send(1)
		time.Sleep(3 * time.Second)
		if err := errors.Join(third.End(), <-second.done); err != nil {
			t.Fatal(err)
		}
		if sum, losses := r.told(); sum.Kept != 20+1 || sum.Lost != 5 || losses != 1 || sum.To != 26 {
			t.Errorf("the partials tell, %d times, of %+v", losses, sum)
		}
	})
}

// TestARunToTheEndSkipsNoFurtherThanItsTarget, or the second run would not find the rest.
func TestARunToTheEndSkipsNoFurtherThanItsTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.send(10)
		p := r.skipping("a", prometheus.NewRegistry(), true)
		deaf := p.On(kafkatest.Rule{Key: kmsg.Fetch, Times: -1, Do: kafkatest.DropRequest(kafkatest.Break)})
		time.Sleep(10 * time.Second) // the targets are made: 10
		r.send(10)
		r.purge(14)
		deaf.Remove()
		if err := p.Ended(); err != nil {
			t.Fatal(err)
		}
		if sum, losses := r.told(); sum.Kept != 0 || sum.Lost != 10 || losses != 1 || sum.To != 10 || !sum.Ended {
			t.Errorf("after the first run the partials tell, %d times, of %+v", losses, sum)
		}
		if err := r.skipping("b", prometheus.NewRegistry(), true).Ended(); err != nil {
			t.Fatal(err)
		}
		if sum, losses := r.told(); sum.Kept != 6 || sum.Lost != 14 || losses != 2 || sum.To != 20 || !sum.Ended {
			t.Errorf("after the second run the partials tell, %d times, of %+v", losses, sum)
		}
	})
}

// TestALogThatWasCutBackIsNotSkipped: the same offsets will hold other records.
func TestALogThatWasCutBackIsNotSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first := r.start("first", nil)
		r.send(20)
		time.Sleep(10 * time.Second)
		if err := first.End(); err != nil {
			t.Fatal(err)
		}
		ahead := kadm.Offsets{}
		ahead.Add(kadm.Offset{Topic: "records", Partition: 1, At: 25, Metadata: r.cluster.CommittedOffsets("processor", "records")[1].Metadata})
		if err := r.adm.CommitAllOffsets(t.Context(), "processor", ahead); err != nil {
			t.Fatal(err)
		}
		err := r.skipping("second", prometheus.NewRegistry(), false).Ended()
		if !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "cut back to offsets 0 to 20") || !strings.Contains(err.Error(), "--start-over") {
			t.Fatalf("error %v", err)
		}
	})
}

// TestABrokerThatDoesNotHaveWhatTheLogHoldsIsAskedAgain: nothing is lost, and nothing is said to be.
func TestABrokerThatDoesNotHaveWhatTheLogHoldsIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		p := r.start("a", nil)
		time.Sleep(10 * time.Second)
		p.On(kafkatest.Rule{Key: kmsg.Fetch, Times: 20, Do: kafkatest.AnswerCode(1)})
		p.On(kafkatest.Rule{Key: kmsg.ListOffsets, Times: 3, Do: kafkatest.DropRequest(kafkatest.Break)})
		r.send(10)
		time.Sleep(20 * time.Second)
		if err := p.End(); err != nil {
			t.Fatal(err)
		}
		if sum, _ := r.told(); sum.Kept != 10 || sum.Lost != 0 {
			t.Errorf("the partials tell of %+v", sum)
		}
	})
}

// TestWhatStillCanBeGoneOnWithIsNotStartedOver: where lost records may be skipped, --start-over leaves their partition be.
func TestWhatStillCanBeGoneOnWithIsNotStartedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first := r.start("first", nil)
		r.send(20)
		time.Sleep(10 * time.Second)
		if err := first.End(); err != nil {
			t.Fatal(err)
		}
		r.send(5)
		r.purge(24)
		second := r.start("second", func(s *Settings) { s.StartOver, s.SkipLost = true, true })
		time.Sleep(10 * time.Second)
		if err := second.End(); err != nil {
			t.Fatal(err)
		}
		if sum, losses := r.told(); sum.Lost != 4 || losses != 1 || sum.To != 25 { // told fails where it was opened twice
			t.Errorf("the partials tell, %d times, of %+v", losses, sum)
		}
	})
}

// TestLateStaysLateBehindAGap: what comes behind it is judged by what was read before.
func TestLateStaysLateBehindAGap(t *testing.T) {
	p := NewPartition(testRule(t), Resume{Topic: "records", First: true, Watermark: noWatermark}, testLimit)
	read := func(at int64, seconds int64) {
		t.Helper()
		l := plainLog(t, true, sent{time: (testBase + seconds) * 1000, value: fmt.Appendf(nil, `{"timestamp":%d,"value":1,"category":"A"}`, testBase+seconds)})
		l.pieces[0].bytes[7] = byte(at) // its base offset
		var w batch.Walker
		w.Reset(l.pieces[0].bytes, p.Position(), nil, true)
		if err := p.Read(&w, noTarget, 0); err != nil {
			t.Fatal(err)
		}
	}
	read(0, 100)
	p.Skip(7)
	read(7, 50)
	h, ok := p.HandOver()
	if s := h.Source; !ok || s.From != 0 || s.To != 8 || s.Kept != 1 || s.Late != 1 || s.Lost != 6 || !s.First {
		t.Errorf("handed over %v %+v", ok, s)
	}
	if h, ok := p.HandOver(); ok {
		t.Errorf("handed over again: %+v", h.Source)
	}
	p.Skip(9)
	if h, ok := p.HandOver(); !ok || h.Source.From != 8 || h.Source.Lost != 1 {
		t.Errorf("a gap alone is handed over as %v %+v", ok, h.Source)
	}
}
