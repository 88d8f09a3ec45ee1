package oracle

import (
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// measurement is what a valid record says.
type measurement struct {
	time     int64 // nanoseconds since the Unix epoch
	value    float64
	category string
	filtered bool // the user's rule leaves it out
}

// object is a record's fields, or the first reason why it has none.
func object(value []byte) (fields map[string]json.RawMessage, reason string) {
	switch {
	case value == nil:
		return nil, "tombstone"
	case len(value) == 0:
		return nil, "empty"
	case !json.Valid(value):
		return nil, "not-json"
	}
	if json.Unmarshal(value, &fields) != nil || fields == nil { // null leaves it nil
		return nil, "not-object"
	}
	return fields, ""
}

// timestamp is an instant in nanoseconds, of seconds.
func timestamp(seconds *big.Rat) (ns int64, reason string) {
	scaled := seconds.Mul(seconds, big.NewRat(1e9, 1))
	whole := new(big.Int).Div(scaled.Num(), scaled.Denom()) // rounds down, below zero too
	first := time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	last := time.Date(2261, 12, 31, 23, 59, 59, 999_999_999, time.UTC).UnixNano()
	if whole.Cmp(big.NewInt(first)) < 0 || whole.Cmp(big.NewInt(last)) > 0 {
		return 0, "timestamp-range"
	}
	return whole.Int64(), ""
}

// number is the value that is exactly so much; nil is what is no number.
func number(exact *big.Rat) (v float64, reason string) {
	if exact == nil {
		return 0, "value-type"
	}
	v = nearest(exact)
	if math.IsInf(v, 0) {
		return 0, "value-range"
	}
	return v, ""
}

// categoryOf is a category, or a part of one.
func categoryOf(f found) (name, reason string) {
	switch {
	case !f.there:
		return "", "missing-category"
	case !f.isText:
		return "", "category-type"
	case f.outside && !utf8.ValidString(f.text), !utf8.Valid(f.raw), loneSurrogate(string(f.raw)):
		return "", "category-utf8"
	case f.text == "":
		return "", "category-empty"
	case len(f.text) > 1024:
		return "", "category-long"
	}
	return f.text, ""
}

// loneSurrogate says whether a JSON string escapes half of a pair alone, for which encoding/json would put U+FFFD.
func loneSurrogate(raw string) bool {
	if !strings.Contains(raw, `\u`) {
		return false
	}
	// Every escape from left to right, so that none begins within another; only then is what begins with \uD8 to \uDF
	// and is no pair a lone half.
	escapes := regexp.MustCompile(`(?i)\\u(d[89ab]..\\ud[c-f]..|....)|\\.`)
	lone := regexp.MustCompile(`(?i)^\\ud[89a-f]..$`)
	for _, e := range escapes.FindAllString(raw, -1) {
		if lone.MatchString(e) {
			return true
		}
	}
	return false
}

// farExponent lies beyond every number that can count: a float64 has at most 309 digits in front of its point, and
// less than half of the least one has 323 zeros behind it.
const farExponent = 1000

// rational is the exact value of a number in JSON's grammar, nil for any other JSON value.
//
// A number whose exponent is absurd must not be built digit by digit: beyond farExponent only its sign and whether it is
// huge or tiny can matter, so 1e1000 or 1e-1000 stands for it.
func rational(raw []byte) *big.Rat {
	text, negative := strings.CutPrefix(string(raw), "-")
	if text[0] < '0' || text[0] > '9' {
		return nil
	}
	mantissa, exponent := text, "0"
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i+1:]
	}
	point, ok := new(big.Int).SetString(exponent, 10)
	if !ok {
		panic("unreachable: exponent " + exponent + " of valid JSON")
	}

	// The number is 0.DIGITS × 10^point, and DIGITS begin with the first that is not zero: then point alone says how
	// large it is, whatever rows of zeros were to make up for the exponent.
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	point.Add(point, big.NewInt(int64(len(digits)-len(fraction))))
	digits = strings.TrimRight(digits, "0")
	switch {
	case digits == "":
		return new(big.Rat)
	case point.Cmp(big.NewInt(farExponent)) > 0:
		digits, point = "1", big.NewInt(farExponent)
	case point.Cmp(big.NewInt(-farExponent)) < 0:
		digits, point = "1", big.NewInt(-farExponent)
	}
	return scaled(digits, point.Int64()-int64(len(digits)), negative)
}

// scaled is ±digits × 10^exponent.
func scaled(digits string, exponent int64, negative bool) *big.Rat {
	m, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		panic("unreachable: digits " + digits + " of valid JSON")
	}
	if negative {
		m.Neg(m)
	}
	if exponent >= 0 {
		return new(big.Rat).SetInt(m.Mul(m, new(big.Int).Exp(big.NewInt(10), big.NewInt(exponent), nil)))
	}
	return new(big.Rat).SetFrac(m, new(big.Int).Exp(big.NewInt(10), big.NewInt(-exponent), nil))
}
