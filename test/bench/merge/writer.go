package main

import (
	"time"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/window"
	"github.com/meanstream/meanstream/test/bench/growth"
)

const (
	begin     = 1764000000 // Unix
	values    = 4          // in each aggregate of a partial
	mostBytes = 900 << 10  // of a message, as the processor has it
)

// writer makes the partials of one source partition: each has all categories, in one window.
type writer struct {
	categories int
	expected   *growth.Expected
	read       int64
	drawn      uint64
}

// next is one partial as messages; what must come of it is counted.
func (w *writer) next() ([][]byte, error) {
	set := window.NewSet(window.Setting{Windows: window.Windows{Size: int64(growth.Window)}})
	at := window.Place{Time: begin * int64(time.Second), Watermark: window.NoWatermark}
	for number := range w.categories {
		name := []byte(growth.Category(number))
		for range values {
			w.drawn = w.drawn*6364136223846793005 + 1442695040888963407 // Knuth's: cheap, and the values need only differ
			v := float64(w.drawn>>33%90_000) / 1000
			set.Keep(at, name, v)
			w.expected.Count(growth.Record{Second: begin, Value: v, Category: number})
		}
	}
	count := int64(w.categories) * values
	p := partial.Partial{Group: "processor", Writer: "processor/merge", SourcePartitions: 1, Placement: 1, Sources: []partial.Source{{
		First: w.read == 0, From: w.read, To: w.read + count, Watermark: begin * int64(time.Second), Kept: count,
	}}}
	w.read += count
	set.All(func(b window.Bounds, category string, a *window.Aggregate) bool {
		p.Entries = append(p.Entries, partial.Entry{Bounds: b, Category: category, Aggregate: a})
		return true
	})
	return p.Encode(mostBytes)
}
