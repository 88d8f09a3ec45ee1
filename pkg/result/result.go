package result

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/meanstream/meanstream/pkg/exact"
	"github.com/meanstream/meanstream/pkg/window"
)

// Result is the final word on one category in one window. Each number is rounded once, from exact sums.
type Result struct {
	Category string
	Window   window.Bounds
	Count    int64 // records kept; -1 where Parse was not told
	Filtered int64 // valid records that the rule left out

	Sum float64 // of the kept values; ±Inf where it is beyond float64

	// These mean nothing while Count is 0.
	Mean, Min, Max float64
	StdDev         float64 // of the population; +Inf where it is beyond float64
	First, Last    float64 // values of the records with the least and the greatest (event time, partition, offset)

	Carried window.Aggregates // which of these are stated, and in which order; what is not means nothing
}

// Of returns the result of an aggregate.
func Of(category string, bounds window.Bounds, a *window.Aggregate) Result {
	r := Result{Category: category, Window: bounds, Count: a.Count, Filtered: a.Filtered, Carried: a.Carried()}
	if a.Count == 0 {
		return r
	}
	if r.Carried.Has(window.Sum) {
		r.Sum = a.Sum.Float64()
	}
	if r.Carried.Has(window.Mean) {
		r.Mean = a.Sum.Mean(a.Count)
	}
	if r.Carried.Has(window.Min) {
		r.Min = a.Min
	}
	if r.Carried.Has(window.Max) {
		r.Max = a.Max
	}
	if r.Carried.Has(window.StdDev) {
		r.StdDev = exact.StdDev(&a.Sum, &a.Squares, a.Count)
	}
	if r.Carried.Has(window.First) {
		r.First = a.Chosen.First.Value
	}
	if r.Carried.Has(window.Last) {
		r.Last = a.Chosen.Last.Value
	}
	return r
}

// bytes returns about how many bytes the result takes up in the topic, key and value.
func (r *Result) bytes() int { return 2*len(r.Category) + 250 }

// AppendJSON appends the result as one JSON object, without a line feed: category, window, and the aggregates in the
// order asked for, with filtered behind count, or before all of them where count is not asked for. Times are RFC 3339 in
// UTC, numbers in the shortest form that reads back to the same float64. A sum or stddev beyond float64 is null; without
// a kept record there are only count, filtered and sum.
func (r *Result) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"category":`...)
	dst = appendString(dst, r.Category)
	dst = append(dst, `,"window_start":"`...)
	dst = appendTime(dst, r.Window.Start)
	dst = append(dst, `","window_end":"`...)
	dst = appendTime(dst, r.Window.End)
	dst = append(dst, '"')
	if !r.Carried.Has(window.Count) {
		dst = appendCount(dst, "filtered", r.Filtered)
	}
	for _, k := range r.Carried.Kinds() {
		switch {
		case k == window.Count:
			dst = appendCount(dst, "count", r.Count)
			dst = appendCount(dst, "filtered", r.Filtered)
		case r.Count != 0 || k == window.Sum:
			dst = append(append(append(dst, `,"`...), k.String()...), `":`...)
			dst = appendFloat(dst, r.value(k))
		}
	}
	return append(dst, '}')
}

func appendCount(dst []byte, name string, n int64) []byte {
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return strconv.AppendInt(dst, n, 10)
}

// value is what the result states by an aggregate other than the count.
func (r *Result) value(k window.Kind) float64 {
	switch k {
	case window.Sum:
		return r.Sum
	case window.Mean:
		return r.Mean
	case window.Min:
		return r.Min
	case window.Max:
		return r.Max
	case window.StdDev:
		return r.StdDev
	case window.First:
		return r.First
	case window.Last:
		return r.Last
	}
	panic("unreachable: " + k.String() + " is no value")
}

func appendTime(dst []byte, ns int64) []byte {
	return time.Unix(0, ns).UTC().AppendFormat(dst, time.RFC3339Nano)
}

// appendFloat writes f as encoding/json does, so that whoever re-encodes a result gets the same bytes.
func appendFloat(dst []byte, f float64) []byte {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return append(dst, "null"...)
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, f, format, -1, 64)
	if n := len(dst); format == 'e' && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		// 1e-07 is written 1e-7.
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// appendString writes s as encoding/json does without its escaping for HTML.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	plain := 0 // start of what needs no escape
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if size > 1 && r != '\u2028' && r != '\u2029' {
			i += size
			continue
		}
		dst = append(dst, s[plain:i]...)
		switch {
		case size > 1:
			dst = append(dst, `\u202`...)
			dst = append(dst, hex[r&0xf])
		case c >= utf8.RuneSelf:
			dst = append(dst, `\ufffd`...)
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		default:
			dst = appendControl(dst, c, hex)
		}
		i += size
		plain = i
	}
	dst = append(dst, s[plain:]...)
	return append(dst, '"')
}

func appendControl(dst []byte, c byte, hex string) []byte {
	switch c {
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}
