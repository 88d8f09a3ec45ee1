package batch

import (
	"fmt"
	"slices"
	"testing"
)

// readings are records as most are: no key, 54 bytes of JSON.
func readings(n int) []Record {
	out := make([]Record, n)
	for i := range out {
		out[i] = Record{Time: 1764000000000 + int64(i),
			Value: fmt.Appendf(nil, `{"timestamp":%d,"value":%.3f,"category":"%c"}`, 1764000000+i/1000, float64(i%997)/10, 'A'+i%3)}
	}
	return out
}

func perRecord(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n)/float64(b.N), "ns/record")
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
}

func BenchmarkBuild(b *testing.B) {
	records := readings(2000)
	for _, codec := range codecs() {
		b.Run(codec.String(), func(b *testing.B) {
			var builder Builder
			build(&builder, records, Options{Compression: codec})
			b.SetBytes(int64(builder.Len()))
			b.ReportAllocs()
			for b.Loop() {
				build(&builder, records, Options{Compression: codec})
			}
			perRecord(b, len(records))
		})
	}
}

func BenchmarkStamp(b *testing.B) {
	var builder Builder
	batch := build(&builder, readings(2000), Options{})
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	for b.Loop() {
		Stamp(batch, 7, 1, 1000, true)
	}
}

func BenchmarkWalk(b *testing.B) {
	records := readings(2000)
	for _, codec := range codecs() {
		b.Run(codec.String(), func(b *testing.B) {
			var builder Builder
			section := slices.Clone(build(&builder, records, Options{Compression: codec}))
			var w Walker
			b.SetBytes(int64(builder.Len()))
			b.ReportAllocs()
			for b.Loop() {
				w.Reset(section, 0, nil, true)
				var r Record
				n := 0
				for w.Next() {
					for w.Record(&r) {
						n++
					}
				}
				if n != len(records) {
					b.Fatal(n, w.Err())
				}
			}
			perRecord(b, len(records))
		})
	}
}
