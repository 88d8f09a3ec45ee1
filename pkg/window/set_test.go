package window

import (
	"cmp"
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"
)

// key and model are the slow Set: a map of plain lists of what was seen, added up with rational numbers when asked.
type key struct {
	Bounds
	category string
}

type seen struct {
	kept     []float64
	filtered int64
}

type model map[key]seen

// slowWindows are the windows that hold t and end after the watermark, found by looking at every one near it.
func slowWindows(t, size, hop, watermark int64) (all []Bounds) {
	for start := (t/hop - size/hop - 3) * hop; start <= t; start += hop {
		if end := start + size; t < end && watermark < end {
			all = append(all, Bounds{start, end})
		}
	}
	return all
}

func (m model) count(windows []Bounds, category string, kept ...float64) {
	for _, b := range windows {
		s := m[key{b, category}]
		if s.kept = append(slices.Clip(s.kept), kept...); len(kept) == 0 {
			s.filtered++
		}
		m[key{b, category}] = s
	}
}

func (m model) merge(o model) {
	for k, s := range o {
		mine := m[k]
		m[k] = seen{append(slices.Clip(mine.kept), s.kept...), mine.filtered + s.filtered}
	}
}

func (m model) lines() []string {
	keys := make([]key, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start), cmp.Compare(a.category, b.category))
	})
	lines := make([]string, 0, len(m))
	for _, k := range keys {
		s := m[k]
		line := fmt.Sprintf("%v %q count %d filtered %d", k.Bounds, k.category, len(s.kept), s.filtered)
		if len(s.kept) > 0 {
			sum, squares := new(big.Rat), new(big.Rat)
			for _, v := range s.kept {
				x := new(big.Rat).SetFloat64(v)
				sum.Add(sum, x)
				squares.Add(squares, x.Mul(x, x))
			}
			exactSum, _ := sum.Float64()
			exactSquares, _ := squares.Float64()
			line += fmt.Sprintf(" min %v max %v sum %v squares %v", slices.Min(s.kept), slices.Max(s.kept), exactSum, exactSquares)
		}
		lines = append(lines, line)
	}
	return lines
}

func lines(s *Set) []string {
	lines := make([]string, 0, s.Len())
	s.All(func(b Bounds, category string, a *Aggregate) bool {
		line := fmt.Sprintf("%v %q count %d filtered %d", b, category, a.Count, a.Filtered)
		if a.Count > 0 {
			line += fmt.Sprintf(" min %v max %v sum %v squares %v", a.Min, a.Max, a.Sum.Float64(), a.Squares.Float64())
		}
		lines = append(lines, line)
		return true
	})
	return lines
}

// recount is Size by walking everything that All yields; what windows share counts for each of them.
func recount(s *Set, m model) int {
	windows := map[Bounds]bool{}
	for k := range m {
		windows[k.Bounds] = true
	}
	n := len(windows) * windowBytes
	s.All(func(_ Bounds, category string, a *Aggregate) bool {
		n += heldBytes + len(category) + a.Size()
		return true
	})
	return n
}

func TestSetAgainstAMapOfLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := Windows{Size: rapid.Int64Range(1, 12).Draw(t, "size")}
		w.Hop = rapid.Int64Range(0, w.Size).Draw(t, "hop")
		sets := [2]*Set{NewSet(Setting{Windows: w}), NewSet(Setting{Windows: w, Partition: 1})}
		models := [2]model{{}, {}}
		watermarks := [2]int64{NoWatermark, NoWatermark}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			i := rapid.IntRange(0, 1).Draw(t, "set")
			at := Place{Time: rapid.Int64Range(-20, 20).Draw(t, "t"), Watermark: watermarks[i]}
			windows := slowWindows(at.Time, w.Size, w.Step(), at.Watermark)
			category := rapid.SampledFrom([]string{"A", "B", "Ä", "AA", "\x00"}).Draw(t, "category")
			switch step := rapid.IntRange(0, 12).Draw(t, "step"); {
			case step == 0:
				sets[i].Merge(sets[1-i])
				models[i].merge(models[1-i])
				models[1-i] = model{}
			case step == 1:
				sets[i].Reset()
				models[i] = model{}
			case step == 2:
				watermarks[i] = max(watermarks[i], at.Time-rapid.Int64Range(0, 5).Draw(t, "lateness"))
			case len(windows) == 0: // late
			case step < 5:
				sets[i].Filter(at, []byte(category))
				models[i].count(windows, category)
			default:
				v := rapid.OneOf(rapid.Float64Range(-100, 100), rapid.Float64Range(-1e150, 1e150)).Draw(t, "value") + 0
				sets[i].Keep(at, []byte(category), v)
				models[i].count(windows, category, v)
			}
			for k, s := range sets {
				compare(t, s, models[k])
			}
		}
	})
}

func compare(t *rapid.T, s *Set, m model) {
	if got, want := lines(s), m.lines(); !slices.Equal(got, want) {
		t.Fatalf("the set holds\n%q\nwant\n%q", got, want)
	}
	if s.conf.Tumbles() && (s.Len() != len(m) || s.Size() != recount(s, m)) {
		t.Fatalf("Len %d, want %d; Size %d, counted anew %d", s.Len(), len(m), s.Size(), recount(s, m))
	}
	// Where windows hop it is a bound, but for the room that sums of many magnitudes take.
	if least := len(m) * (heldBytes + int(unsafe.Sizeof(Aggregate{}))); s.Size() < least {
		t.Fatalf("Size %d, and All brings %d aggregates", s.Size(), len(m))
	}
}

