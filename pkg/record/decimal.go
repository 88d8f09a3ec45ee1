package record

import (
	"bytes"
	"math"
	"strconv"
)

// decimal is a JSON number of any length, taken apart exactly: ±0.DIGITS × 10^point, where DIGITS are ASCII and begin
// with the first that is not zero. Zero has no digits.
type decimal struct {
	neg    bool
	digits []byte
	point  int64
}

// hugeExponent is where written exponents stop counting. It lies far above the length of any record, so that no row of
// zeros can bring a number back from it, and far below where sums of exponents would overflow.
const hugeExponent = 1 << 40

// parseDecimal reads raw, which must be a number in JSON's grammar. The cost is linear in the length of raw, whatever
// its exponent.
func parseDecimal(raw []byte) decimal {
	var d decimal
	raw, d.neg = bytes.CutPrefix(raw, []byte("-"))
	if e := bytes.IndexAny(raw, "eE"); e >= 0 {
		d.point = parseExponent(raw[e+1:])
		raw = raw[:e]
	}
	whole, fraction, _ := bytes.Cut(raw, []byte("."))
	d.point += int64(len(whole))

	all := append(append(make([]byte, 0, len(raw)), whole...), fraction...)
	d.digits = bytes.TrimLeft(all, "0")
	d.point -= int64(len(all) - len(d.digits))
	return d
}

// parseExponent reads what follows the e, saturating at ±hugeExponent.
func parseExponent(b []byte) int64 {
	neg := b[0] == '-'
	var e int64
	for _, c := range bytes.TrimLeft(b, "+-") {
		e = min(e*10+int64(c-'0'), hugeExponent)
	}
	if neg {
		return -e
	}
	return e
}

// nanos floors the decimal, a number of seconds, to nanoseconds since the Unix epoch; ok is false outside the years 1678
// to 2261.
func (d decimal) nanos() (t int64, ok bool) {
	whole := d.point + 9 // how many of the digits count nanoseconds; the others are a rest to be floored away
	if len(d.digits) == 0 {
		return 0, true
	}
	if whole > 19 {
		return 0, false
	}
	var ns uint64
	for i := range whole {
		ns *= 10
		if i < int64(len(d.digits)) {
			ns += uint64(d.digits[i] - '0')
		}
	}
	rest := d.digits[min(max(whole, 0), int64(len(d.digits))):]
	return instant(d.neg, ns, len(bytes.TrimRight(rest, "0")) > 0)
}

// float is the float64 nearest to the decimal, never -0; ok is false where that would be infinite.
//
// strconv.ParseFloat stops reading an exponent at five digits, so it would take 0.(200,000 zeros)1e200001, which is 1,
// for 0. Hence the number is written anew with its point in front, which leaves an exponent that needs no more than
// four.
func (d decimal) float() (v float64, ok bool) {
	switch {
	case len(d.digits) == 0 || d.point < -400: // the least positive float64 is about 0.5e-323
		return 0, true
	case d.point > 400:
		return 0, false
	}
	text := strconv.AppendInt(append(append([]byte("0."), d.digits...), 'e'), d.point, 10)
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, false
	}
	return signed(d.neg, v), true
}

// Event times lie in [minSecond, endSecond) seconds since the Unix epoch: whole years of which every nanosecond fits
// int64, as do the ends of their windows and the watermarks behind them.
const (
	minSecond = -9_214_560_000 // 1678-01-01T00:00:00Z
	endSecond = 9_214_646_400  // 2262-01-01T00:00:00Z
)

// instant is -ns or ns nanoseconds and, where rest is true, a fraction of another, floored; ok is false outside
// [minSecond, endSecond).
func instant(neg bool, ns uint64, rest bool) (t int64, ok bool) {
	if ns > math.MaxInt64 {
		return 0, false
	}
	t = int64(ns)
	if neg {
		t = -t
		if rest {
			t--
		}
	}
	return t, t >= minSecond*1e9 && t < endSecond*1e9
}

// signed gives v its sign, but never makes -0: results must not depend on how a zero was spelled.
func signed(neg bool, v float64) float64 {
	if neg && v != 0 {
		return -v
	}
	return v
}
