package oracle

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Fields says where in a record the measurement stands. Names lead from the outermost object inwards; one of digits
// picks an element of an array.
type Fields struct {
	Time, Value []string
	Category    [][]string // joined where there are several
	Separator   string
	TimeFormat  string // unix (or empty), unix_ms, unix_us, unix_ns, rfc3339 or auto

	// Compute gives the value in place of the field; ok is false where it can't, or where it gives no finite number.
	Compute func(record map[string]any) (v float64, ok bool)
}

// usual are the fields of a river nobody has configured.
func usualFields() *Fields {
	return &Fields{Time: []string{"timestamp"}, Value: []string{"value"}, Category: [][]string{{"category"}}}
}

// read is decode under a rule.
func (r *Rule) read(value []byte) (m measurement, reason string) {
	fields, reason := object(value, r.MaxBytes)
	if reason != "" {
		return m, reason
	}
	f := r.Fields
	if f == nil {
		f = usualFields()
	}
	if m.time, reason = f.time(fields); reason != "" {
		return m, reason
	}
	if f.Compute == nil {
		if m.value, reason = number(find(fields, f.Value)); reason != "" {
			return m, reason
		}
	}
	if m.category, reason = f.category(fields); reason != "" {
		return m, reason
	}
	if f.Compute != nil {
		v, ok := f.Compute(whole(value))
		if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
			return m, "value-failed"
		}
		m.value = math.Abs(v)
		if v < 0 {
			m.value = v
		}
	}
	return m, r.judge(value, &m)
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

// find follows names; nil if there is nothing.
func find(fields map[string]json.RawMessage, names []string) json.RawMessage {
	raw := fields[names[0]]
	if raw == nil || len(names) == 1 {
		return raw
	}
	var inner map[string]json.RawMessage
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) == nil && elements != nil {
		inner = map[string]json.RawMessage{}
		for i, e := range elements {
			inner[strconv.Itoa(i)] = e
		}
	} else if json.Unmarshal(raw, &inner) != nil {
		return nil
	}
	return find(inner, names[1:])
}

func (f *Fields) time(fields map[string]json.RawMessage) (ns int64, reason string) {
	raw := find(fields, f.Time)
	if raw == nil {
		return 0, "missing-timestamp"
	}
	x := rational(raw)
	var text string
	if raw[0] == '"' && json.Unmarshal(raw, &text) == nil && (f.TimeFormat == "rfc3339" || f.TimeFormat == "auto") {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return 0, "timestamp-format"
		}
		x = new(big.Rat).Add(big.NewRat(t.Unix(), 1), big.NewRat(int64(t.Nanosecond()), 1e9))
		return timestamp(x)
	}
	if x == nil || f.TimeFormat == "rfc3339" {
		return 0, "timestamp-type"
	}
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
	return timestamp(x.Quo(x, big.NewRat(perSecond, 1)))
}

func (f *Fields) category(fields map[string]json.RawMessage) (name, reason string) {
	var parts []string
	for _, names := range f.Category {
		part, reason := category(find(fields, names))
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
