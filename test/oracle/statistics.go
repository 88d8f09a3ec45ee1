package oracle

import (
	"math"
	"math/big"
)

// nearest is the float64 nearest to x, ties to even; infinite where that is beyond float64, and never -0.
func nearest(x *big.Rat) float64 {
	f, _ := x.Float64()
	if f == 0 {
		return 0
	}
	return f
}

// total is the exact sum of the values.
func total(values []float64) *big.Rat {
	sum := new(big.Rat)
	for _, v := range values {
		sum.Add(sum, fraction(v))
	}
	return sum
}

// variance is the exact mean of the squares of the distances from the mean. It is written as the definition says, not as
// the difference of two sums, so that it agrees with one that is only if both are right.
func variance(values []float64, mean *big.Rat) *big.Rat {
	sum, distance := new(big.Rat), new(big.Rat)
	for _, v := range values {
		distance.Sub(fraction(v), mean)
		sum.Add(sum, distance.Mul(distance, distance))
	}
	return sum.Quo(sum, count(values))
}

// root is the float64 nearest to the square root of x, ties to even. x is not negative and its root at most
// MaxFloat64, as every standard deviation of float64 values is: none is greater than half their range.
//
// No root is ever drawn. Positive floats are ordered as their bits are, so the greatest one whose square does not exceed
// x is found by halving, and the square of the midpoint to the next one decides between the two.
func root(x *big.Rat) float64 {
	low, high := uint64(0), math.Float64bits(math.MaxFloat64)
	for low < high {
		middle := low + (high-low+1)/2
		if square(fraction(math.Float64frombits(middle))).Cmp(x) <= 0 {
			low = middle
		} else {
			high = middle - 1
		}
	}
	below, above := math.Float64frombits(low), math.Float64frombits(low+1)
	if below == math.MaxFloat64 {
		return below
	}
	midpoint := new(big.Rat).Add(fraction(below), fraction(above))
	midpoint.Quo(midpoint, big.NewRat(2, 1))
	switch c := square(midpoint).Cmp(x); {
	case c > 0, c == 0 && low%2 == 0: // the bits are even where the mantissa is
		return below
	default:
		return above
	}
}

// fraction is the exact value of v, which must be finite.
func fraction(v float64) *big.Rat { return new(big.Rat).SetFloat64(v) }

func square(x *big.Rat) *big.Rat { return new(big.Rat).Mul(x, x) }

func count(values []float64) *big.Rat { return new(big.Rat).SetInt64(int64(len(values))) }
