package exact

import (
	"math"
	"math/bits"
)

const (
	chunkBits = 32
	lowMask   = 1<<chunkBits - 1

	// unitExponent is the exponent of chunk 0: its unit is 2^unitExponent. A
	// multiple of 32, so that chunk 68 counts ones.
	unitExponent = -2176

	// A float64 with exponent field e and 53-bit mantissa m is m·2^(e−1075), its
	// square m²·2^(2e−2150); these are the positions of the lowest bit in units.
	addOffset    = -1075 - unitExponent
	squareOffset = -2150 - unitExponent

	fractionMask = 1<<52 - 1
	hiddenBit    = 1 << 52
	exponentMask = 0x7ff

	// maxPending is the number of additions after which carries are propagated.
	// Carried chunks are below 2^32 and an addition brings less than 2^53, so an
	// int64 holds 1,023 of them. Half of that, because then two sums can be
	// merged chunk by chunk (511 + 511 + 1) before anybody looks at the count.
	maxPending = 511
)

// Sum is the exact sum of the values added to it; the zero value is 0 and ready
// to use. Not safe for concurrent use, though readers alone do not disturb each
// other: reading changes nothing. A copy shares the memory of its original, so
// only one of the two may be used on.
type Sum struct {
	// chunks holds the chunks base, base+1, …; what lies between len and cap is
	// zero. One value has many such forms, since chunks overlap and may be of
	// mixed signs; digits makes the canonical one.
	chunks []int64
	base   uint32
	// pending bounds every chunk: |chunk| <= 2^32 + pending·2^53.
	pending uint32
}

// Add adds x, which must be finite. -0 counts as 0.
func (s *Sum) Add(x float64) {
	u := math.Float64bits(x)
	e := uint(u>>52) & exponentMask
	at := e + addOffset
	i := at/chunkBits - uint(s.base)
	n := uint(len(s.chunks))
	// i wraps below base, and i+1 wraps back to 0 just below it: both are asked.
	if i >= n || i+1 >= n || e == 0 || s.pending >= maxPending {
		s.addSlow(u)
		return
	}
	// As a signed number the mantissa needs no case for negative values: the low
	// part counts up, the high part (at most 52 bits) carries the sign.
	m := int64(u&fractionMask | hiddenBit)
	sign := int64(u) >> 63
	m = (m ^ sign) - sign
	shift := at % chunkBits
	s.chunks[i] += int64(uint32(m << shift))
	s.chunks[i+1] += m >> (chunkBits - shift)
	s.pending++
}

// addSlow adds the float64 with bits u where chunks are missing, carries are
// due, or the value is subnormal or zero.
func (s *Sum) addSlow(u uint64) {
	m, e := split(u)
	if m == 0 {
		return
	}
	at := e + addOffset
	s.prepare(at/chunkBits, 2)
	low := m << (at % chunkBits) & lowMask
	high := m >> (chunkBits - at%chunkBits)
	c := s.chunks[at/chunkBits-uint(s.base):]
	if int64(u) < 0 {
		c[0] -= int64(low)
		c[1] -= int64(high)
	} else {
		c[0] += int64(low)
		c[1] += int64(high)
	}
	s.pending++
}

// AddSquare adds the exact square of x, which must be finite, also where x*x
// overflows or underflows float64.
//
// The 106-bit product of the mantissas is added as it is: product and FMA error
// would be exact only in the middle of the range, and no faster.
func (s *Sum) AddSquare(x float64) {
	u := math.Float64bits(x)
	e := uint(u>>52) & exponentMask
	i := (2*e+squareOffset)/chunkBits - uint(s.base)
	n := uint(len(s.chunks))
	if i >= n || i+3 >= n || e == 0 || s.pending >= maxPending {
		s.addSquareSlow(u)
		return
	}
	addProduct(s.chunks[i:i+4], u&fractionMask|hiddenBit, (2*e+squareOffset)%chunkBits)
	s.pending++
}

// addSquareSlow is to AddSquare what addSlow is to Add.
func (s *Sum) addSquareSlow(u uint64) {
	m, e := split(u)
	if m == 0 {
		return
	}
	at := 2*e + squareOffset
	s.prepare(at/chunkBits, 4)
	addProduct(s.chunks[at/chunkBits-uint(s.base):], m, at%chunkBits)
	s.pending++
}

// addProduct adds m·m·2^shift to the first four chunks of c, shift < 32. The
// shifted product can have 137 bits; the last chunk takes what is left, 41 bits.
func addProduct(c []int64, m uint64, shift uint) {
	_ = c[3]
	high, low := bits.Mul64(m, m)
	c[0] += int64(low << shift & lowMask)
	c[1] += int64(low >> (chunkBits - shift) & lowMask)
	c[2] += int64((high<<shift | low>>1>>(63-shift)) & lowMask)
	c[3] += int64(high >> (chunkBits - shift))
}

// split takes the bits of a finite float64 apart: |x| = m·2^(e−1075), also for
// subnormals, which share the exponent of the smallest normal numbers.
func split(u uint64) (m uint64, e uint) {
	m, e = u&fractionMask, uint(u>>52)&exponentMask
	if e == 0 {
		return m, 1
	}
	return m | hiddenBit, e
}

// Merge adds the value of o, which stays as it is.
func (s *Sum) Merge(o *Sum) {
	if len(o.chunks) == 0 {
		return
	}
	s.grow(uint(o.base), uint(len(o.chunks)))
	into := s.chunks[o.base-s.base:][:len(o.chunks)]
	for i, c := range o.chunks {
		into[i] += c
	}
	// The 1 pays for the 2^32 that the carried chunks of o may hold.
	s.pending += o.pending + 1
	if s.pending > maxPending {
		s.carry()
	}
}

// Reset makes s 0 and keeps its memory for the next values, whatever their
// magnitude.
func (s *Sum) Reset() {
	clear(s.chunks)
	s.chunks, s.base, s.pending = s.chunks[:0], 0, 0
}

// Size returns the bytes of memory held beyond the struct itself.
func (s *Sum) Size() int { return cap(s.chunks) * 8 }
