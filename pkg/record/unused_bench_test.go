package record

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// benchText draws a text as people and devices write them, as long as asked for.
func benchText(random *rand.Rand, length int) string {
	letters := make([]byte, length)
	for i := range letters {
		letters[i] = "etaoin shrdlu,.-0123456789"[random.IntN(26)]
	}
	return string(letters)
}

// BenchmarkUnused is what fields cost that nobody asked for, beside encoding/json, which is told so by a struct of three
// fields. What varies is different in every record, in length too.
func BenchmarkUnused(b *testing.B) {
	const n = 1 << 10
	random := rand.New(rand.NewPCG(1, 2))
	text := func(length int) string { return benchText(random, length) }
	room := func() byte { return byte('A' + random.IntN(3)) }
	for _, c := range []struct {
		name  string
		spell func(i int, value float64) string
	}{
		{"none", func(i int, value float64) string {
			return fmt.Sprintf(`{"timestamp":%d,"value":%.3f,"category":"%c"}`, 1764000000+i, value, room())
		}},
		{"an id, a unit and a device", func(i int, value float64) string {
			return fmt.Sprintf(`{"id":"%s","timestamp":%d,"value":%.3f,"unit":"kWh","device":"meter-%d","category":"%c"}`, text(16), 1764000000+i, value, random.IntN(1e5), room())
		}},
		{"the same and 1 KB of text", func(i int, value float64) string {
			return fmt.Sprintf(`{"id":"%s","timestamp":%d,"value":%.3f,"unit":"kWh","message":"%s","device":"meter-%d","category":"%c"}`, text(16), 1764000000+i, value, text(1000+random.IntN(48)), random.IntN(1e5), room())
		}},
		{"1 KB of text with escapes", func(i int, value float64) string {
			return fmt.Sprintf(`{"timestamp":%d,"value":%.3f,"category":"%c","message":"%s"}`, 1764000000+i, value, room(), strings.ReplaceAll(text(950+random.IntN(48)), ",", `\n`))
		}},
		{"tags", func(i int, value float64) string {
			return fmt.Sprintf(`{"tags":{"site":"x%d","room":%d},"timestamp":%d,"value":%.3f,"category":"%c"}`, random.IntN(100), random.IntN(100), 1764000000+i, value, room())
		}},
		{"1 KB of numbers", func(i int, value float64) string {
			samples := make([]string, 128)
			for k := range samples {
				samples[k] = fmt.Sprintf("%.*f", random.IntN(6), random.Float64()*1000)
			}
			return fmt.Sprintf(`{"timestamp":%d,"value":%.3f,"category":"%c","samples":[%s]}`, 1764000000+i, value, room(), strings.Join(samples, ","))
		}},
	} {
		records := make([][]byte, n)
		for i := range records {
			records[i] = []byte(c.spell(i, random.Float64()*100))
		}
		unused := func(b *testing.B, read func(value []byte) error) {
			b.ReportAllocs()
			b.SetBytes(int64(len(records[0])))
			for i := 0; b.Loop(); i++ {
				if err := read(records[i%n]); err != nil {
					b.Fatal(err)
				}
			}
		}
		for who, mapping := range map[string]Mapping{"meanstream": {}, "mapped": {TimeFormat: "auto"}} {
			b.Run(who+"/"+c.name, func(b *testing.B) {
				d := compiled(b, mapping, "")
				var r Record
				var m Message
				unused(b, func(value []byte) error {
					if m.Value = value; d.Decode(&m, &r) != None {
						return fmt.Errorf("%s was rejected", value)
					}
					return nil
				})
			})
		}
		b.Run("encodingjson/"+c.name, func(b *testing.B) {
			unused(b, func(value []byte) error {
				var r struct {
					Timestamp json.Number
					Value     float64
					Category  string
				}
				return json.Unmarshal(value, &r)
			})
		})
	}
}
