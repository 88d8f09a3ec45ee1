package exact

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSums(t *testing.T) {
	const tiny = math.SmallestNonzeroFloat64
	for name, c := range map[string]struct {
		xs   []float64
		want float64
	}{
		"nothing is 0":                                  {nil, 0},
		"minus zero is 0":                               {[]float64{math.Copysign(0, -1)}, 0},
		"0.1 ten times is 1":                            {slices.Repeat([]float64{0.1}, 10), 1},
		"a small value survives a large one":            {[]float64{1e308, 1, -1e308}, 1},
		"the smallest value survives the largest":       {[]float64{math.MaxFloat64, -tiny, -math.MaxFloat64}, -tiny},
		"opposite values cancel to 0, not -0":           {[]float64{-53.214, 1e300, 53.214, -1e300}, 0},
		"a sum may pass through what float64 cannot":    {[]float64{1e308, 1e308, -1e308}, 1e308},
		"a sum beyond float64 is infinite":              {[]float64{1e308, 1e308}, math.Inf(1)},
		"a negative sum beyond float64 is infinite too": {[]float64{-1e308, -1e308}, math.Inf(-1)},
		"half an ulp above the largest is infinite":     {[]float64{math.MaxFloat64, 0x1p970}, math.Inf(1)},
		"less than half an ulp above it is the largest": {[]float64{math.MaxFloat64, 0x1p970, -tiny}, math.MaxFloat64},
		"a tie goes down to even":                       {[]float64{1 << 53, 1}, 1 << 53},
		"a tie goes up to even":                         {[]float64{1<<53 + 2, 1}, 1<<53 + 4},
		"a hair above a tie goes up":                    {[]float64{1 << 53, 1, tiny}, 1<<53 + 2},
		"a hair below a tie goes down":                  {[]float64{1<<53 + 2, 1, -tiny}, 1<<53 + 2},
		"rounding up may carry into a new bit":          {[]float64{1<<53 - 1, 0.5}, 1 << 53},
		"subnormals add up to a normal number":          {[]float64{0x0.fffffffffffffp-1022, tiny}, 0x1p-1022},
	} {
		t.Run(name, func(t *testing.T) {
			s := sumOf(c.xs...)
			same(t, "Float64", s.Float64(), c.want)
			want := new(model)
			for _, x := range c.xs {
				want.add(x)
			}
			check(t, s, &want.Rat)
		})
	}
}

func TestCarriesArePropagatedBeforeTheyOverflow(t *testing.T) {
	// The greatest mantissa at every shift against the borders of chunks: without
	// carries the high chunk overflows after 1,024 of the worst. Squares bring less
	// at a time; so many exceed the bound of chunks unless each is counted.
	const n = 20_000
	for shift := range 64 {
		for _, sign := range []float64{1, -1} {
			x := math.Ldexp(sign*(1<<53-1), shift)
			var s, squares Sum
			for range n {
				s.Add(x)
				squares.AddSquare(x)
			}
			check(t, &s, new(big.Rat).Mul(rat(x), rat(n)))
			check(t, &squares, new(big.Rat).Mul(new(big.Rat).Mul(rat(x), rat(x)), rat(n)))
		}
	}
}

func TestChunksNextToTheirBoundDoNotOverflow(t *testing.T) {
	// Sums in the worst state that the bound allows, as after 2^31 additions or
	// more: every next step must first make room.
	worst := func(sign int64) *Sum {
		s := &Sum{base: 66, pending: maxPending, chunks: make([]int64, 5)}
		for i := range s.chunks {
			s.chunks[i] = sign * (1<<32 + maxPending<<53)
		}
		return s
	}
	for _, sign := range []int64{1, -1} {
		x := float64(sign) * (1<<53 - 1)
		for name, step := range map[string]func(*Sum, *model){
			"Add":       func(s *Sum, m *model) { s.Add(x); m.add(x) },
			"AddSquare": func(s *Sum, m *model) { s.AddSquare(x); m.addSquare(x) },
			"Merge": func(s *Sum, m *model) {
				m.Rat.Add(&m.Rat, valueOf(t, worst(sign)))
				s.Merge(worst(sign))
			},
			"AddChunk": func(s *Sum, m *model) {
				c := sign * MaxChunk
				if err := s.AddChunk(69, c); err != nil {
					t.Fatal(err)
				}
				m.Rat.Add(&m.Rat, new(big.Rat).Mul(unit(69), new(big.Rat).SetInt64(c)))
			},
		} {
			t.Run(name, func(t *testing.T) {
				s, want := worst(sign), new(model)
				want.Set(valueOf(t, s))
				for range 3 * maxPending {
					step(s, want)
				}
				check(t, s, &want.Rat)
			})
		}
	}
}

