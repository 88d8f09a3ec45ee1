package record

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkVarying is what each field costs that nobody asked for and that has another text in every record: 40 of them,
// so that the three that are asked for hardly count.
func BenchmarkVarying(b *testing.B) {
	const n, fields = 1 << 10, 40
	random := rand.New(rand.NewPCG(1, 2))
	text := func(length int) string { return benchText(random, length) }
	for _, c := range []struct {
		name  string
		field string // how the fields' names begin
		spell func() string
	}{
		{"text of 12", "name", func() string { return `"` + text(12) + `"` }},
		{"text of 16", "name", func() string { return `"` + text(16) + `"` }},
		{"text of 5 to 12", "name", func() string { return `"` + text(5+random.IntN(8)) + `"` }},
		{"text of 0 to 30", "name", func() string { return `"` + text(random.IntN(31)) + `"` }},
		{"text of 12, long name", "measurement_of_", func() string { return `"` + text(12) + `"` }},
		{"text of 12, very long name", "measurement_of_the_meter_", func() string { return `"` + text(12) + `"` }},
		{"text of 12, short name", "x", func() string { return `"` + text(12) + `"` }},
		{"number of 1 to 7", "name", func() string { return fmt.Sprint(random.IntN(1 << (1 + random.IntN(22)))) }},
		{"number with a point", "name", func() string { return fmt.Sprintf("%.3f", random.Float64()*100) }},
		{"true or false", "name", func() string { return fmt.Sprint(random.IntN(2) == 0) }},
	} {
		records := make([][]byte, n)
		for i := range records {
			line := fmt.Appendf(nil, `{"timestamp":%d,"value":%.3f`, 1764000000, random.Float64()*100)
			for k := range fields {
				line = fmt.Appendf(line, `,"%s%02d":%s`, c.field, k, c.spell())
			}
			records[i] = fmt.Appendf(line, `,"category":"%c"}`, 'A'+random.IntN(3))
		}
		b.Run(c.name, func(b *testing.B) {
			decodeInTurn(b, records)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/fields, "ns/field")
		})
	}
}
