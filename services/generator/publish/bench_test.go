package publish

import (
	"testing"

	"go.uber.org/zap"
)

// BenchmarkAdd is what handing a record over costs, sealing included and sending not.
func BenchmarkAdd(b *testing.B) {
	value := []byte(`{"timestamp":1764000000,"value":53.214,"category":"B"}`)
	for name, r := range map[string]Record{
		"without a key": {Value: value}, "with a key": {Value: value, Key: []byte("B")},
	} {
		b.Run(name, func(b *testing.B) {
			p := New(nil, topic, 6, zap.NewNop())
			b.SetBytes(int64(len(value)))
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Add(b.Context(), r); err != nil {
					b.Fatal(err)
				}
				select {
				case <-p.ready: // something was sealed, and is as good as sent
					for _, part := range p.parts {
						part.sealed = part.sealed[:0]
					}
				default:
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
		})
	}
}
