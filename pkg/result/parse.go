package result

import (
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
}

// Parse reads what AppendJSON wrote. Fields that it does not know are passed over, so that a later release may add
// some. A sum that is null comes back infinite, with the sign of the mean.
func Parse(b []byte) (Result, error) {
	var w written
	if err := json.Unmarshal(b, &w); err != nil {
		return Result{}, fmt.Errorf("parse result: %w", err)
	}
	if w.Category == nil || w.WindowStart == nil || w.WindowEnd == nil || w.Count == nil || w.Filtered == nil {
		return Result{}, fmt.Errorf("parse result %.200q: it needs category, window_start, window_end, count and filtered", b)
	}
	r := Result{
		Category: *w.Category,
		Window:   window.Bounds{Start: w.WindowStart.UnixNano(), End: w.WindowEnd.UnixNano()},
		Count:    *w.Count,
		Filtered: *w.Filtered,
	}
	if r.Count == 0 {
		return r, nil
	}
	if w.Mean == nil || w.Min == nil || w.Max == nil {
		return Result{}, fmt.Errorf("parse result %.200q: with a count of %d it needs mean, min and max", b, r.Count)
	}
	r.Mean, r.Min, r.Max = *w.Mean, *w.Min, *w.Max
	// Only what is beyond float64 is null, and a mean is on the same side of 0 as its sum.
	r.Sum, r.StdDev = math.Inf(1), math.Inf(1)
	if r.Mean < 0 {
		r.Sum = math.Inf(-1)
	}
	if w.Sum != nil {
		r.Sum = *w.Sum
	}
	if w.StdDev != nil {
		r.StdDev = *w.StdDev
	}
	return r, nil
}
