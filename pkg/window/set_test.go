package window

import (
	"cmp"
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"testing"

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

func (m model) keep(size, t int64, category string, v float64) {
	k := key{slowTumbling(t, size), category}
	s := m[k]
	s.kept = append(slices.Clip(s.kept), v)
	m[k] = s
}

func (m model) filter(size, t int64, category string) {
	k := key{slowTumbling(t, size), category}
	s := m[k]
	s.filtered++
	m[k] = s
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

// recount is Size by walking everything.
func recount(s *Set) int {
	n := len(s.windows) * windowBytes
	s.All(func(_ Bounds, category string, a *Aggregate) bool {
		n += heldBytes + len(category) + a.Size()
		return true
	})
	return n
}

func TestSetAgainstAMapOfLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Two sets of different sizes, as they meet when the rule changes; either may be merged into the other.
		sizes := [2]int64{rapid.Int64Range(1, 12).Draw(t, "size 0"), rapid.Int64Range(1, 12).Draw(t, "size 1")}
		sets := [2]*Set{NewSet(sizes[0]), NewSet(sizes[1])}
		models := [2]model{{}, {}}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			i := rapid.IntRange(0, 1).Draw(t, "set")
			at := rapid.Int64Range(-20, 20).Draw(t, "t")
			category := rapid.SampledFrom([]string{"A", "B", "Ä", "AA", "\x00"}).Draw(t, "category")
			switch rapid.IntRange(0, 11).Draw(t, "step") {
			case 0:
				sets[i].Merge(sets[1-i])
				models[i].merge(models[1-i])
				models[1-i] = model{}
			case 1:
				sets[i].Reset()
				models[i] = model{}
			case 2, 3:
				sets[i].Filter(at, []byte(category))
				models[i].filter(sizes[i], at, category)
			default:
				v := rapid.OneOf(rapid.Float64Range(-100, 100), rapid.Float64Range(-1e150, 1e150)).Draw(t, "value") + 0
				sets[i].Keep(at, []byte(category), v)
				models[i].keep(sizes[i], at, category, v)
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
	if s.Len() != len(m) {
		t.Fatalf("Len %d, want %d", s.Len(), len(m))
	}
	if s.Size() != recount(s) {
		t.Fatalf("Size %d, counted anew %d", s.Size(), recount(s))
	}
}

func TestAllStopsWhenTold(t *testing.T) {
	s := NewSet(10)
	for i := range 5 {
		s.Keep(int64(i*7), []byte("A"), 1)
	}
	calls := 0
	s.All(func(Bounds, string, *Aggregate) bool { calls++; return calls < 2 })
	if calls != 2 {
		t.Errorf("yield was called %d times, want 2", calls)
	}
}

func TestARecordWhoseAggregateExistsAllocatesNothing(t *testing.T) {
	s := NewSet(10)
	categories := [][]byte{[]byte("A"), []byte("a category longer than any small buffer would hold on the stack")}
	// Out of order on purpose: neither the last window nor the last category helps.
	step := func() {
		for at := range int64(30) {
			s.Keep((at*7)%30, categories[at%2], 20)
			s.Filter((at*11)%30, categories[at%2])
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
			s := NewSet(10)
			for w := range c.windows {
				for k := range c.categories {
					s.Keep(int64(w)*10, fmt.Appendf(nil, "device-%05d", k), float64(k)+0.1)
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
			names := make([][]byte, categories)
			for i := range names {
				names[i] = fmt.Appendf(nil, "device-%d", i)
			}
			s := NewSet(10e9)
			b.ReportAllocs()
			for i := range b.N {
				s.Keep(int64(i)*1e6%60e9, names[i%categories], float64(i%1000)/8)
			}
		})
	}
}
