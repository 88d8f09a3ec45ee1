package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/meanstream/meanstream/pkg/window"
)

// written is a result's JSON; a nil field was absent or null.
type written struct {
	Category    *string    `json:"category"`
	WindowStart *time.Time `json:"window_start"`
	WindowEnd   *time.Time `json:"window_end"`
	Count       *int64     `json:"count"`
	Filtered    *int64     `json:"filtered"`
	Sum         *float64   `json:"sum"`
	Mean        *float64   `json:"mean"`
	Min         *float64   `json:"min"`
	Max         *float64   `json:"max"`
	StdDev      *float64   `json:"stddev"`
	First       *float64   `json:"first"`
	Last        *float64   `json:"last"`
}

// Parse reads what AppendJSON wrote. Fields that it does not know are passed over, so that a later release may add
// some. What is there is what is carried; where count and sum alone are and nothing was kept, the default aggregates.
// Where count is not stated it is -1. A sum that is null comes back infinite, with the sign of the mean.
func Parse(b []byte) (Result, error) {
	var w written
	if err := json.Unmarshal(b, &w); err != nil {
		return Result{}, fmt.Errorf("parse result: %w", err)
	}
	if w.Category == nil || w.WindowStart == nil || w.WindowEnd == nil || w.Filtered == nil {
		return Result{}, fmt.Errorf("parse result %.200q: it needs category, window_start, window_end and filtered", b)
	}
	r := Result{
		Category: *w.Category,
		Window:   window.Bounds{Start: w.WindowStart.UnixNano(), End: w.WindowEnd.UnixNano()},
		Count:    -1,
		Filtered: *w.Filtered,
		Carried:  carried(b),
	}
	if w.Count != nil {
		r.Count = *w.Count
	}
	if r.Count == 0 && r.Carried == window.AggregatesOf(window.Count, window.Sum) {
		r.Carried = window.Default
	}
	if r.Count == 0 {
		return r, nil
	}
	return r, r.values(&w, b)
}

// values reads what is stated besides the counts.
func (r *Result) values(w *written, b []byte) error {
	for _, v := range []struct {
		kind window.Kind
		from *float64
		to   *float64
	}{
		{window.Mean, w.Mean, &r.Mean}, {window.Min, w.Min, &r.Min}, {window.Max, w.Max, &r.Max},
		{window.First, w.First, &r.First}, {window.Last, w.Last, &r.Last},
	} {
		if !r.Carried.Has(v.kind) {
			continue
		}
		if v.from == nil {
			return fmt.Errorf("parse result %.200q: its %s is no number", b, v.kind)
		}
		*v.to = *v.from
	}
	// Only what is beyond float64 is null, and a mean is on the same side of 0 as its sum.
	switch {
	case !r.Carried.Has(window.Sum):
	case w.Sum != nil:
		r.Sum = *w.Sum
	case r.Mean < 0:
		r.Sum = math.Inf(-1)
	default:
		r.Sum = math.Inf(1)
	}
	switch {
	case !r.Carried.Has(window.StdDev):
	case w.StdDev != nil:
		r.StdDev = *w.StdDev
	default:
		r.StdDev = math.Inf(1)
	}
	return nil
}

// carried lists the aggregates that an object, which has been read before, has, in their order.
func carried(object []byte) window.Aggregates {
	var kinds []window.Kind
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // its brace
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			break
		}
		for k := window.Count; k.Known(); k++ {
			if k.String() == name {
				kinds = append(kinds, k)
			}
		}
	}
	return window.AggregatesOf(kinds...)
}
