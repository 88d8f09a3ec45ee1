package record

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// reference is the whole rule for a record's content once more, with rational numbers and without sharing a line with
// the code under test. It costs what it costs.
func reference(value []byte) (r Record, why Reason) {
	if len(value) == 0 {
		return r, Empty
	}
	var m map[string]json.RawMessage
	err := json.Unmarshal(value, &m)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return r, NotObject
	}
	if err != nil {
		return r, NotJSON
	}
	if m == nil {
		return r, NotObject
	}
	raw, ok := m["timestamp"]
	if !ok {
		return r, MissingTimestamp
	}
	var n json.Number
	if raw[0] == '"' || json.Unmarshal(raw, &n) != nil || n == "" {
		return r, TimestampType
	}
	if r.Time, ok = referenceTime(n.String()); !ok {
		return r, TimestampRange
	}
	if raw, ok = m["value"]; !ok {
		return r, MissingValue
	}
	n = ""
	if raw[0] == '"' || json.Unmarshal(raw, &n) != nil || n == "" {
		return r, ValueType
	}
	r.Value, _ = rational(n.String()).Float64()
	if math.IsInf(r.Value, 0) {
		return r, ValueRange
	}
	if r.Value == 0 {
		r.Value = 0
	}
	if raw, ok = m["category"]; !ok {
		return r, MissingCategory
	}
	r.Category, why = referenceCategory(raw)
	return r, why
}

// rational is the number exactly, save that exponents beyond 10,000 plus its length, at which only its sign and whether
// it is tiny or huge can matter, are cut to that: big.Rat would build the power.
func rational(s string) *big.Rat {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	if !strings.ContainsAny(mantissa, "123456789") {
		return new(big.Rat)
	}
	e, _ := new(big.Int).SetString("0"+strings.TrimLeft(exponent, "+-"), 10)
	if limit := big.NewInt(int64(len(s) + 10_000)); e.Cmp(limit) > 0 {
		e = limit
	}
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), e, nil))
	if strings.HasPrefix(exponent, "-") {
		power.Inv(power)
	}
	m, ok := new(big.Rat).SetString(mantissa)
	if !ok {
		panic("not a number: " + s)
	}
	return m.Mul(m, power)
}

func referenceTime(s string) (ns int64, ok bool) {
	x := rational(s)
	x.Mul(x, big.NewRat(1e9, 1))
	floor := new(big.Int).Div(x.Num(), x.Denom()) // Euclidean; the denominator is positive, so this floors
	first := time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	last := time.Date(2261, 12, 31, 23, 59, 59, 999_999_999, time.UTC).UnixNano()
	if floor.Cmp(big.NewInt(first)) < 0 || floor.Cmp(big.NewInt(last)) > 0 {
		return 0, false
	}
	return floor.Int64(), true
}

// referenceCategory finds what is not Unicode by counting: encoding/json leaves a U+FFFD for each fault, and otherwise
// only where one was sent.
func referenceCategory(raw []byte) ([]byte, Reason) {
	var name string
	if raw[0] != '"' || json.Unmarshal(raw, &name) != nil {
		return nil, CategoryType
	}
	sent := strings.Count(string(raw), "\uFFFD")
	for _, escape := range regexp.MustCompile(`\\(u....|.)`).FindAllString(string(raw), -1) {
		if strings.EqualFold(escape, `\ufffd`) {
			sent++
		}
	}
	switch {
	case !utf8.Valid(raw) || strings.Count(name, "\uFFFD") != sent:
		return nil, CategoryUTF8
	case name == "":
		return nil, CategoryEmpty
	case len(name) > 1024:
		return nil, CategoryLong
	}
	return []byte(name), None
}

// agree holds the decoder, its slow half alone and its fast half alone to the reference.
func agree(t interface {
	Helper()
	Fatalf(string, ...any)
}, value []byte) {
	t.Helper()
	want, wantWhy := reference(value)
	before := string(value)
	value = slices.Clip(append([]byte{}, value...)) // so that reading behind its end panics
	check := func(who string, got Record, why Reason) {
		t.Helper()
		if why != wantWhy {
			t.Fatalf("%s judged %q %v, the reference %v", who, clip(before), why, wantWhy)
		}
		if wantWhy != None {
			want = Record{Time: 7}
		}
		if !same(got, want) {
			t.Fatalf("%s read %q as %v, the reference as %v", who, clip(before), got, want)
		}
	}

	got := Record{Time: 7} // must come back as it was unless the record counts
	var d Decoder
	why := d.Decode(&Message{Value: value}, &got)
	check("Decode", got, why)
	if len(value) > 0 {
		got = Record{Time: 7}
		var f fields
		why = f.slow(value, &got)
		check("slow", got, why)
	}
	renamed := &flatNames{"timestamp", "value", "category"}
	for who, fast := range map[string]func([]byte, *Record, *spots) bool{"fast": fast, "fast by name": renamed.fast} {
		got = Record{Time: 7}
		if fast(value, &got, new(spots)) {
			check(who, got, None)
		} else if got.Time != 7 || got.Value != 0 || got.Category != nil {
			t.Fatalf("%s gave %q back but wrote %v", who, clip(before), got)
		}
	}
	if string(value) != before {
		t.Fatalf("the input %q was overwritten", clip(before))
	}
}

// same compares to the bit, so that -0 is not 0.
func same(a, b Record) bool {
	return a.Time == b.Time && math.Float64bits(a.Value) == math.Float64bits(b.Value) && string(a.Category) == string(b.Category)
}

// clip keeps the message about a record of megabytes readable.
func clip(s string) string {
	if len(s) > 300 {
		return s[:150] + "..." + s[len(s)-150:]
	}
	return s
}

func TestTheReferenceFloorsNegativeTimes(t *testing.T) {
	if ns, ok := referenceTime("-0.0000000001"); !ok || ns != -1 {
		t.Fatal(ns, ok)
	}
}
