package exact

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMeans(t *testing.T) {
	const tiny = math.SmallestNonzeroFloat64
	for name, c := range map[string]struct {
		xs   []float64
		n    int64
		want float64
	}{
		"the mean of nothing kept is 0":           {nil, 5, 0},
		"the sum itself may be beyond float64":    {[]float64{1e308, 1e308, 1e308}, 3, 1e308},
		"a third is rounded once":                 {[]float64{1}, 3, 1.0 / 3},
		"a tie goes down to even":                 {[]float64{1 << 53, 1}, 2, 1 << 52},
		"a tie goes up to even":                   {[]float64{1 << 53, 3}, 2, 1<<52 + 2},
		"a tie after division goes down to even":  {[]float64{3 << 53, 3}, 3, 1 << 53},
		"a hair above it goes up":                 {[]float64{3 << 53, 3, tiny}, 3, 1<<53 + 2},
		"a hair below it goes down":               {[]float64{3 << 53, 9, -tiny}, 3, 1<<53 + 2},
		"a negative tie is rounded the same":      {[]float64{-3 << 53, -9}, 3, -(1<<53 + 4)},
		"half the smallest value is 0":            {[]float64{tiny}, 2, 0},
		"half the smallest negative is 0, not -0": {[]float64{-tiny}, 2, 0},
		"more than half of it is the smallest":    {[]float64{tiny, tiny}, 3, tiny},
		"a subnormal tie goes to even":            {[]float64{3 * tiny}, 2, 2 * tiny},
		"the largest count divides":               {[]float64{math.MaxFloat64}, math.MaxInt64, math.MaxFloat64 / (1 << 63)},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, "Mean", sumOf(c.xs...).Mean(c.n), c.want)
		})
	}
	for _, n := range []int64{0, -1, math.MinInt64} {
		if got := sumOf(1).Mean(n); !math.IsNaN(got) {
			t.Errorf("Mean(%d) = %v, want NaN", n, got)
		}
	}
}

func TestMeansSeeTheRestOfTheDivision(t *testing.T) {
	// A tie and less than one unit of the quotient beside it, so that only the
	// division's rest tells: the count must exceed the 2^14 units of the smallest
	// value.
	const tiny, n = math.SmallestNonzeroFloat64, 3 << 15
	for _, sign := range []float64{1, -1} {
		s := sumOf(sign*n*(1<<53), sign*n)
		same(t, "Mean", s.Mean(n), sign*(1<<53))
		s.Add(sign * tiny)
		same(t, "Mean", s.Mean(n), sign*(1<<53+2))
		s.Add(-2 * sign * tiny)
		same(t, "Mean", s.Mean(n), sign*(1<<53))
	}
}

func TestStandardDeviations(t *testing.T) {
	const tiny = math.SmallestNonzeroFloat64
	for name, c := range map[string]struct {
		xs   []float64
		want float64
	}{
		"one value has none":                  {[]float64{53.214}, 0},
		"equal values have none":              {slices.Repeat([]float64{0.1}, 7), 0},
		"the textbook's example":              {[]float64{2, 4, 4, 4, 5, 5, 7, 9}, 2},
		"a constant offset does not blur it":  {[]float64{1e15 + 2, 1e15 + 4, 1e15 + 4, 1e15 + 4, 1e15 + 5, 1e15 + 5, 1e15 + 7, 1e15 + 9}, 2},
		"the widest spread is finite":         {[]float64{math.MaxFloat64, -math.MaxFloat64}, math.MaxFloat64},
		"an irrational root is rounded":       {[]float64{0, 0, 1}, 0.47140452079103168},
		"a tie goes down to even":             {[]float64{1 << 53, -1}, 1 << 52},
		"a tie goes up to even":               {[]float64{1 << 53, -3}, 1<<52 + 2},
		"a hair above a tie goes up":          {[]float64{1 << 53, -1 - 0x1p-52}, 1<<52 + 1},
		"a hair below a tie goes down":        {[]float64{1 << 53, -3 + 0x1p-51}, 1<<52 + 1},
		"a tie is one for any count":          {slices.Repeat([]float64{1 << 53, -1}, 500), 1 << 52},
		"an even tinier hair still shows":     {[]float64{1 << 53, -1, 1 << 53, -1 - 0x1p-52}, 1<<52 + 1},
		"half the smallest value is 0":        {[]float64{tiny, 0}, 0},
		"a subnormal tie goes to even":        {[]float64{3 * tiny, 0}, 2 * tiny},
		"tiny values whose squares underflow": {[]float64{1e-200, 3e-200}, 1e-200},
	} {
		t.Run(name, func(t *testing.T) {
			sum, squares := sums(c.xs)
			got := StdDev(sum, squares, int64(len(c.xs)))
			same(t, "StdDev", got, c.want)
			checkStdDev(t, got, c.xs)
		})
	}
}

