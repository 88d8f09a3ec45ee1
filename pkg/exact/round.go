package exact

import (
	"encoding/binary"
	"math"
	"math/big"
)

// Float64 returns the float64 nearest to the exact sum, ties to even: ±Inf when
// that is beyond float64, and never -0.
func (s *Sum) Float64() float64 {
	m, exponent := s.big()
	return round(m, exponent, false)
}

// Mean returns the float64 nearest to the exact sum divided by n, ties to even,
// also where the sum itself is beyond float64; never -0. It is NaN for n < 1.
func (s *Sum) Mean(n int64) float64 {
	if n < 1 {
		return math.NaN()
	}
	m, exponent := s.big()
	// At least 63 bits of quotient: rounding wants 54 and whether more follow.
	divisor := big.NewInt(n)
	up := max(0, 64+divisor.BitLen()-m.BitLen())
	quotient, rest := m.QuoRem(m.Lsh(m, uint(up)), divisor, new(big.Int))
	return round(quotient, exponent-up, rest.Sign() != 0)
}

// StdDev returns the population standard deviation of n values from their exact
// sum and the exact sum of their squares: the float64 nearest to
// sqrt(n·squares − sum²)/n, ties to even. It is 0 for n == 1, and NaN for n < 1
// or where no n values have such sums.
func StdDev(sum, squares *Sum, n int64) float64 {
	if n < 1 {
		return math.NaN()
	}
	if n == 1 {
		return 0
	}
	// d·2^exponent = n·squares − sum², aligned to the finer unit of the two.
	a, aExponent := sum.big()
	b, bExponent := squares.big()
	divisor := big.NewInt(n)
	a.Mul(a, a)
	aExponent *= 2
	b.Mul(b, divisor)
	exponent := min(aExponent, bExponent)
	a.Lsh(a, uint(aExponent-exponent))
	d := b.Sub(b.Lsh(b, uint(bExponent-exponent)), a)
	switch d.Sign() {
	case -1:
		return math.NaN()
	case 0:
		return 0
	}
	// floor(floor(√D)/n) = floor(√D/n), so two integer steps lose nothing but
	// whether they were exact. D gets an even exponent and as many bits as leave
	// at least 63 after both.
	up := max(0, 2*(64+divisor.BitLen())-d.BitLen())
	up += (exponent - up) & 1
	d.Lsh(d, uint(up))
	root := new(big.Int).Sqrt(d)
	inexact := new(big.Int).Mul(root, root).Cmp(d) != 0
	quotient, rest := root.QuoRem(root, divisor, new(big.Int))
	return round(quotient, (exponent-up)/2, inexact || rest.Sign() != 0)
}

// big returns the exact value of s as m·2^exponent, exponent a multiple of 32
// and as great as it can be, so that integers stay short; 0 has the exponent 0.
func (s *Sum) big() (m *big.Int, exponent int) {
	var buf scratch
	digits, negative := s.digits(buf[:0])
	low := 0
	for low < len(digits) && digits[low] == 0 {
		low++
	}
	m = new(big.Int)
	if low == len(digits) {
		return m, 0
	}
	bytes := make([]byte, 0, 4*len(buf))
	for i := len(digits) - 1; i >= low; i-- {
		bytes = binary.BigEndian.AppendUint32(bytes, digits[i])
	}
	m.SetBytes(bytes)
	if negative {
		m.Neg(m)
	}
	return m, chunkBits*(int(s.base)+low) + unitExponent
}

// round returns the float64 nearest to m·2^exponent, ties to even, where sticky
// says that the true value is a little larger in size than that, by less than
// one unit of m. With sticky, m must have more than 54 bits.
func round(m *big.Int, exponent int, sticky bool) float64 {
	size := new(big.Int).Abs(m)
	// drop is how many low bits have no place in the result: all but 53, and all
	// below 2^-1074, where subnormals end.
	drop := max(size.BitLen()-53, -1074-exponent)
	if drop > 0 {
		half := size.Bit(drop-1) == 1
		sticky = sticky || int(size.TrailingZeroBits()) < drop-1
		size.Rsh(size, uint(drop))
		if half && (sticky || size.Bit(0) == 1) {
			size.Add(size, big.NewInt(1))
		}
		exponent += drop
	}
	// At most 53 bits, or 2^53: the conversion is exact and so is the scaling, but
	// for values beyond float64, which become Inf.
	x := math.Ldexp(float64(size.Uint64()), exponent)
	if m.Sign() < 0 && x != 0 {
		x = -x
	}
	return x
}
