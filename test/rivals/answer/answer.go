// Package answer is what every program of the bench that is not ours prints when it is done, so that it can be checked
// before its time counts.
package answer

import (
	"encoding/json"
	"io"
	"runtime"
)

// Answer is printed as one JSON object.
type Answer struct {
	Records int64   // read
	Means   []Mean  // of every window and category, in any order
	Mallocs uint64  // heap allocations of the process
	CPU     float64 // seconds, where what the process has used is not what is to be compared; else 0
}

// Mean is what there is to say of one window and category. Where nothing is kept there need not be one.
type Mean struct {
	Start    int64 // of the window, Unix seconds
	Category string
	Count    int64
	Mean     float64
}

// Write prints an answer, with the allocations of this process.
func Write(w io.Writer, a Answer) error {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	a.Mallocs = m.Mallocs
	return json.NewEncoder(w).Encode(a)
}
