package worker

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/record"
	"github.com/meanstream/meanstream/pkg/window"
)

const (
	testBase  = int64(1_764_000_000) // seconds
	testLimit = 8 << 10              // of a reject's message
)

func testRule(t interface{ Fatal(...any) }) Rule {
	keep, err := record.ParseKeep("value < 90")
	if err != nil {
		t.Fatal(err)
	}
	return Rule{
		Window:    window.Rule{Size: int64(10 * time.Second), Lateness: int64(2 * time.Second), Keep: keep.String()},
		Keep:      keep,
		MaxFuture: 15 * time.Second,
		MaxBytes:  200,
	}
}

// sum is what a series of hand-overs came to.
type sum struct {
	rule    Rule
	source  partial.Source // From of the first, To and Watermark of the last, counts of all
	set     *window.Set
	rejects [][]byte
}

func (s *sum) add(t *rapid.T, h Held) {
	if s.set == nil {
		s.set = s.rule.set("readings", 3)
		s.source = partial.Source{First: h.Source.First, From: h.Source.From, To: h.Source.From, Watermark: window.NoWatermark}
	} else if h.Source.First {
		t.Fatalf("a second hand-over is marked first: %+v", h.Source)
	}
	if h.Source.From != s.source.To || h.Source.Watermark < s.source.Watermark {
		t.Fatalf("%+v does not join a span that ended at %d with the watermark %d", h.Source, s.source.To, s.source.Watermark)
	}
	s.source.To, s.source.Watermark = h.Source.To, h.Source.Watermark
	s.source.Kept += h.Source.Kept
	s.source.Filtered += h.Source.Filtered
	s.source.Late += h.Source.Late
	s.source.Rejected += h.Source.Rejected
	s.set.Merge(h.Set)
	s.rejects = append(s.rejects, h.Rejects...)
}

// TestEveryRecordEndsInOneVerdict runs random logs, read in random fetches, handed over at random points to the same or
// a new owner, against the slow model of the whole.
func TestEveryRecordEndsInOneVerdict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := testRule(t)
		rule.Window.Hop = rapid.SampledFrom([]int64{0, 5e9, 3e9, 1e8}).Draw(t, "hop")
		if rapid.Bool().Draw(t, "other aggregates") {
			rule.Window.Aggregates = window.AggregatesOf(window.Last, window.Sum, window.First, window.Max, window.Min)
		}
		l := drawLog(t, testBase)
		now := (testBase + 10) * int64(time.Second)
		until := rapid.OneOf(rapid.Just(int64(math.MaxInt64)), rapid.Int64Range(0, l.end()+2)).Draw(t, "until")
		p := NewPartition(rule, Resume{Topic: "records", Partition: 3, Watermark: window.NoWatermark, First: true}, testLimit)
		all := sum{rule: rule}
		var w batch.Walker
		for end := min(until, l.end()); p.Position() < end; {
			before := p.Position()
			records, aborted := l.fetch(before, rapid.IntRange(1, 4).Draw(t, "batches"), rapid.IntRange(0, 80).Draw(t, "cut"))
			w.Reset(records, before, aborted, true)
			if err := p.Read(&w, until, now); err != nil {
				t.Fatalf("read at %d: %v", before, err)
			}
			if p.Position() <= before {
				t.Fatalf("the position %d does not move", before)
			}
			p = maybeHandOver(t, p, &all, rule)
		}
		if h, ok := p.HandOver(); ok {
			all.add(t, h)
		}
		m := newModel(rule)
		m.read(l, until, now)
		compare(t, &all, m, min(until, l.end()))
	})
}

func maybeHandOver(t *rapid.T, p *Partition, all *sum, rule Rule) *Partition {
	if !rapid.Bool().Draw(t, "hand over") {
		return p
	}
	h, ok := p.HandOver()
	if !ok {
		t.Fatalf("nothing is handed over though the position moved to %d", p.Position())
	}
	all.add(t, h)
	if again, ok := p.HandOver(); ok {
		t.Fatalf("a hand-over at once after another gives %+v", again.Source)
	}
	if rapid.Bool().Draw(t, "new owner") {
		return NewPartition(rule, Resume{Topic: "records", Partition: 3, Offset: h.Source.To, Watermark: h.Source.Watermark}, testLimit)
	}
	return p
}

