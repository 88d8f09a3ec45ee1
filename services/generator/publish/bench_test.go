package publish

import (
	"testing"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"go.uber.org/zap"
)

func BenchmarkAddBefore(b *testing.B) {
	p := New(broker.New(broker.Config{Brokers: []string{"x:1"}}), "records", 6, zap.NewNop())
	v := []byte(`{"timestamp":1764000000,"value":53.214,"category":"B"}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Add(b.Context(), Record{Value: v}); err != nil {
			b.Fatal(err)
		}
		for _, q := range p.parts {
			q.sealed = q.sealed[:0]
		}
	}
}
func BenchmarkNow(b *testing.B) { for b.Loop() { time.Now().UnixMilli() } }
