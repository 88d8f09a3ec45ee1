package record

import "testing"

// BenchmarkOption is what each way to read the same measurement costs; docs/fields.md quotes it.
func BenchmarkOption(b *testing.B) {
	const flat, nested = `{"timestamp":%d,"value":%.3f,"category":"%c"}`, `{"ts":%d,"readings":[{"v":%.3f}],"device":{"site":"%c","battery":0.7}}`
	path := Mapping{TimeField: "ts", ValueField: "readings.0.v", CategoryField: "device.site"}
	for _, c := range []struct {
		name, format string
		m            Mapping
		keep         string
	}{
		{"default", flat, Mapping{}, "value < 90"},
		{"two comparisons", flat, Mapping{}, `value < 90 && category != "test"`},
		{"rule by the library over value", flat, Mapping{}, "abs(value) < 1000"},
		{"rule over another field", flat, Mapping{}, "value < 90 && timestamp > 0"},
		{"renamed fields", `{"at":%d,"temp":%.3f,"room":"%c"}`, Mapping{TimeField: "at", ValueField: "temp", CategoryField: "room"}, "value < 90"},
		{"nested fields", nested, path, "value < 90"},
		{"nested fields, rule over another", nested, path, "value < 90 && device.battery > 0.2"},
		{"joined category", flat, Mapping{CategoryField: "category,@key"}, "value < 90"},
		{"category from the key", flat, Mapping{CategoryField: "@key"}, "value < 90"},
		{"category from a header", flat, Mapping{CategoryField: "@header:h"}, "value < 90"},
		{"Kafka's time", flat, Mapping{TimeField: "@timestamp"}, "value < 90"},
		{"milliseconds", `{"timestamp":%d000,"value":%.3f,"category":"%c"}`, Mapping{TimeFormat: "unix_ms"}, "value < 90"},
		{"auto", `{"timestamp":%d000,"value":%.3f,"category":"%c"}`, Mapping{TimeFormat: "auto"}, "value < 90"},
		{"rfc3339", `{"n":%d,"timestamp":"2025-11-24T16:00:00Z","value":%.3f,"category":"%c"}`, Mapping{TimeFormat: "rfc3339"}, "value < 90"},
		{"lenient numbers", `{"timestamp":"%d","value":"%.3f","category":"%c"}`, Mapping{LenientNumbers: true}, "value < 90"},
		{"computed value", flat, Mapping{Value: "value * timestamp"}, "value > 0"},
	} {
		b.Run(c.name, func(b *testing.B) {
			const n = 1 << 12
			records := benchRecords(c.format, n)
			d := compiled(b, c.m, c.keep)
			m := Message{Key: []byte("K"), Time: 1764000000000, Header: headers("h", "B")}
			var r Record
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				m.Value = records[i%n]
				if why := d.Decode(&m, &r); why != None {
					b.Fatal(d.Explain(why))
				}
			}
		})
	}
}

// Without this a fast path that is never taken would pass every other test.
func TestRenamedFieldsAreReadByTheFastPath(t *testing.T) {
	flat := func(m Mapping, keep string) bool { return compiled(t, m, keep).mapped.flat != nil }
	m := Mapping{TimeField: "at", ValueField: "temp", CategoryField: `ro\.om`}
	if !flat(m, "value < 90") || !flat(m, "abs(value) < 90") {
		t.Error("renamed fields are not")
	}
	for _, other := range []Mapping{{ValueField: "a.b"}, {ValueField: "a", CategoryField: "a"}, {CategoryField: "@key"}, {ValueField: "\uFFFD"},
		{TimeFormat: "auto"}, {LenientNumbers: true}, {Value: "a + category"}, {CategoryField: "a,b"}} {
		if flat(other, "") {
			t.Errorf("%+v is", other)
		}
	}
	if flat(m, "x > 0") || flat(m, "at > 0") {
		t.Error("so is a rule over a field, whose slot nobody would fill")
	}
}

func TestMappedFieldsAllocateNothing(t *testing.T) {
	d := compiled(t, Mapping{TimeField: "ts", TimeFormat: "auto", ValueField: "readings.0.v", CategoryField: "device.site,@key", LenientNumbers: true}, `value < 90 && category != "x"`)
	m := Message{Value: []byte(`{"ts":1764000000123,"readings":[{"v":"1.5"}],"device":{"site":"S","x":[1,{}]}}`), Key: []byte("K")}
	var r Record
	if n := testing.AllocsPerRun(100, func() {
		if why := d.Decode(&m, &r); why != None {
			t.Fatal(why)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
