package exact

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// model is the slow and obvious sum: one rational number. Nothing in it knows of
// chunks, carries or rounding; big.Rat rounds by its own code.
type model struct{ big.Rat }

func rat(x float64) *big.Rat { return new(big.Rat).SetFloat64(x) }

func (m *model) add(x float64) { m.Rat.Add(&m.Rat, rat(x)) }

func (m *model) addSquare(x float64) {
	m.Rat.Add(&m.Rat, new(big.Rat).Mul(rat(x), rat(x)))
}

// nearest is the float64 nearest to r, with 0 for -0.
func nearest(r *big.Rat) float64 {
	x, _ := r.Float64()
	return x + 0
}

// unit is 2^(32·index − 2176), the documented weight of a chunk.
func unit(index int) *big.Rat {
	one := big.NewInt(1)
	e := 32*index - 2176
	if e < 0 {
		return new(big.Rat).SetFrac(one, new(big.Int).Lsh(one, uint(-e)))
	}
	return new(big.Rat).SetInt(new(big.Int).Lsh(one, uint(e)))
}

type chunk struct {
	index int
	value int64
}

func chunksOf(s *Sum) []chunk {
	var all []chunk
	for i, c := range s.Chunks {
		all = append(all, chunk{i, c})
	}
	return all
}

// valueOf reads the value of s from its chunks alone, and fails where they are
// not canonical.
func valueOf(t rapid.TB, s *Sum) *big.Rat {
	t.Helper()
	value := new(big.Rat)
	chunks := chunksOf(s)
	for i, c := range chunks {
		if c.value == 0 || c.value > MaxChunk || c.value < -MaxChunk {
			t.Fatalf("chunk %d is %d: want a non-zero value within ±%d", c.index, c.value, int64(MaxChunk))
		}
		if i > 0 && (c.index <= chunks[i-1].index || (c.value < 0) != (chunks[0].value < 0)) {
			t.Fatalf("chunks %v: want rising indices and one sign", chunks)
		}
		term := unit(c.index)
		value.Add(value, term.Mul(term, new(big.Rat).SetInt64(c.value)))
	}
	return value
}

// check compares everything that can be asked of s with the model.
func check(t rapid.TB, s *Sum, want *big.Rat) {
	t.Helper()
	if got := valueOf(t, s); got.Cmp(want) != 0 {
		t.Fatalf("the chunks are worth %s, want %s", got.FloatString(30), want.FloatString(30))
	}
	if s.Sign() != want.Sign() || s.IsZero() != (want.Sign() == 0) {
		t.Fatalf("Sign = %d and IsZero = %t for a value of sign %d", s.Sign(), s.IsZero(), want.Sign())
	}
	same(t, "Float64", s.Float64(), nearest(want))
	for _, n := range []int64{1, 3, 1000, math.MaxInt64} {
		mean := new(big.Rat).Quo(want, new(big.Rat).SetInt64(n))
		same(t, "Mean", s.Mean(n), nearest(mean))
	}
	// The promise that carries rest on.
	limit := uint64(1)<<32 + uint64(s.pending)<<53
	for _, c := range s.chunks {
		if uint64(max(c, -c)) > limit || s.pending > maxPending {
			t.Fatalf("chunk %d with %d pending additions: want at most %d", c, s.pending, limit)
		}
	}
}

// same compares bits, so that -0 is not 0.
func same(t rapid.TB, what string, got, want float64) {
	t.Helper()
	if math.Float64bits(got) != math.Float64bits(want) {
		t.Fatalf("%s = %v (%#x), want %v (%#x)", what, got, math.Float64bits(got), want, math.Float64bits(want))
	}
}

// edges are the values at which exponents, chunks and formats change.
var edges = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.1, 53.214, 1 << 53, 1<<53 - 1, 1.5, 1e22,
	math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, 3 * math.SmallestNonzeroFloat64,
	0x1p-1022, 0x1.fffffffffffffp-1022, 0x0.fffffffffffffp-1022, -0x0.8p-1022,
	math.MaxFloat64, -math.MaxFloat64, 0x1p1023, 1e308, -1e308, 1e154, 1.4e154, 1e-154, 1e-162, 1e-170,
	0x1.fffffffffffffp30, 0x1.fffffffffffffp31, 0x1.fffffffffffffp32, -0x1.fffffffffffffp-32,
}

// anyFloat draws finite values: edges, everyday measurements, and any bits.
func anyFloat() *rapid.Generator[float64] {
	bits := rapid.Custom(func(t *rapid.T) float64 {
		return math.Float64frombits(rapid.Uint64().Draw(t, "bits") &^ (1 << 52))
	})
	near := rapid.Custom(func(t *rapid.T) float64 {
		return float64(rapid.IntRange(-100_000, 100_000).Draw(t, "thousandths")) / 1000
	})
	uniform := rapid.Custom(func(t *rapid.T) float64 {
		exponent := rapid.Uint64Range(0, 2046).Draw(t, "exponent")
		return math.Float64frombits(exponent<<52 | rapid.Uint64().Draw(t, "rest")&^(exponentMask<<52))
	})
	return rapid.OneOf(rapid.SampledFrom(edges), near, uniform, bits)
}

// everywhere are the edges and one value of each exponent, in both signs.
func everywhere() []float64 {
	xs := slices.Clone(edges)
	for e := range uint64(2047) {
		x := math.Float64frombits(e<<52 | 0xfedcba9876543)
		xs = append(xs, x, -x)
	}
	return xs
}

func sumOf(xs ...float64) *Sum {
	s := new(Sum)
	for _, x := range xs {
		s.Add(x)
	}
	return s
}

func TestEveryExponentIsAddedAndSquaredExactly(t *testing.T) {
	var grown Sum
	want := new(big.Rat)
	for _, x := range everywhere() {
		check(t, sumOf(x), rat(x))
		var square Sum
		square.AddSquare(x)
		exact := new(big.Rat).Mul(rat(x), rat(x))
		check(t, &square, exact)
		// The second time the chunks are there: the fast path.
		square.AddSquare(x)
		check(t, &square, exact.Add(exact, exact))
		grown.Add(x)
		want.Add(want, rat(x))
	}
	check(t, &grown, want)
}