// TestAWindowThatEndedTakesNoMore has a window end between two records that only it tells apart: the second of them falls
// where the first did, and must not go where that one went.
func TestAWindowThatEndedTakesNoMore(t *testing.T) {
	w := Windows{Size: 10, Hop: 5}
	s, m := NewSet(Setting{Windows: w}), model{}
	for i, watermark := range []int64{NoWatermark, 9, 10, 14} {
		at := Place{Time: 7, Watermark: watermark, Offset: int64(i)}
		s.Keep(at, []byte("A"), float64(i))
		m.count(slowWindows(at.Time, w.Size, w.Hop, watermark), "A", float64(i))
	}
	if got, want := lines(s), m.lines(); !slices.Equal(got, want) {
		t.Errorf("the set holds\n%q\nwant\n%q", got, want)
	}
}

func TestAllStopsWhenTold(t *testing.T) {
	s := NewSet(Setting{Windows: Windows{Size: 10, Hop: 5}})
	for i := range 5 {
		s.Keep(Place{Time: int64(i * 7)}, []byte("A"), 1)
	}
	calls := 0
	s.All(func(Bounds, string, *Aggregate) bool { calls++; return calls < 2 })
	if calls != 2 {
		t.Errorf("yield was called %d times, want 2", calls)
	}
}

func TestARecordWhoseAggregateExistsAllocatesNothing(t *testing.T) {
	for name, w := range map[string]Windows{"tumbling": {Size: 10}, "hopping": {Size: 10, Hop: 3}} {
		t.Run(name, func(t *testing.T) { allocatesNothing(t, NewSet(Setting{Windows: w})) })
	}
}

func allocatesNothing(t *testing.T, s *Set) {
	categories := [][]byte{[]byte("A"), []byte("a category longer than any small buffer would hold on the stack")}
	// Out of order on purpose: neither the last window nor the last category helps.
	step := func() {
		for at := range int64(30) {
			s.Keep(Place{Time: (at * 7) % 30}, categories[at%2], 20)
			s.Filter(Place{Time: (at * 11) % 30}, categories[at%2])
		}
	}
	step()
	if n := testing.AllocsPerRun(100, step); n != 0 {
		t.Errorf("%v allocations for sixty records whose aggregates exist", n)
	}
}

func TestSizeIsNearTheHeap(t *testing.T) {
	for _, c := range []struct {
		name                string
		windows, categories int
	}{
		{"one window with many categories", 1, 50_000},
		{"many windows with one category", 20_000, 1},
		{"many windows with a few categories", 5_000, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			s := NewSet(Setting{Windows: Windows{Size: 10}})
			for w := range c.windows {
				for k := range c.categories {
					s.Keep(Place{Time: int64(w) * 10}, fmt.Appendf(nil, "device-%05d", k), float64(k)+0.1)
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			heap := float64(after.HeapAlloc) - float64(before.HeapAlloc)
			if ratio := float64(s.Size()) / heap; ratio < 0.66 || ratio > 1.5 {
				t.Errorf("Size says %d, the heap grew by %.0f: ratio %.2f, want about 1", s.Size(), heap, ratio)
			} else {
				t.Logf("ratio %.2f, %.0f bytes an aggregate", ratio, heap/float64(s.Len()))
			}
			runtime.KeepAlive(s)
		})
	}
}

func BenchmarkKeep(b *testing.B) {
	for _, categories := range []int{1, 3, 1000} {
		b.Run(fmt.Sprintf("%d categories", categories), func(b *testing.B) {
			benchmarkKeep(b, Setting{Windows: Windows{Size: 10e9}}, categories)
		})
	}
}

// BenchmarkKeepOther is BenchmarkKeep where a record takes a longer way: what each choice costs.
func BenchmarkKeepOther(b *testing.B) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		conf Setting
	}{
		{"hop 1 of 6", Setting{Windows: Windows{Size: 60e9, Hop: 10e9}}},
		{"hop 1 of 1000", Setting{Windows: Windows{Size: 10_000e9, Hop: 10e9}}},
		{"days in Berlin", Setting{Windows: Windows{Size: day, Zone: berlin}}},
		{"count and mean", Setting{Windows: Windows{Size: 10e9}, Carry: AggregatesOf(Count, Mean)}},
		{"all", Setting{Windows: Windows{Size: 10e9}, Carry: AggregatesOf(Count, Sum, Mean, Min, Max, StdDev, First, Last)}},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkKeep(b, c.conf, 3) })
	}
}

func benchmarkKeep(b *testing.B, conf Setting, categories int) {
	names := make([][]byte, categories)
	for i := range names {
		names[i] = fmt.Appendf(nil, "device-%d", i)
	}
	s := NewSet(conf)
	b.ReportAllocs()
	for i := range b.N {
		s.Keep(Place{Time: int64(i) * 1e6 % 60e9, Watermark: NoWatermark, Offset: int64(i)}, names[i%categories], float64(i%1000)/8)
	}
}

// BenchmarkAll is what a flush costs: a second's records of 100 categories, in one pane or two, into their windows.
func BenchmarkAll(b *testing.B) {
	for _, hop := range []int64{60e9, 10e9, 1e9, 60e6} {
		b.Run(fmt.Sprintf("60s by %v", time.Duration(hop)), func(b *testing.B) {
			s := NewSet(Setting{Windows: Windows{Size: 60e9, Hop: hop}})
			for i := range 10_000 {
				s.Keep(Place{Time: 59_500e6 + int64(i)*1e5}, fmt.Appendf(nil, "device-%d", i%100), float64(i))
			}
			n := 0
			for range b.N {
				n = 0
				s.All(func(Bounds, string, *Aggregate) bool { n++; return true })
			}
			b.ReportMetric(float64(n), "aggregates")
		})
	}
}
