package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
)

// benchRecords spells n records of one second each with varying values and categories, so that no branch predictor
// learns one by heart.
func benchRecords(format string, n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	all := make([][]byte, n)
	for i := range all {
		all[i] = fmt.Appendf(nil, format, 1764000000+i, r.Float64()*100, 'A'+r.IntN(3))
	}
	return all
}

// decodeInTurn decodes one record after the other by the default mapping.
func decodeInTurn(b *testing.B, records [][]byte) {
	var d Decoder
	var r Record
	var m Message
	for i := 0; b.Loop(); i++ {
		m.Value = records[i%len(records)]
		if why := d.Decode(&m, &r); why != None {
			b.Fatal(why)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	const n = 1 << 12
	for _, c := range []struct{ name, format string }{
		{"compact", `{"timestamp":%d,"value":%.3f,"category":"%c"}`},
		{"spaced", `{"timestamp": %d, "value": %.6f, "category": "%c"}`},
		{"seventeen digits", `{"timestamp":%d,"value":%.15f,"category":"%c"}`},
		{"more fields", `{"id":"5f0c","ok":true,"timestamp":%d,"value":%.3f,"unit":"kWh","category":"%c"}`},
		{"nested", `{"timestamp":%d,"value":%.3f,"category":"%c","tags":{"room":7}}`},
	} {
		records := benchRecords(c.format, n)
		b.Run("meanstream/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(records[0])))
			decodeInTurn(b, records)
		})
		b.Run("encodingjson/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(records[0])))
			for i := 0; b.Loop(); i++ {
				var r struct {
					Timestamp json.Number
					Value     float64
					Category  string
				}
				if err := json.Unmarshal(records[i%n], &r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBacklog reads records as a fetched batch has them, one behind the other, while time moves slowly.
func BenchmarkBacklog(b *testing.B) {
	const n = 1 << 14
	for _, c := range []struct{ name, format string }{{"short numbers", "%.3f"}, {"long numbers", "%v"}} {
		random := rand.New(rand.NewPCG(1, 2))
		var all []byte
		var records [][]byte
		for i := range n {
			all = fmt.Appendf(all, `{"timestamp":%d,"value":`+c.format+`,"category":"%c"}`, 1764000000+i/5000, random.Float64()*100, 'A'+random.IntN(3))
			all = append(all, "0123456"...) // what is between two records of a batch
			records = append(records, nil)
		}
		for i, rest := 0, all; i < n; i++ {
			end := bytes.IndexByte(rest, '}') + 1
			records[i], rest = rest[:end:end], rest[end+7:]
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			decodeInTurn(b, records)
		})
	}
}

func BenchmarkReject(b *testing.B) {
	for _, value := range []string{`{"timestamp":1764000000,"value":53.2`, `{"timestamp":1764000000,"value":null,"category":"B"}`} {
		b.Run(value, func(b *testing.B) {
			b.ReportAllocs()
			var d Decoder
			for b.Loop() {
				d.Decode(&Message{Value: []byte(value)}, new(Record))
			}
		})
	}
}
