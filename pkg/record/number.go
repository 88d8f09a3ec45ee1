package record

import (
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

// digits appends the digits at i to m, wrapping if there are too many: the caller counts.
func digits(b []byte, i int, m uint64) (uint64, int) {
	for ; i < len(b); i++ {
		c := b[i] - '0'
		if c > 9 {
			break
		}
		m = m*10 + uint64(c)
	}
	return m, i
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
	v, err := strconv.ParseFloat(string(spelling), 64) // at most maxSpelling bytes: no allocation
	if err != nil {
		return 0, false
	}
	if v == 0 {
		v = 0 // ParseFloat keeps the sign of a zero
	}
	return v, true
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
