package main

import (
	"encoding/json"
	"testing"

	"github.com/meanstream/meanstream/test/bench/workload"
)

// TestTheScannerReadsWhatTheLibraryReads: a rival that reads wrongly is no rival.
func TestTheScannerReadsWhatTheLibraryReads(t *testing.T) {
	for _, numbers := range []workload.Numbers{workload.Short, workload.Long} {
		p := workload.Load{Seed: 3, Partitions: 1, Records: 20_000, Numbers: numbers}.Partition(0)
		for r, ok := p.Next(); ok; r, ok = p.Next() {
			text := p.Append(nil, r)
			var want struct {
				Timestamp int64
				Value     float64
				Category  string
			}
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			got, ok := scan(text)
			if !ok || got.timestamp != want.Timestamp || got.value != want.Value || string(got.category) != want.Category {
				t.Fatalf("%s was read as %+v, %v", text, got, ok)
			}
		}
	}
}
