package partial

import (
	"fmt"
	"testing"

	"github.com/meanstream/meanstream/pkg/window"
)

// BenchmarkDecode reads a partial of a thousand categories with four measurements each; ns/entry is the number to compare.
func BenchmarkDecode(b *testing.B) {
	p := sample()
	p.Entries = nil
	for i := range 1000 {
		v := float64(i*7919%90_000) / 1000
		p.Entries = append(p.Entries, Entry{window.Bounds{End: 10e9}, fmt.Sprintf("C%05d", i), aggregate(1, v, v/3, 89.97, 53.214)})
	}
	m, err := p.Encode(1 << 20)
	if err != nil {
		b.Fatal(err)
	}
	var d Decoder
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(m[0]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(p.Entries)), "ns/entry")
}
