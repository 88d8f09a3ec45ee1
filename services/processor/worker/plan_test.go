package worker

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/placement"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/window"
)

func testLayout(placement, rejects int32, limit int) *layout {
	return &layout{
		head:     partial.Partial{Group: "g", Writer: "g/1", SourcePartitions: 9, Placement: placement, Rule: 5, Lateness: 2},
		windows:  window.Windows{Size: 10},
		partials: "partials", rejects: "rejects", rejectsPartitions: rejects, limit: limit,
	}
}

// TestEveryPartialsPartitionGetsAPartial merges random hand-overs, and reads back what was planned.
func TestEveryPartialsPartitionGetsAPartial(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := testLayout(rapid.Int32Range(1, 5).Draw(t, "placement"), 2, rapid.IntRange(2<<10, 6<<10).Draw(t, "limit"))
		l.windows.Hop = rapid.SampledFrom([]int64{0, 5, 3}).Draw(t, "hop")
		l.head.Aggregates = rapid.SampledFrom([]window.Aggregates{window.Default, window.AggregatesOf(window.Last, window.Count)}).Draw(t, "aggregates")
		var all []Held
		want := map[string]int64{}
		var sources []partial.Source
		for i := range rapid.Int32Range(1, 4).Draw(t, "sources") {
			set := window.NewSet(window.Setting{Windows: l.windows, Carry: l.head.Aggregates, Partition: i})
			for range rapid.IntRange(0, 60).Draw(t, "records") {
				at, category := rapid.Int64Range(-30, 30).Draw(t, "at"), fmt.Sprintf("c%d", rapid.IntRange(0, 30).Draw(t, "category"))
				set.Keep(window.Place{Time: at, Watermark: window.NoWatermark}, []byte(category), 1)
				for end := l.windows.NextEnd(at); end <= l.windows.LastEnd(at); end += l.windows.Step() {
					want[fmt.Sprint(window.Bounds{Start: end - 10, End: end}, category)]++
				}
			}
			src := partial.Source{Partition: i, From: 3, To: 4, Watermark: int64(i), Kept: 1}
			sources = append(sources, src)
			all = append(all, Held{Source: src, Set: set})
		}
		batches, err := l.batches(all, 77)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int64{}
		last := map[int32][]partial.Source{}
		for _, b := range batches {
			readPartials(t, l, b, func(p *partial.Partial) {
				for _, e := range p.Entries {
					got[fmt.Sprint(e.Bounds, e.Category)] += e.Count
				}
				if p.Chunk == p.Chunks-1 {
					if last[b.Partition] != nil {
						t.Fatalf("partition %d gets a second partial", b.Partition)
					}
					last[b.Partition] = p.Sources
				}
			})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("records by window and category (-want +got):\n%s", diff)
		}
		for i := range l.head.Placement {
			if diff := cmp.Diff(sources, last[i]); diff != "" {
				t.Fatalf("sources in partition %d (-want +got):\n%s", i, diff)
			}
		}
	})
}

// readPartials reads a batch, which must respect the limit and the placement.
func readPartials(t *rapid.T, l *layout, b broker.Batch, each func(*partial.Partial)) {
	if len(b.Bytes) > l.limit {
		t.Fatalf("a batch takes %d bytes of at most %d", len(b.Bytes), l.limit)
	}
	var w batch.Walker
	var m batch.Record
	w.Reset(b.Bytes, 0, nil, true)
	for w.Next() {
		for w.Record(&m) {
			p, err := partial.Decode(m.Value)
			if err != nil || m.Time != 77 {
				t.Fatalf("a partial at the time %d: %v", m.Time, err)
			}
			for _, e := range p.Entries {
				if to := placement.Of([]byte(e.Category), l.head.Placement); to != b.Partition {
					t.Fatalf("category %s is in partition %d, want %d", e.Category, b.Partition, to)
				}
			}
			each(p)
		}
	}
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
}

func TestRejectsGoToTheSourcePartitionModuloTheirs(t *testing.T) {
	l := testLayout(1, 2, 8<<10)
	var all []Held
	for _, p := range []int32{0, 1, 4, 5} {
		all = append(all, Held{Source: partial.Source{Partition: p, First: true}, Set: window.NewSet(window.Setting{Windows: window.Windows{Size: 10}}), Rejects: [][]byte{{byte(p)}, {byte(p), 1}}})
	}
	batches, err := l.batches(all, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range batches {
		if b.Topic == "rejects" {
			got = append(got, fmt.Sprintf("%d %d", b.Partition, b.Bytes))
		}
	}
	want := []string{"0 [0]", "0 [0 1]", "1 [1]", "1 [1 1]", "0 [4]", "0 [4 1]", "1 [5]", "1 [5 1]"}
	if diff := cmp.Diff(want, got); diff != "" || len(batches) != 1+len(want) {
		t.Errorf("%d batches, of rejects (-want +got):\n%s", len(batches), diff)
	}
}

func TestAPartialThatCannotBeDividedIsAnError(t *testing.T) {
	var all []Held
	for i := range int32(200) {
		all = append(all, Held{Source: partial.Source{Partition: i, Watermark: math.MaxInt64, To: 1 << 40}, Set: window.NewSet(window.Setting{Windows: window.Windows{Size: 10}})})
	}
	if _, err := testLayout(1, 1, 3<<10).batches(all, 0); !errors.Is(err, partial.ErrTooLarge) || !strings.Contains(err.Error(), "partials/0") {
		t.Errorf("error %v", err)
	}
}

func TestHowFarAheadIsTooFar(t *testing.T) {
	const none = window.NoWatermark
	for _, c := range []struct {
		name                             string
		max, size, emitted, first, water int64
		want                             bool
	}{
		{"exactly as far as allowed", 3, 10, 100, none, 130, false},
		{"a nanosecond farther", 3, 10, 100, none, 131, true},
		{"before the sink has emitted, the partition's own first watermark counts", 3, 10, none, 50, 80, false},
		{"and a nanosecond farther than that", 3, 10, none, 50, 81, true},
		{"nothing was ever seen", 3, 10, none, none, 81, false},
		{"what is emitted counts more than the first", 3, 10, 1000, 50, 900, false},
		{"before the epoch", 3, 10, -100, none, -69, true},
		{"a limit beyond the end of time", 3, math.MaxInt64 / 4, math.MaxInt64 / 2, none, math.MaxInt64, false},
		{"a distance beyond int64", math.MaxInt64/10 + 1, 10, math.MinInt64 + 1, none, math.MaxInt64, false},
		{"the greatest distance", math.MaxInt64, 1, math.MinInt64 + 1, none, 0, false},
		{"a nanosecond more than the greatest", math.MaxInt64, 1, math.MinInt64 + 1, none, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := ahead{conf: &Config{MaxAhead: c.max}, step: c.size}
			if got := a.beyond(c.emitted, c.first, c.water); got != c.want {
				t.Errorf("beyond: %v", got)
			}
		})
	}
}