func TestStandardDeviationsSeeWhatTheIntegerStepsLeave(t *testing.T) {
	// The sums are made up so that root and quotient end exactly in a tie, and only
	// the rest of the one or the other tells that the value lies above it.
	for name, c := range map[string]struct {
		squares []float64
		n       int64
		want    float64
	}{
		// 2·(2^53+1)², whose half has the root 2^53+1: a tie.
		"a tie":             {[]float64{0x1p107, 0x1p55, 2}, 2, 1 << 53},
		"rest of the root":  {[]float64{0x1p107, 0x1p55, 2, 1}, 2, 1<<53 + 2},
		"less than the tie": {[]float64{0x1p107, 0x1p55, 2, -1}, 2, 1 << 53},
		// (4t+1)²·2^-32 with t = (2^53+1)·2^20: the root is whole, a quarter not.
		"rest of the quotient":             {[]float64{0x1p118, 0x1p66, 0x1p12, 0x1p44, 0x1p-9, 0x1p-32}, 4, 0x1p58 + 0x1p6},
		"one value, whatever the sums say": {[]float64{2}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, "StdDev", StdDev(new(Sum), sumOf(c.squares...), c.n), c.want)
		})
	}
}

func TestImpossibleSumsHaveNoStandardDeviation(t *testing.T) {
	for name, c := range map[string]struct {
		sum, squares float64
		n            int64
	}{
		"no values":                 {0, 0, 0},
		"a negative count":          {1, 1, -1},
		"squares below the sum's":   {10, 1, 2},
		"a negative sum of squares": {0, -1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			if got := StdDev(sumOf(c.sum), sumOf(c.squares), c.n); !math.IsNaN(got) {
				t.Errorf("StdDev = %v, want NaN", got)
			}
		})
	}
}

func sums(xs []float64) (sum, squares *Sum) {
	sum, squares = new(Sum), new(Sum)
	for _, x := range xs {
		sum.Add(x)
		squares.AddSquare(x)
	}
	return sum, squares
}

// checkStdDev proves that got is the float64 nearest to the standard deviation:
// the variance, computed as its definition says, lies between the squares of the
// two midpoints around got, and on one of them only if got is even.
func checkStdDev(t rapid.TB, got float64, xs []float64) {
	t.Helper()
	n := new(big.Rat).SetInt64(int64(len(xs)))
	mean := new(big.Rat)
	for _, x := range xs {
		mean.Add(mean, rat(x))
	}
	mean.Quo(mean, n)
	variance := new(big.Rat)
	for _, x := range xs {
		d := new(big.Rat).Sub(rat(x), mean)
		variance.Add(variance, d.Mul(d, d))
	}
	variance.Quo(variance, n)

	if math.IsNaN(got) || math.IsInf(got, 0) || math.Signbit(got) {
		t.Fatalf("StdDev = %v, want a finite number", got)
	}
	even := math.Float64bits(got)&1 == 0
	// No set of float64 values deviates by more than the largest of them.
	if got < math.MaxFloat64 {
		above := midpoint(got, math.Nextafter(got, math.Inf(1)))
		if c := variance.Cmp(above.Mul(above, above)); c > 0 || c == 0 && !even {
			t.Fatalf("StdDev = %v is too small for %v", got, xs)
		}
	}
	if got == 0 {
		return
	}
	below := midpoint(got, math.Nextafter(got, 0))
	if c := variance.Cmp(below.Mul(below, below)); c < 0 || c == 0 && !even {
		t.Fatalf("StdDev = %v is too large for %v", got, xs)
	}
}

func midpoint(x, y float64) *big.Rat {
	m := new(big.Rat).Add(rat(x), rat(y))
	return m.Quo(m, rat(2))
}

func TestStdDevIsTheNearestFloat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var xs []float64
		if rapid.Bool().Draw(t, "halfway") {
			// Two values a and b have the standard deviation |a−b|/2: with 54 bits
			// between them it lies halfway between floats, and a bit of the 108th
			// place beside it moves it off.
			a := rapid.Int64Range(1<<52, 1<<53).Draw(t, "a")
			b := rapid.Int64Range(1<<52, 1<<53).Draw(t, "b")
			e := rapid.IntRange(-1074, 960).Draw(t, "exponent")
			xs = []float64{math.Ldexp(float64(a), e), math.Ldexp(float64(-b), e)}
			xs = slices.Repeat(xs, rapid.IntRange(1, 5).Draw(t, "times"))
			if rapid.Bool().Draw(t, "aside") {
				xs[0] = math.Nextafter(xs[0], 0)
			}
		} else {
			xs = rapid.SliceOfN(anyFloat(), 1, 12).Draw(t, "values")
		}
		sum, squares := sums(xs)
		checkStdDev(t, StdDev(sum, squares, int64(len(xs))), xs)
	})
}

func TestReadingChangesNothing(t *testing.T) {
	s, squares := sums([]float64{1e300, -53.214, 7})
	s.Merge(s)
	before := slices.Clone(s.chunks)
	s.Float64()
	s.Mean(3)
	s.IsZero()
	StdDev(s, squares, 3)
	chunksOf(s)
	new(Sum).Merge(s)
	if !slices.Equal(s.chunks, before) {
		t.Errorf("chunks became %v, were %v", s.chunks, before)
	}
}
