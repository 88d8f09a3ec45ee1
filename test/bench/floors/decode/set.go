package main

import (
	"math"
	"math/bits"

	"github.com/meanstream/meanstream/test/bench/workload"
	"github.com/meanstream/meanstream/test/rivals/answer"
)

// quotient is the float64 nearest to m/d, ties to even; neither is 0.
func quotient(m, d uint64) float64 {
	up, down := bits.LeadingZeros64(m), bits.LeadingZeros64(d)
	m <<= uint(up)
	q, rest := bits.Div64(m>>1, m<<63, d<<uint(down))
	exponent := down - up - 63
	short := bits.LeadingZeros64(q) // 0 or 1
	q <<= uint(short)
	exponent -= short
	mantissa, dropped := q>>11, q&0x7ff
	if dropped > 0x400 || dropped == 0x400 && (rest != 0 || mantissa&1 == 1) {
		mantissa++
	}
	return math.Ldexp(float64(mantissa), exponent+11)
}

// sum is exact: the mantissas of all values, added up by exponent in pieces of 32 bits, whose carries wait for the reader.
// So many values as a window has here do not overflow a piece.
type sum struct{ pieces [72]int64 }

func (s *sum) add(x float64) {
	u := math.Float64bits(x)
	e := uint(u>>52) & 0x7ff
	m := u&(1<<52-1) | 1<<52
	i := e >> 5
	low, high := int64(m<<(e&31)&0xffffffff), int64(m>>(32-e&31))
	if u>>63 != 0 {
		low, high = -low, -high
	}
	s.pieces[i] += low
	s.pieces[i+1] += high
}

func (s *sum) float() (f float64) {
	for i := len(s.pieces) - 1; i >= 0; i-- {
		f += math.Ldexp(float64(s.pieces[i]), 32*i-1075)
	}
	return f
}

type aggregate struct {
	start           int64
	category        byte
	count, filtered int64
	min, max        float64
	sum, squares    sum
}

func (a *aggregate) keep(v float64) {
	a.count++
	a.min, a.max = min(a.min, v), max(a.max, v)
	a.sum.add(v)
	square := v * v
	a.squares.add(square)
	if rest := math.FMA(v, v, -square); rest != 0 {
		a.squares.add(rest)
	}
}

// set finds the aggregates of the window at hand by the category's byte.
type set struct {
	start  int64
	now    [256]*aggregate
	before map[[2]int64]*aggregate
}

func newSet() *set { return &set{before: map[[2]int64]*aggregate{}} }

func (s *set) at(second int64, category byte) *aggregate {
	const size = int64(workload.Window / 1e9)
	if uint64(second-s.start) >= uint64(size) {
		s.start = second - second%size
		clear(s.now[:])
	}
	if a := s.now[category]; a != nil {
		return a
	}
	key := [2]int64{s.start, int64(category)}
	a := s.before[key]
	if a == nil {
		a = &aggregate{start: s.start, category: category, min: math.Inf(1), max: math.Inf(-1)}
		s.before[key] = a
	}
	s.now[category] = a
	return a
}

func (s *set) means() (all []answer.Mean) {
	for _, a := range s.before {
		all = append(all, answer.Mean{Start: a.start, Category: string(rune(a.category)), Count: a.count, Mean: a.sum.float() / float64(a.count)})
	}
	return all
}
