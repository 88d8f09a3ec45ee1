package oracle

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strings"
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
	First, Last    float64 // 0 without a kept record

	States []string // which of them are stated, in their order
}

// result works out what must be said of the members.
func (m *members) result(id identity) Result {
	r := Result{Category: id.category, Start: id.start, End: id.end, Count: int64(len(m.kept)), Filtered: m.filtered, States: common(m.asked)}
	if len(m.kept) == 0 {
		return r
	}
	var values []float64
	for _, s := range m.kept {
		values = append(values, s.value)
	}
	sum := total(values)
	mean := new(big.Rat).Quo(sum, count(values))
	r.Sum, r.Mean = nearest(sum), nearest(mean)
	r.Min, r.Max = slices.Min(values), slices.Max(values)
	r.StdDev = root(variance(values, mean))
	r.First, r.Last = ends(m.kept)
	return r
}

// JSON is the result exactly as it must stand in the results topic: category and window, then what is stated in its
// order, with filtered behind count, or before everything where there is no count. Times are in UTC as RFC 3339 has them,
// numbers in the shortest form that reads back to the same float64, null for a sum beyond float64; without a kept record
// there are only count, filtered and sum.
func (r Result) JSON() string {
	var b strings.Builder
	put := func(name string, value any) {
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		if err := e.Encode(value); err != nil {
			panic("unreachable: encode a string or a number: " + err.Error())
		}
		b.WriteString(`,"` + name + `":` + strings.TrimSuffix(text.String(), "\n"))
	}
	put("category", r.Category)
	put("window_start", instant(r.Start))
	put("window_end", instant(r.End))
	if !slices.Contains(r.States, "count") {
		put("filtered", r.Filtered)
	}
	for _, name := range r.States {
		v, known := map[string]float64{"sum": r.Sum, "mean": r.Mean, "min": r.Min, "max": r.Max, "stddev": r.StdDev, "first": r.First, "last": r.Last}[name]
		switch {
		case name == "count":
			put("count", r.Count)
			put("filtered", r.Filtered)
		case !known:
			panic("unreachable: no rule asks for " + name)
		case r.Count > 0 || name == "sum":
			put(name, numeral(v))
		}
	}
	return "{" + b.String()[1:] + "}"
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
