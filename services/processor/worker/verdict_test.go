package worker

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/window"
)

// judged reads a whole log in one fetch and hands over.
func judged(t *testing.T, p *Partition, l *partitionLog, until, now int64) Held {
	t.Helper()
	var w batch.Walker
	records, aborted := l.fetch(p.Position(), len(l.pieces), 0)
	w.Reset(records, p.Position(), aborted, true)
	if err := p.Read(&w, until, now); err != nil {
		t.Fatal(err)
	}
	h, _ := p.HandOver()
	return h
}

func TestFutureIsJudgedByWhoseClockWasThere(t *testing.T) {
	const limit = 15 // seconds, of testRule
	for _, c := range []struct {
		name      string
		event     int64 // seconds after the base
		kafka     int64 // milliseconds after the base; math.MinInt64: no time at all
		wall      int64 // seconds after the base
		logAppend bool
		off       bool
		rejected  bool
	}{
		{name: "at the limit of the broker's time a record counts", event: limit, logAppend: true},
		{name: "a millisecond beyond it does not", event: limit, kafka: -1, logAppend: true, rejected: true},
		{name: "a replay years later judges by the broker's time alone", event: limit + 1, wall: 1e8, logAppend: true, rejected: true},
		{name: "the wall clock is not asked where the time is the broker's", event: limit, wall: -1e8, logAppend: true},
		{name: "a producer's wrong clock vouches for itself, so the wall clock is asked", event: 1e6, kafka: 1e9, rejected: true},
		{name: "a producer's time may be too early where the wall clock is not", event: limit + 1, wall: 1e6, rejected: true},
		{name: "both clocks allow it", event: limit, wall: 0},
		{name: "without a Kafka time the wall clock decides against it", event: limit + 1, kafka: math.MinInt64, rejected: true},
		{name: "without a Kafka time the wall clock decides for it", event: limit, kafka: math.MinInt64},
		{name: "switched off, any time will do", event: 1e6, off: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule := testRule(t)
			if c.off {
				rule.MaxFuture = 0
			}
			r := ordinary(c.event, 1)
			r.time += c.kafka
			if c.kafka == math.MinInt64 {
				r.time = -1
			}
			p := NewPartition(rule, Resume{Watermark: window.NoWatermark}, testLimit)
			h := judged(t, p, plainLog(t, c.logAppend, r), noTarget, (testBase+c.wall)*int64(time.Second))
			if (h.Source.Rejected == 1) != c.rejected || h.Source.Kept+h.Source.Rejected != 1 {
				t.Errorf("rejected %d, kept %d", h.Source.Rejected, h.Source.Kept)
			}
			if c.rejected && p.Watermark() != window.NoWatermark {
				t.Errorf("a rejected record moved the watermark to %d", p.Watermark())
			}
		})
	}
}

func TestATargetStopsAmidABatch(t *testing.T) {
	l := plainLog(t, true, ordinary(0, 1), ordinary(0, 2), ordinary(0, 3), ordinary(0, 4))
	for until := range int64(6) {
		p := NewPartition(testRule(t), Resume{Watermark: window.NoWatermark}, testLimit)
		h := judged(t, p, l, until, 0)
		want := min(until, 4)
		if h.Source.To != want || h.Source.Kept != want {
			t.Errorf("until %d: read to %d with %d kept", until, h.Source.To, h.Source.Kept)
		}
	}
}

