package oracle

import (
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Fields says where in a record the measurement stands. Names lead from the outermost object inwards; one of digits
// picks an element of an array. A single name with an @ leads elsewhere: @key, @timestamp, @topic, or @header with the
// header's name behind it.
type Fields struct {
	Time, Value []string
	Category    [][]string // joined where there are several
	Separator   string
	TimeFormat  string // unix (or empty), unix_ms, unix_us, unix_ns, rfc3339 or auto
	Lenient     bool   // a number in quotes is one

	// Compute gives the value in place of the field; ok is false where it can't, or where it gives no finite number.
	Compute func(record map[string]any) (v float64, ok bool)
}

// usual are the fields of a river nobody has configured.
func usualFields() *Fields {
	return &Fields{Time: []string{"timestamp"}, Value: []string{"value"}, Category: [][]string{{"category"}}}
}

// read is decode under a rule.
func (r *Rule) read(rec *Record) (m measurement, reason string) {
	if r.MaxBytes > 0 && len(rec.Value) > r.MaxBytes {
		return m, "too-large"
	}
	f := r.Fields
	if f == nil {
		f = usualFields()
	}
	at := message{Record: rec}
	if r.inside(f) {
		if at.fields, reason = object(rec.Value); reason != "" {
			return m, reason
		}
	}
	if m.time, reason = f.time(at); reason != "" {
		return m, reason
	}
	if f.Compute == nil {
		if m.value, reason = f.value(at); reason != "" {
			return m, reason
		}
	}
	if m.category, reason = f.category(at); reason != "" {
		return m, reason
	}
	if f.Compute != nil {
		v, ok := f.Compute(whole(rec.Value))
		if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
			return m, "value-failed"
		}
		m.value = math.Abs(v)
		if v < 0 {
			m.value = v
		}
	}
	return m, r.judge(rec.Value, &m)
}

// inside says whether anything is taken from the message's value, which may else be anything.
func (r *Rule) inside(f *Fields) bool {
	places := append([][]string{f.Time}, f.Category...)
	if f.Compute == nil {
		places = append(places, f.Value)
	}
	leads := func(names []string) bool { return !strings.HasPrefix(names[0], "@") }
	return f.Compute != nil || r.KeepRecord != nil || slices.ContainsFunc(places, leads)
}

// judge asks the user's rule over the whole record.
func (r *Rule) judge(value []byte, m *measurement) (reason string) {
	if r.KeepRecord == nil {
		m.filtered = r.Keep != nil && !r.Keep(m.value)
		return ""
	}
	keep, ok := r.KeepRecord(whole(value), m.value, m.category)
	if !ok {
		return "keep-failed"
	}
	m.filtered = !keep
	return ""
}

// whole is the record as encoding/json sees it.
func whole(value []byte) map[string]any {
	var all map[string]any
	_ = json.Unmarshal(value, &all) // fails for numbers beyond any float alone, and goes on behind them
	return all
}

func (f *Fields) time(from message) (ns int64, reason string) {
	if f.Time[0] == "@timestamp" {
		if from.Time < 0 {
			return 0, "missing-timestamp"
		}
		return timestamp(big.NewRat(from.Time, 1e3))
	}
	got := from.find(f.Time)
	if !got.there {
		return 0, "missing-timestamp"
	}
	if got.isText && (got.outside || f.Lenient || f.TimeFormat == "rfc3339" || f.TimeFormat == "auto") {
		return f.timeOfText(got.text)
	}
	if got.number == nil || f.TimeFormat == "rfc3339" {
		return 0, "timestamp-type"
	}
	return f.timeOfNumber(got.number)
}

// timeOfText is a time in quotes, or in what knows no types.
func (f *Fields) timeOfText(text string) (ns int64, reason string) {
	if x := numberIn(text); x != nil && f.TimeFormat != "rfc3339" {
		return f.timeOfNumber(x)
	}
	if f.TimeFormat != "rfc3339" && f.TimeFormat != "auto" {
		return 0, "timestamp-type"
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, "timestamp-format"
	}
	return timestamp(new(big.Rat).Add(big.NewRat(t.Unix(), 1), big.NewRat(int64(t.Nanosecond()), 1e9)))
}

func (f *Fields) timeOfNumber(x *big.Rat) (ns int64, reason string) {
	unit := f.TimeFormat
	if unit == "auto" {
		unit = "unix_ns"
		size := new(big.Rat).Abs(x)
		for _, u := range []struct {
			name  string
			below int64
		}{{"unix_us", 1e16}, {"unix_ms", 1e13}, {"unix", 1e10}} {
			if size.Cmp(big.NewRat(u.below, 1)) < 0 {
				unit = u.name
			}
		}
	}
	perSecond := map[string]int64{"": 1, "unix": 1, "unix_ms": 1e3, "unix_us": 1e6, "unix_ns": 1e9}[unit]
	return timestamp(new(big.Rat).Quo(x, big.NewRat(perSecond, 1)))
}

func (f *Fields) value(from message) (v float64, reason string) {
	got := from.find(f.Value)
	switch {
	case !got.there:
		return 0, "missing-value"
	case got.isText && (got.outside || f.Lenient):
		return number(numberIn(got.text))
	}
	return number(got.number)
}

func (f *Fields) category(from message) (name, reason string) {
	var parts []string
	for _, names := range f.Category {
		part, reason := categoryOf(from.find(names))
		if reason != "" {
			return "", reason
		}
		parts = append(parts, part)
	}
	name = strings.Join(parts, f.Separator)
	if len(name) > 1024 {
		return "", "category-long"
	}
	return name, ""
}
