package result_test

import (
	"fmt"
	"testing"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/window"
)

// BenchmarkMerge merges partials of so many categories into the same ones, which are open; ns/entry is the number to compare.
func BenchmarkMerge(b *testing.B) {
	for _, categories := range []int{100, 10_000, 300_000} {
		b.Run(fmt.Sprint(categories), func(b *testing.B) {
			p := partial.Partial{Writer: "a", Chunks: 1}
			for i := range categories {
				a := &window.Aggregate{}
				a.Keep(float64(i*7919%90_000) / 1000)
				p.Entries = append(p.Entries, partial.Entry{Bounds: window.Bounds{End: 10}, Category: fmt.Sprintf("C%06d", i), Aggregate: a})
			}
			o := result.New()
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := o.Merge(0, &p); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(categories), "ns/entry")
		})
	}
}
