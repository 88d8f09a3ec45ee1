package also

import (
	"time"

	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/window"
)

// Results writes the results of one commit.
func (o Outputs) Results(all []result.Result) error {
	rows := make([]Row, len(all))
	for i := range all {
		r := &all[i]
		rows[i] = Row{
			Category: r.Category, Start: time.Unix(0, r.Window.Start).UTC(), End: time.Unix(0, r.Window.End).UTC(),
			Count: r.Count, Filtered: r.Filtered, Mean: r.Mean, HasMean: r.Count > 0 && r.Carried.Has(window.Mean), HasCount: r.Carried.Has(window.Count), JSON: r.AppendJSON(nil),
		}
	}
	return o.Write(rows)
}
