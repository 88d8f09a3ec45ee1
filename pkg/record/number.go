package record

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
)

// number is a JSON number of at most 19 digits: ±m × 10^exp, exactly.
type number struct {
	m   uint64
	exp int
	neg bool
}

const (
	maxDigits         = 19 // as many as uint64 always holds
	maxSpelling       = 32 // as many bytes as ParseFloat reads without an allocation
	maxExponentDigits = 4  // where ParseFloat reads exponents in full
)

// plainNumber reads the number at i; ok is false if none stands there, or one with more digits than it keeps. Zeros in
// front of the first other digit do not count: small readings are often spelled with several.
func plainNumber(b []byte, i int) (n number, next int, ok bool) {
	begin := i
	if i < len(b) && b[i] == '-' {
		n.neg = true
		i++
	}
	first := i
	n.m, i = digits(b, i, 0)
	if i == first || i > first+1 && b[first] == '0' {
		return n, i, false
	}
	count := i - first
	if i < len(b) && b[i] == '.' {
		point := i + 1
		significant := point
		if n.m == 0 {
			count = 0
			for significant < len(b) && b[significant] == '0' {
				significant++
			}
		}
		if n.m, i = digits(b, significant, n.m); i == point {
			return n, i, false
		}
		n.exp = point - i
		count += i - significant
	}
	if count > maxDigits {
		return n, i, false // m has wrapped
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		e, next, ok := plainExponent(b, i+1)
		if !ok {
			return n, next, false
		}
		n.exp += e
		i = next
	}
	return n, i, i-begin <= maxSpelling
}

// digits appends the digits at i to m, wrapping if there are too many: the caller counts. It takes eight bytes at a time,
// so that how many digits there are is no branch that differs from record to record.
func digits(b []byte, i int, m uint64) (uint64, int) {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		n := leadingDigits(w)
		if n == 8 {
			m = m*1e8 + eightDigits(w)
			i += 8
			continue
		}
		// What does not belong to the number is shifted out, and zero bytes take its place in front.
		return m*smallPow10(n) + eightDigits(w<<(64-8*n)), i + int(n)
	}
	for ; i < len(b); i++ {
		c := b[i] - '0'
		if c > 9 {
			break
		}
		m = m*10 + uint64(c)
	}
	return m, i
}

// leadingDigits is how many of the eight bytes in w, the first one lowest, are digits before the first that is none.
func leadingDigits(w uint64) uint {
	// A digit becomes its value; every other byte is then, or becomes by the addition, 128 or more. A carry out of a byte
	// only spoils those behind it.
	w ^= 0x3030303030303030
	return uint(bits.TrailingZeros64((w+0x7676767676767676|w)&0x8080808080808080)) / 8
}

// eightDigits is the number that eight bytes spell, the first one lowest in w: digits, or zero bytes in front of them.
// Neighbours are put together to numbers of two, four and eight digits.
func eightDigits(w uint64) uint64 {
	w = (w & 0x0f0f0f0f0f0f0f0f) * (10<<8 + 1) >> 8
	w = (w & 0x00ff00ff00ff00ff) * (100<<16 + 1) >> 16
	return (w & 0x0000ffff0000ffff) * (10000<<32 + 1) >> 32
}

// smallPow10 is 10^e for e < 8.
func smallPow10(e uint) uint64 {
	return [8]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7}[e&7]
}

func plainExponent(b []byte, i int) (e, next int, ok bool) {
	neg := i < len(b) && b[i] == '-'
	if neg || i < len(b) && b[i] == '+' {
		i++
	}
	m, next := digits(b, i, 0)
	if next == i || next-i > maxExponentDigits {
		return 0, next, false
	}
	if neg {
		return -int(m), next, true
	}
	return int(m), next, true
}

// nanos floors the number, in seconds, to nanoseconds since the Unix epoch; ok is false outside the years 1678 to 2261.
func (n number) nanos() (t int64, ok bool) {
	e := n.exp + 9
	switch {
	case n.m == 0:
		return 0, true
	case e >= 0:
		if e > maxDigits {
			return 0, false
		}
		high, ns := bits.Mul64(n.m, uint64Pow10(e))
		if high != 0 {
			return 0, false
		}
		return instant(n.neg, ns, false)
	case e >= -maxDigits:
		p := uint64Pow10(-e)
		return instant(n.neg, n.m/p, n.m%p != 0)
	default:
		return instant(n.neg, 0, true)
	}
}

// float is the float64 nearest to the number, never -0; ok is false where that would be infinite. spelling is the number
// as it stands in the record.
func (n number) float(spelling []byte) (v float64, ok bool) {
	// Both operands are exact, so the one division or multiplication rounds once: Clinger's fast path.
	if n.m < 1<<53 && -22 <= n.exp && n.exp <= 22 {
		v = float64(n.m)
		if n.exp < 0 {
			v /= floatPow10(-n.exp)
		} else {
			v *= floatPow10(n.exp)
		}
		return signed(n.neg, v), true
	}
	if n.m != 0 && -maxDigits <= n.exp && n.exp < 0 {
		return signed(n.neg, quotient(n.m, uint64Pow10(-n.exp))), true
	}
	v, err := strconv.ParseFloat(string(spelling), 64) // at most maxSpelling bytes: no allocation
	if err != nil {
		return 0, false
	}
	if v == 0 {
		v = 0 // ParseFloat keeps the sign of a zero
	}
	return v, true
}

// quotient is the float64 nearest to m/d, ties to even; neither is 0. Numbers of 16 and 17 digits, as most languages print
// what they have computed, come here: the quotient of two integers with the rest beside it leaves nothing to guess, and a
// processor that divides 128 bits is as fast as any table of powers.
func quotient(m, d uint64) float64 {
	// Both are shifted to their top, so that the quotient has 63 or 64 bits, 11 or 10 more than are kept.
	up, down := bits.LeadingZeros64(m), bits.LeadingZeros64(d)
	m <<= uint(up)
	q, rest := bits.Div64(m>>1, m<<63, d<<uint(down))
	short := bits.LeadingZeros64(q)
	q <<= uint(short)
	mantissa, dropped := q>>11, q&(1<<11-1)
	const half = 1 << 10
	if dropped > half || dropped == half && (rest != 0 || mantissa&1 == 1) {
		mantissa++
	}
	// The leading bit of the mantissa goes into the exponent, as does the carry of one that was rounded up to 2^53.
	exponent := uint64(1023 + 63 + down - up - 63 - short)
	return math.Float64frombits((exponent-1)<<52 + mantissa)
}

// uint64Pow10 is 10^e for 0 <= e <= 19.
func uint64Pow10(e int) uint64 {
	return [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
		1e18, 1e19}[e]
}

// floatPow10 is 10^e for 0 <= e <= 22, the powers that float64 holds exactly.
func floatPow10(e int) float64 {
	return [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
		1e18, 1e19, 1e20, 1e21, 1e22}[e]
}
