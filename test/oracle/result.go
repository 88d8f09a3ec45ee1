package oracle

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"time"
)

// Result is what must be published of one category in one window.
type Result struct {
	Category   string
	Start, End int64   // of the window, half open, in nanoseconds since the Unix epoch
	Count      int64   // records kept
	Filtered   int64   // valid records in time that the rule left out
	Sum        float64 // ±Inf where it is beyond float64; 0 without a kept record

	Mean, Min, Max float64 // 0 without a kept record
	StdDev         float64 // of the population; 0 without a kept record
}

// result works out what must be said of the members.
func (m *members) result(id identity) Result {
	r := Result{Category: id.category, Start: id.start, End: id.end, Count: int64(len(m.kept)), Filtered: m.filtered}
	if len(m.kept) == 0 {
		return r
	}
	sum := total(m.kept)
	mean := new(big.Rat).Quo(sum, count(m.kept))
	r.Sum, r.Mean = nearest(sum), nearest(mean)
	r.Min, r.Max = slices.Min(m.kept), slices.Max(m.kept)
	r.StdDev = root(variance(m.kept, mean))
	return r
}

// JSON is the result exactly as it must stand in the results topic: times in UTC as RFC 3339 has them, numbers in the
// shortest form that reads back to the same float64, null for a sum beyond float64, and without a kept record no mean,
// min, max or stddev.
func (r Result) JSON() string {
	written := struct {
		Category string          `json:"category"`
		Start    string          `json:"window_start"`
		End      string          `json:"window_end"`
		Count    int64           `json:"count"`
		Filtered int64           `json:"filtered"`
		Sum      json.RawMessage `json:"sum"`
		Mean     json.RawMessage `json:"mean,omitempty"`
		Min      json.RawMessage `json:"min,omitempty"`
		Max      json.RawMessage `json:"max,omitempty"`
		StdDev   json.RawMessage `json:"stddev,omitempty"`
	}{
		Category: r.Category, Start: instant(r.Start), End: instant(r.End),
		Count: r.Count, Filtered: r.Filtered, Sum: numeral(r.Sum),
	}
	if r.Count > 0 {
		written.Mean, written.Min, written.Max, written.StdDev = numeral(r.Mean), numeral(r.Min), numeral(r.Max), numeral(r.StdDev)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(written); err != nil {
		panic("unreachable: encode a struct of strings and numbers: " + err.Error())
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func instant(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func numeral(f float64) json.RawMessage {
	if math.IsInf(f, 0) {
		return json.RawMessage("null")
	}
	b, err := json.Marshal(f)
	if err != nil {
		panic("unreachable: encode a finite number: " + err.Error())
	}
	return b
}
