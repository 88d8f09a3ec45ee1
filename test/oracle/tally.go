package oracle

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Tally is the outcome of more records than anyone can keep: exact sums stand in for the values. Windows tumble, no record
// is late, first and last are not asked for, and who fills it says what each record holds.
type Tally struct {
	window  int64
	results map[identity]*running
	counts  Counts
	last    *running // most records belong where the one before did
	lastID  identity
}

// running is one result while records come.
type running struct {
	count, filtered int64
	sum, squares    big.Int // in units of 2^-1074 and 2^-2148: every finite float64 and every square is a whole number of them
	min, max        float64
	value, square   big.Int // of the record at hand
}

// NewTally makes one for windows of a length.
func NewTally(window time.Duration) *Tally {
	return &Tally{window: int64(window), results: map[identity]*running{}}
}

// Keep counts a kept value of an event time in nanoseconds since the Unix epoch, not before it.
func (t *Tally) Keep(at int64, category string, v float64) {
	r := t.at(at, category)
	if r.count == 0 {
		r.min, r.max = v, v
	}
	r.count++
	r.min, r.max = min(r.min, v), max(r.max, v)
	mantissa, exponent := math.Frexp(v) // v = mantissa · 2^exponent, and mantissa · 2^53 is whole
	exponent += 1074 - 53
	r.value.SetInt64(int64(mantissa * (1 << 53)))
	if exponent < 0 { // a subnormal has that many zeros at its end
		r.value.Rsh(&r.value, uint(-exponent))
		exponent = 0
	}
	r.square.Mul(&r.value, &r.value)
	r.value.Lsh(&r.value, uint(exponent))
	r.square.Lsh(&r.square, uint(2*exponent))
	r.sum.Add(&r.sum, &r.value)
	r.squares.Add(&r.squares, &r.square)
	t.counts.Kept++
}

// Filter counts a record that the user's rule leaves out.
func (t *Tally) Filter(at int64, category string) {
	t.at(at, category).filtered++
	t.counts.Filtered++
}

func (t *Tally) at(at int64, category string) *running {
	start := at - at%t.window
	id := identity{category, start, start + t.window}
	if t.last != nil && id == t.lastID {
		return t.last
	}
	r := t.results[id]
	if r == nil {
		r = &running{}
		t.results[id] = r
	}
	t.last, t.lastID = r, id
	return r
}

// Outcome is what must be published; it says nothing of single records or sources.
func (t *Tally) Outcome() Outcome {
	o := Outcome{Counts: t.counts}
	for id, r := range t.results {
		o.Results = append(o.Results, r.result(id))
	}
	slices.SortFunc(o.Results, func(a, b Result) int {
		return cmp.Or(cmp.Compare(a.End, b.End), strings.Compare(a.Category, b.Category), cmp.Compare(a.Start, b.Start))
	})
	return o
}

func (r *running) result(id identity) Result {
	out := Result{Category: id.category, Start: id.start, End: id.end, Count: r.count, Filtered: r.filtered, States: usual()}
	if r.count == 0 {
		return out
	}
	n := big.NewRat(r.count, 1)
	sum := inUnits(&r.sum, 1074)
	mean := new(big.Rat).Quo(sum, n)
	spread := new(big.Rat).Quo(inUnits(&r.squares, 2148), n)
	spread.Sub(spread, new(big.Rat).Mul(mean, mean))
	out.Sum, out.Mean, out.StdDev = nearest(sum), nearest(mean), root(spread)
	out.Min, out.Max = r.min, r.max
	return out
}

// inUnits is n · 2^-bits.
func inUnits(n *big.Int, bits uint) *big.Rat {
	return new(big.Rat).SetFrac(n, new(big.Int).Lsh(big.NewInt(1), bits))
}