func TestTheOrderOfVerdicts(t *testing.T) {
	rule := testRule(t)
	late := fmt.Sprintf(`{"timestamp":%d,"value":95,"category":"A"}`, testBase-100)
	for _, c := range []struct {
		name, value string
		want        partial.Source
	}{
		{"wrong, though its time would be late", fmt.Sprintf(`{"timestamp":%d,"value":95,"category":""}`, testBase-100), partial.Source{Rejected: 1}},
		{"late, though it would be filtered", late, partial.Source{Late: 1}},
		{"filtered", fmt.Sprintf(`{"timestamp":%d,"value":95,"category":"A"}`, testBase), partial.Source{Filtered: 1}},
		{"kept", fmt.Sprintf(`{"timestamp":%d,"value":5,"category":"A"}`, testBase), partial.Source{Kept: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := NewPartition(rule, Resume{Watermark: testBase * int64(time.Second)}, testLimit)
			got := judged(t, p, plainLog(t, true, sent{time: testBase * 1000, value: []byte(c.value)}), noTarget, 0).Source
			got = partial.Source{Kept: got.Kept, Filtered: got.Filtered, Late: got.Late, Rejected: got.Rejected}
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestAHandOverOfNothingGivesNothing(t *testing.T) {
	p := NewPartition(testRule(t), Resume{Offset: 7, Watermark: 5}, testLimit)
	if h, ok := p.HandOver(); ok {
		t.Errorf("before anything was read: %+v", h.Source)
	}
	p = NewPartition(testRule(t), Resume{Offset: 7, Watermark: window.NoWatermark, First: true}, testLimit)
	if h, ok := p.HandOver(); !ok || !h.Source.First || h.Source.From != 7 || h.Source.To != 7 {
		t.Errorf("the opening: %+v, %v", h.Source, ok)
	}
	p.End()
	if h, ok := p.HandOver(); !ok || !h.Source.Ended || h.Source.First {
		t.Errorf("the end: %+v, %v", h.Source, ok)
	}
	if h, ok := p.HandOver(); ok {
		t.Errorf("after the end: %+v", h.Source)
	}
}

func TestAPositionThatMovedOverNothingIsHandedOver(t *testing.T) {
	l := &partitionLog{open: map[int64]int64{}}
	l.append([]sent{ordinary(0, 1)}, true, 7, batch.None, 0)
	l.finish(7, false)
	h := judged(t, NewPartition(testRule(t), Resume{Watermark: window.NoWatermark}, testLimit), l, noTarget, 0)
	if h.Source.To != 2 || h.Source.Kept != 0 || h.Set.Len() != 0 {
		t.Errorf("handed over %+v with %d aggregates", h.Source, h.Set.Len())
	}
}

func TestRejectsAreCutToWhatFits(t *testing.T) {
	var many []batch.Header
	for i := range 300 {
		many = append(many, batch.Header{Key: fmt.Sprintf("h%d", i), Value: bytes.Repeat([]byte{'x'}, 100)})
	}
	huge := bytes.Repeat([]byte{'{'}, 3*testLimit)
	for _, c := range []struct {
		name string
		sent
		cut bool
	}{
		{"a small one travels whole", sent{key: []byte("k"), value: []byte("{"), headers: many[:2]}, false},
		{"a huge value is cut", sent{key: []byte("k"), value: huge}, true},
		{"a huge key is cut", sent{key: huge, value: []byte("{")}, true},
		{"too many headers are cut", sent{value: []byte("{"), headers: many}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := plainLog(t, true, c.sent, c.sent, c.sent)
			p := NewPartition(testRule(t), Resume{Topic: "records", Partition: 3, Watermark: window.NoWatermark}, testLimit)
			h := judged(t, p, l, noTarget, 0)
			got := readRejects(t, h.Rejects)
			if len(got) != 3 || h.Source.Rejected != 3 {
				t.Fatalf("%d rejects of %d", len(got), h.Source.Rejected)
			}
			for _, text := range got {
				if cut := bytes.HasSuffix([]byte(text), []byte(" truncated")); cut != c.cut {
					t.Errorf("cut: %v, want %v: %.300s", cut, c.cut, text)
				}
			}
		})
	}
}

func TestAFloodOfRejectsMakesAPartitionFull(t *testing.T) {
	var flood []sent
	for range 12 {
		flood = append(flood, sent{value: bytes.Repeat([]byte{'{'}, 512<<10)})
	}
	p := NewPartition(testRule(t), Resume{Watermark: window.NoWatermark}, MessageBytes)
	if p.Full() {
		t.Error("full before anything was read")
	}
	var w batch.Walker
	records, _ := plainLog(t, true, flood...).fetch(0, 1, 0)
	w.Reset(records, 0, nil, true)
	if err := p.Read(&w, noTarget, 0); err != nil {
		t.Fatal(err)
	}
	if !p.Full() || p.Position() >= 11 {
		t.Errorf("read 6 MiB of rejects up to %d, full %v: 4 MiB are allowed", p.Position(), p.Full())
	}
	if h, ok := p.HandOver(); !ok || p.Full() || h.Source.Rejected != h.Source.To {
		t.Errorf("full after it was taken over, or %d of %d counted", h.Source.Rejected, h.Source.To)
	}
	w.Reset(records, p.Position(), nil, true)
	if err := p.Read(&w, noTarget, 0); err != nil {
		t.Fatal(err)
	}
	if h, _ := p.HandOver(); h.Source.To != 12 || h.Source.Rejected != 12-h.Source.From {
		t.Errorf("the rest came to %+v", h.Source)
	}
}

// TestClosableOnceAWindowsEndIsPassed has windows end at 10 s and 20 s, and the watermark follow by 2 s. With a lateness
// beyond the flush interval nothing of a window is held any more when its end is passed: its sink waits for it all the same.
func TestClosableOnceAWindowsEndIsPassed(t *testing.T) {
	rule := testRule(t)
	rule.MaxFuture = 0
	p := NewPartition(rule, Resume{Watermark: testBase * int64(time.Second)}, testLimit)
	l := &partitionLog{open: map[int64]int64{}}
	for i, c := range []struct {
		after    int64
		end      int64 // that is waited for
		want     bool
		handOver bool
	}{{3, 10, false, false}, {11, 10, false, true}, {12, 10, true, true}, {21, 20, false, false}, {22, 20, true, false}, {23, 20, true, true}, {23, 30, false, false}} {
		l.append([]sent{ordinary(c.after, 1)}, true, -1, batch.None, 0)
		var w batch.Walker
		w.Reset(l.pieces[i].bytes, p.Position(), nil, true)
		if err := p.Read(&w, noTarget, 0); err != nil {
			t.Fatal(err)
		}
		end, closable := p.Closable()
		if wantEnd := (testBase + c.end) * int64(time.Second); closable != c.want || end != wantEnd {
			t.Errorf("record %d: closable %v, end %d; want %d", i, closable, end, wantEnd)
		}
		if c.handOver {
			_, ok := p.HandOver()
			if _, still := p.Closable(); !ok || still {
				t.Errorf("record %d: handed over %v, still closable %v", i, ok, still)
			}
		}
	}
}
