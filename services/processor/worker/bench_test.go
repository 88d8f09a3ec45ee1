package worker

import (
	"fmt"
	"testing"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/window"
)

// BenchmarkRead is what a record costs from a fetched batch to its aggregate, by the default rule: with numbers as sensors
// send them, as Python prints what it has computed, and among fields that nobody asked for. The processor is compiled by a
// profile of this one: see make profile.
func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name  string
		spell func(i int) []byte
	}{
		{"short numbers", func(i int) []byte {
			return fmt.Appendf(nil, `{"timestamp":%d,"value":%d.%03d,"category":"%c"}`, testBase+int64(i/1000), i%100, i%997, 'A'+i%3)
		}},
		{"long numbers", func(i int) []byte {
			return fmt.Appendf(nil, `{"timestamp": %d, "value": %v, "category": "%c"}`, testBase+int64(i/1000), float64(i%99_991)/1000.7, 'A'+i%3)
		}},
		{"among others", func(i int) []byte {
			return fmt.Appendf(nil, `{"device":"meter-%d","timestamp":%d,"value":%d.%03d,"unit":"kW","ok":%v,"seq":%d,"category":"%c"}`,
				i*7919%1000, testBase+int64(i/1000), i%100, i%997, i%5 > 0, i, 'A'+i%3)
		}},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkRead(b, c.spell) })
	}
}

func benchmarkRead(b *testing.B, spell func(i int) []byte) {
	const n = 10_000
	var builder batch.Builder
	for i := range n {
		builder.Append(&batch.Record{Time: testBase * 1000, Value: spell(i)})
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