func compare(t *rapid.T, got *sum, m *model, end int64) {
	if got.set == nil {
		got.set = got.rule.set("readings", 3)
	}
	s := got.source
	if s.To != end || s.Watermark != m.watermark || [...]int64{s.Kept, s.Filtered, s.Late, s.Rejected} != m.counts {
		t.Fatalf("got %+v, want the end %d, watermark %d, counts %d", s, end, m.watermark, m.counts)
	}
	seen := 0
	got.set.All(func(b window.Bounds, category string, a *window.Aggregate) bool {
		seen++
		want := m.cells[cell{b, category}]
		if want == nil {
			t.Fatalf("an aggregate of %q in %v, which no record is in", category, b)
		}
		var total float64
		for _, v := range want.kept {
			total += v // quarters: exact
		}
		if a.Count != int64(len(want.kept)) || a.Filtered != want.filtered || a.Count > 0 &&
			(a.Min != slices.Min(want.kept) || a.Max != slices.Max(want.kept) || a.Sum.Float64() != total) {
			t.Fatalf("%q in %v: %d kept, %d filtered, min %v, max %v, sum %v; want %+v", category, b, a.Count, a.Filtered, a.Min, a.Max, a.Sum.Float64(), want)
		}
		if c := a.Chosen; a.Count > 0 && c != nil && (c.First.Offset != want.first.offset || c.Last.Offset != want.last.offset) {
			t.Fatalf("%q in %v: first and last %+v, want %+v", category, b, *c, want)
		}
		return true
	})
	if seen != len(m.cells) {
		t.Fatalf("%d aggregates, want %d", seen, len(m.cells))
	}
	var want []string
	for _, r := range m.refused {
		want = append(want, describe(r.time, r.key, r.value, r.headers, r.reason, "records", 3, r.offset))
	}
	if diff := cmp.Diff(want, readRejects(t, got.rejects)); diff != "" {
		t.Fatalf("rejects (-want +got):\n%s", diff)
	}
}

// describe tells everything of a reject that was not cut.
func describe(millis int64, key, value []byte, headers []batch.Header, reason, topic string, partition int32, offset int64) string {
	text := fmt.Sprintf("at %d key %#v value %#v %s %s/%d/%d", millis, key, value, reason, topic, partition, offset)
	for _, h := range headers {
		text += fmt.Sprintf(" %s=%#v", h.Key, h.Value)
	}
	return text
}

// readRejects describes the messages in sealed batches, and holds each batch to the limit.
func readRejects(t interface{ Fatalf(string, ...any) }, sealed [][]byte) (all []string) {
	var w batch.Walker
	var m batch.Record
	for _, b := range sealed {
		if len(b) > testLimit {
			t.Fatalf("a batch of rejects takes %d bytes of at most %d", len(b), testLimit)
		}
		w.Reset(b, 0, nil, true)
		for w.Next() {
			for w.Record(&m) {
				ours := map[string]string{}
				var original []batch.Header
				for h := range m.Raw.All() {
					if len(h.Key) > 11 && h.Key[:11] == "meanstream-" || h.Key == "truncated" {
						ours[h.Key] = string(h.Value)
					} else {
						original = append(original, h)
					}
				}
				partition, _ := strconv.Atoi(ours["meanstream-partition"])
				offset, _ := strconv.ParseInt(ours["meanstream-offset"], 10, 64)
				text := describe(m.Time, m.Key, m.Value, original, ours["meanstream-reason"], ours["meanstream-topic"], int32(partition), offset)
				all = append(all, text+truncation(ours))
			}
		}
		if w.Err() != nil {
			t.Fatalf("a batch of rejects can't be read: %v", w.Err())
		}
	}
	return all
}

func truncation(ours map[string]string) string {
	if ours["truncated"] != "" {
		return " truncated"
	}
	return ""
}

// TestWhatWasJudgedBeforeABadBatchStands: the committer may take over before the error has ended the process, and the
// next owner must not judge the same records again.
func TestWhatWasJudgedBeforeABadBatchStands(t *testing.T) {
	l := plainLog(t, true, ordinary(0, 1), ordinary(0, 2))
	l.append([]sent{ordinary(0, 3)}, true, -1, batch.None, 0)
	records, _ := l.fetch(0, 2, 0)
	records[len(records)-1] ^= 1
	p := NewPartition(testRule(t), Resume{Topic: "records", Watermark: window.NoWatermark}, testLimit)
	var w batch.Walker
	w.Reset(bytes.Clone(records), 0, nil, true)
	if err := p.Read(&w, noTarget, 0); err == nil {
		t.Fatal("a damaged batch is read without an error")
	}
	h, _ := p.HandOver()
	if h.Source.To != 2 || h.Source.Kept != 2 {
		t.Errorf("handed over up to %d with %d kept, want 2 and 2", h.Source.To, h.Source.Kept)
	}
}

// ordinary is a record in time, at base and after seconds.
func ordinary(after int64, value float64) sent {
	return sent{time: testBase * 1000, value: fmt.Appendf(nil, `{"timestamp":%d,"value":%g,"category":"A"}`, testBase+after, value)}
}
