package oracle

import (
	"math"
	"math/big"
	"testing"
)

func TestStatisticsAreRoundedOnceFromTheExactValue(t *testing.T) {
	const tiny, huge = math.SmallestNonzeroFloat64, math.MaxFloat64
	inf := math.Inf(1)
	for name, c := range map[string]struct {
		values            []float64
		sum, mean, stddev float64
	}{
		"what cancels leaves the rest":                        {[]float64{1e308, 1, -1e308}, 1, 1.0 / 3, 8.16496580927726e307},
		"a sum beyond float64 is infinite, its mean right":    {[]float64{1.5e308, 1.5e308}, inf, 1.5e308, 0},
		"so is one below":                                     {[]float64{-huge, -huge, -huge}, -inf, -huge, 0},
		"the greatest deviation is the greatest float":        {[]float64{huge, -huge}, 0, 0, huge},
		"squares below the least float count":                 {[]float64{3 * tiny, -tiny}, 2 * tiny, tiny, 2 * tiny},
		"a mean halfway between two floats is even":           {[]float64{tiny, 2 * tiny}, 3 * tiny, 2 * tiny, 0},
		"a mean too small for float64 is zero without a sign": {[]float64{-tiny, 0, 0}, -tiny, 0, 0},
		"a deviation halfway between two floats is even":      {[]float64{1 << 53, -1}, 1<<53 - 1, 1<<52 - 0.5, 1 << 52},
		"one halfway below the next is even too":              {[]float64{1 << 53, -3}, 1<<53 - 3, 1<<52 - 1.5, 1<<52 + 2},
	} {
		t.Run(name, func(t *testing.T) {
			m := members{asked: [][]string{usual()}}
			for _, v := range c.values {
				m.kept = append(m.kept, sighting{value: v})
			}
			r := m.result(identity{})
			if r.Sum != c.sum || r.Mean != c.mean || r.StdDev != c.stddev {
				t.Errorf("sum %v, mean %v, stddev %v of %v; want %v, %v, %v", r.Sum, r.Mean, r.StdDev, c.values, c.sum, c.mean, c.stddev)
			}
			if r.Mean == 0 && math.Signbit(r.Mean) {
				t.Error("the mean is -0")
			}
		})
	}
}

// TestRootsAreNearest asks each root of a square, and of what lies a hair beside the points where rounding turns.
func TestRootsAreNearest(t *testing.T) {
	hair := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(2000), nil))
	for _, f := range []float64{0, math.SmallestNonzeroFloat64, 1e-310, 0.1, 1, 1.5, math.Pi, 1e200, math.MaxFloat64} {
		if got := root(square(fraction(f))); got != f {
			t.Errorf("root of the square of %g is %g", f, got)
		}
		next := math.Nextafter(f, math.Inf(1))
		if math.IsInf(next, 0) {
			continue
		}
		middle := new(big.Rat).Add(fraction(f), fraction(next))
		turn := square(middle.Quo(middle, big.NewRat(2, 1)))
		if got := root(new(big.Rat).Sub(turn, hair)); got != f {
			t.Errorf("root of a hair below the midpoint above %g is %g", f, got)
		}
		if got := root(new(big.Rat).Add(turn, hair)); got != next {
			t.Errorf("root of a hair above the midpoint above %g is %g, want %g", f, got, next)
		}
		even := f
		if math.Float64bits(f)%2 == 1 {
			even = next
		}
		if got := root(turn); got != even {
			t.Errorf("root of the midpoint above %g is %g, want the even %g", f, got, even)
		}
	}
}