func TestDoublingStandsForMoreAdditionsThanAnybodyCanMake(t *testing.T) {
	for _, x := range []float64{53.214, -53.214, math.MaxFloat64, -math.SmallestNonzeroFloat64} {
		s, want := sumOf(x), rat(x)
		var squares Sum
		squares.AddSquare(x)
		square := new(big.Rat).Mul(want, want)
		for range 63 {
			s.Merge(s)
			squares.Merge(&squares)
		}
		times := rat(1 << 63)
		check(t, s, want.Mul(want, times))
		check(t, &squares, square.Mul(square, times))
		for i := range squares.Chunks {
			if i > MaxIndex {
				t.Errorf("2^63 squares of %v reach chunk %d: want at most %d", x, i, MaxIndex)
			}
		}
	}
}

func TestOrderAndGroupingNeverShow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(anyFloat(), 1, 60).Draw(t, "values")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var sum Sum
		want := new(model)
		for _, x := range xs {
			sum.Add(x)
			sum.AddSquare(x)
			want.add(x)
			want.addSquare(x)
		}
		check(t, &sum, &want.Rat)

		// Leaves in any order, then a random tree of merges over them.
		r.Shuffle(len(xs), func(i, j int) { xs[i], xs[j] = xs[j], xs[i] })
		var parts []*Sum
		for _, x := range xs {
			if len(parts) == 0 || r.IntN(3) == 0 {
				parts = append(parts, new(Sum))
			}
			part := parts[r.IntN(len(parts))]
			part.AddSquare(x)
			part.Add(x)
		}
		for len(parts) > 1 {
			i, last := r.IntN(len(parts)-1), len(parts)-1
			before := chunksOf(parts[last])
			parts[i].Merge(parts[last])
			if !slices.Equal(before, chunksOf(parts[last])) {
				t.Fatalf("merging changed its argument from %v to %v", before, chunksOf(parts[last]))
			}
			parts = parts[:last]
		}
		if got, want := chunksOf(parts[0]), chunksOf(&sum); !slices.Equal(got, want) {
			t.Fatalf("another order and grouping gives %v, want %v", got, want)
		}
	})
}

func TestResetForgetsTheValueAndKeepsTheMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Sum
		for range 4 {
			s.Reset()
			if !s.IsZero() || chunksOf(&s) != nil {
				t.Fatal("the sum is not 0 after Reset")
			}
			want := new(model)
			size := s.Size()
			for _, x := range rapid.SliceOfN(anyFloat(), 0, 8).Draw(t, "values") {
				s.Add(x)
				want.add(x)
			}
			check(t, &s, &want.Rat)
			if s.Size() < size {
				t.Fatalf("Size fell from %d to %d", size, s.Size())
			}
		}
	})
	s := sumOf(measurements()...)
	allocated := testing.AllocsPerRun(10, func() {
		s.Reset()
		s.Add(1e200)
		s.Add(1.5e200)
	})
	if allocated != 0 {
		t.Errorf("values of another magnitude after Reset allocate %v times, want 0", allocated)
	}
}

func TestOneCategoryOfAWindowIsSmall(t *testing.T) {
	var sum, squares Sum
	for range 10 {
		for _, x := range measurements() {
			sum.Add(x)
			squares.AddSquare(x)
		}
	}
	if got := sum.Size() + squares.Size(); got > 80 {
		t.Errorf("sum and squares of values from 0 to 100 hold %d bytes, want at most 80", got)
	}
	if whole := sumOf(math.MaxFloat64, math.SmallestNonzeroFloat64).Size(); whole > 8*(MaxIndex+3) {
		t.Errorf("the widest sum holds %d bytes", whole)
	}
}
