package worker

import (
	"fmt"
	"testing"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/window"
)

// BenchmarkRead is what a record costs from a fetched batch to its aggregate, by the default rule.
func BenchmarkRead(b *testing.B) {
	const n = 10_000
	var builder batch.Builder
	for i := range n {
		builder.Append(&batch.Record{Time: testBase * 1000, Value: fmt.Appendf(nil, `{"timestamp":%d,"value":%d.%03d,"category":"%c"}`, testBase+int64(i/1000), i%100, i%997, 'A'+i%3)})
	}
	raw := builder.Seal(batch.Options{})
	rule := testRule(b)
	rule.MaxFuture = 0
	b.ReportAllocs()
	for b.Loop() {
		p := NewPartition(rule, Resume{Topic: "records", Watermark: window.NoWatermark}, testLimit)
		var w batch.Walker
		w.Reset(raw, 0, nil, true)
		if err := p.Read(&w, noTarget, 0); err != nil || p.Position() != n {
			b.Fatal(p.Position(), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
}
