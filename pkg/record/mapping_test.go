package record

import (
	"regexp"
	"strings"
	"testing"
)

// compiled is a decoder for settings that must be right; an empty keep keeps all.
func compiled(t testing.TB, m Mapping, keep string) *Decoder {
	t.Helper()
	l, errs := m.Compile()
	if errs != nil {
		t.Fatal(errs)
	}
	var k Keep
	if keep != "" {
		var err error
		if k, err = ParseKeep(keep); err != nil {
			t.Fatal(err)
		}
	}
	return NewDecoder(l, k, 0)
}

func headers(pairs ...string) func(string) []byte {
	return func(name string) []byte {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return []byte(pairs[i+1])
			}
		}
		return nil
	}
}

func TestMappedRecords(t *testing.T) {
	iot := Mapping{ValueField: "readings.0.v", CategoryField: "device.site,metric", TimeField: "ts", TimeFormat: "unix_ms"}
	flat := func(m Mapping) Mapping { return m }
	const B = `{"timestamp":1764000000,"value":53.214,"category":"B"}`
	for _, c := range []struct {
		name string
		m    Mapping
		msg  Message
		why  Reason
		want Record
	}{
		{"renamed fields", Mapping{ValueField: "temp", CategoryField: "room", TimeField: "at"},
			Message{Value: []byte(`{"at":1764000000,"temp":53.214,"room":"B"}`)}, None, usual()},
		{"nested fields, an array and a joined category", iot,
			Message{Value: []byte(`{"ts":1764000000000,"metric":"t","device":{"site":"B","x":[{}]},"readings":[{"u":"C","v":53.214},{"v":1}]}`)}, None, named("B/t")},
		{"an index into an object is a name", Mapping{ValueField: "readings.0.v"},
			Message{Value: []byte(`{"timestamp":1764000000,"category":"B","readings":{"0":{"v":53.214}}}`)}, None, usual()},
		{"an array that is too short", iot, Message{Value: []byte(`{"ts":1764000000000,"metric":"t","device":{"site":"B"},"readings":[]}`)}, MissingValue, Record{}},
		{"a way that ends in a number", iot, Message{Value: []byte(`{"ts":1764000000000,"metric":"t","device":7,"readings":[{"v":1}]}`)}, MissingCategory, Record{}},
		{"a null", iot, Message{Value: []byte(`{"ts":1764000000000,"metric":"t","device":{"site":"B"},"readings":[{"v":null}]}`)}, ValueType, Record{}},
		{"of a field that comes twice the last counts, with all that is in it", iot,
			Message{Value: []byte(`{"ts":1764000000000,"metric":"t","device":{"site":"B"},"readings":[{"v":1}],"readings":[{"w":2}]}`)}, MissingValue, Record{}},
		{"dots in names", Mapping{ValueField: `a\.b.c\,d`}, Message{Value: []byte(`{"timestamp":1764000000,"category":"B","a.b":{"c,d":53.214}}`)}, None, usual()},
		{"a name that begins with an @", Mapping{ValueField: `\@value`}, Message{Value: []byte(`{"timestamp":1764000000,"category":"B","@value":53.214}`)}, None, usual()},

		{"the key is the category", Mapping{CategoryField: "@key"}, Message{Value: []byte(B), Key: []byte("K")}, None, named("K")},
		{"a message without key has no category", Mapping{CategoryField: "@key"}, Message{Value: []byte(B)}, MissingCategory, Record{}},
		{"an empty key is an empty category", Mapping{CategoryField: "@key"}, Message{Value: []byte(B), Key: []byte{}}, CategoryEmpty, Record{}},
		{"a key that is no text", Mapping{CategoryField: "@key"}, Message{Value: []byte(B), Key: []byte("\xff")}, CategoryUTF8, Record{}},
		{"topic and header make the category", Mapping{CategoryField: "@topic, @header:site", CategorySeparator: " | "},
			Message{Value: []byte(B), Topic: "in", Header: headers("site", "S")}, None, named("in | S")},
		{"a header that is missing", Mapping{CategoryField: "@topic,@header:site"}, Message{Value: []byte(B), Topic: "in", Header: headers()}, MissingCategory, Record{}},
		{"no headers at all", Mapping{CategoryField: "@header:site"}, Message{Value: []byte(B)}, MissingCategory, Record{}},
		{"an empty part of a joined category", Mapping{CategoryField: "category,x"}, Message{Value: []byte(`{"timestamp":1764000000,"value":53.214,"category":"B","x":""}`)}, CategoryEmpty, Record{}},
		{"a joined category that is too long", Mapping{CategoryField: "category,@key"}, Message{Value: []byte(B), Key: []byte(strings.Repeat("k", MaxCategory-1))}, CategoryLong, Record{}},
		{"a joined category that just fits", Mapping{CategoryField: "category,@key"}, Message{Value: []byte(B), Key: []byte(strings.Repeat("k", MaxCategory-2))}, None, named("B/" + strings.Repeat("k", MaxCategory-2))},
		{"the value from the key needs no lenience", Mapping{ValueField: "@key"}, Message{Value: []byte(B), Key: []byte("-0.0")}, None, valued(0)},
		{"a key that is no number", Mapping{ValueField: "@key"}, Message{Value: []byte(B), Key: []byte("1,5")}, ValueType, Record{}},
		{"a key that is too great a number", Mapping{ValueField: "@key"}, Message{Value: []byte(B), Key: []byte("1e999")}, ValueRange, Record{}},
		{"nothing from the value, which may be anything", Mapping{ValueField: "@header:v", CategoryField: "@key", TimeField: "@timestamp"},
			Message{Key: []byte("B"), Time: 1764000000000, Header: headers("v", "53.214")}, None, usual()},
		{"a tombstone where something is taken from the value", Mapping{CategoryField: "@key"}, Message{Key: []byte("B")}, Tombstone, Record{}},
		{"an empty value likewise", Mapping{CategoryField: "@key"}, Message{Key: []byte("B"), Value: []byte{}}, Empty, Record{}},
		{"what is not JSON is no record though only the key would be missing", Mapping{CategoryField: "@key"}, Message{Value: []byte(`{"timestamp":1,"value":1,}`)}, NotJSON, Record{}},
		{"an array is no object", Mapping{CategoryField: "@key"}, Message{Value: []byte(` [1]`)}, NotObject, Record{}},

		{"Kafka's time", Mapping{TimeField: "@timestamp"}, Message{Value: []byte(B), Time: 1764000000123}, None, at(1764000000_123e6)},
		{"Kafka's time at the epoch", Mapping{TimeField: "@timestamp"}, Message{Value: []byte(B)}, None, at(0)},
		{"no Kafka time", Mapping{TimeField: "@timestamp"}, Message{Value: []byte(B), Time: -1}, MissingTimestamp, Record{}},
		{"Kafka's time beyond ours", Mapping{TimeField: "@timestamp"}, Message{Value: []byte(B), Time: 9214646400000}, TimestampRange, Record{}},
		{"a header's time", Mapping{TimeField: "@header:at", TimeFormat: "rfc3339"}, Message{Value: []byte(B), Header: headers("at", "2025-11-24T16:00:00Z")}, None, usual()},
		{"a key's seconds", Mapping{TimeField: "@key"}, Message{Value: []byte(B), Key: []byte("1764000000.5")}, None, at(1764000000_5e8)},
		{"a key that is no seconds", Mapping{TimeField: "@key"}, Message{Value: []byte(B), Key: []byte("2025-11-24T16:00:00Z")}, TimestampType, Record{}},

		{"a value in quotes", flat(Mapping{LenientNumbers: true}), Message{Value: []byte(with("value", `"53.214"`))}, None, usual()},
		{"a value in quotes with an escape", flat(Mapping{LenientNumbers: true}), Message{Value: []byte(with("value", `"53\u002e214"`))}, None, usual()},
		{"a value in quotes with blanks", flat(Mapping{LenientNumbers: true}), Message{Value: []byte(with("value", `" 53.214"`))}, ValueType, Record{}},
		{"an empty value in quotes", flat(Mapping{LenientNumbers: true}), Message{Value: []byte(with("value", `""`))}, ValueType, Record{}},
		{"a value in quotes of many digits", flat(Mapping{LenientNumbers: true}), Message{Value: []byte(with("value", `"53.2140000000000000000000000000000000000000000"`))}, None, usual()},
		{"NaN in quotes", flat(Mapping{LenientNumbers: true}), Message{Value: []byte(with("value", `"NaN"`))}, ValueType, Record{}},
		{"a time in quotes", flat(Mapping{LenientNumbers: true}), Message{Value: []byte(with("timestamp", `"1764000000"`))}, None, usual()},
		{"a value in quotes without lenience", flat(Mapping{ValueField: "v"}), Message{Value: []byte(`{"timestamp":1,"v":"1","category":"B"}`)}, ValueType, Record{}},
		{"lenience does not make categories of numbers", flat(Mapping{LenientNumbers: true}), Message{Value: []byte(with("category", `7`))}, CategoryType, Record{}},
		{"escapes in a mapped category", Mapping{CategoryField: "c"}, Message{Value: []byte(`{"timestamp":1764000000,"value":53.214,"c":"\u0042"}`)}, None, usual()},
		{"half a pair in a mapped category", Mapping{CategoryField: "c"}, Message{Value: []byte(`{"timestamp":1764000000,"value":53.214,"c":"\ud800"}`)}, CategoryUTF8, Record{}},
		{"the default spelled out", Mapping{ValueField: "value", CategoryField: "category", TimeField: "timestamp", CategorySeparator: "/", TimeFormat: "unix"}, Message{Value: []byte(B)}, None, usual()},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Record{}
			d := compiled(t, c.m, "")
			if why := d.Decode(&c.msg, &got); why != c.why {
				t.Fatalf("judged %v, want %v", why, c.why)
			}
			if !same(got, c.want) {
				t.Fatalf("read as %v, want %v", got, c.want)
			}
			if s := d.Explain(c.why); c.why != None && !regexp.MustCompile(`^The .{30,300}\.$`).MatchString(s) {
				t.Errorf("not a sentence: %q", s)
			}
		})
	}
}

func TestTimeFormats(t *testing.T) {
	for _, c := range []struct {
		format, raw string
		why         Reason
		want        int64
	}{
		{"unix_ms", "1764000000123", None, 1764000000_123e6},
		{"unix_ms", "1764000000123.4567891", None, 1764000000_123456789},
		{"unix_ms", "-0.0000001", None, -1},
		{"unix_ms", "1.764e12", None, 1764000000e9},
		{"unix_ms", "9214646400000", TimestampRange, 0},
		{"unix_ms", "1764000000123.00000000000000000000000000000001", None, 1764000000_123e6},
		{"unix_us", "1764000000123456.7", None, 1764000000_123456700},
		{"unix_ns", "1764000000123456789", None, 1764000000_123456789},
		{"unix_ns", "1764000000123456789.9", None, 1764000000_123456789},
		{"unix_ns", `"1764000000123456789"`, TimestampType, 0},
		{"unix_ns", "9214646400000000000", TimestampRange, 0},
		{"rfc3339", `"2025-11-24T16:00:00Z"`, None, 1764000000e9},
		{"rfc3339", `"2025-11-24T17:00:00.5+01:00"`, None, 1764000000_5e8},
		{"rfc3339", `"2025-11-24T16:00:00.1234567899Z"`, None, 1764000000_123456789},
		{"rfc3339", `"1677-12-31T23:59:59Z"`, TimestampRange, 0},
		{"rfc3339", `"2025-11-24 16:00:00Z"`, TimestampFormat, 0},
		{"rfc3339", `"2025-11-24T16:00:00"`, TimestampFormat, 0},
		{"rfc3339", `"2025-11-24T16:00:60Z"`, TimestampFormat, 0},
		{"rfc3339", `"1764000000"`, TimestampFormat, 0},
		{"rfc3339", `1764000000`, TimestampType, 0},
		{"rfc3339", `null`, TimestampType, 0},
		{"auto", `"2025-11-24T16:00:00Z"`, None, 1764000000e9},
		{"auto", `"1764000000123"`, None, 1764000000_123e6},
		{"auto", `"yesterday"`, TimestampFormat, 0},
		{"auto", "1764000000.5", None, 1764000000_5e8},
		{"auto", "0", None, 0},
		{"auto", "0e99", None, 0},
		{"auto", "9214646399", None, 9214646399e9},
		{"auto", "9999999999", TimestampRange, 0},
		{"auto", "-9999999999", TimestampRange, 0},
		{"auto", "10000000000", None, 10000000e9},
		{"auto", "-10000000000", None, -10000000e9},
		{"auto", "1764000000123", None, 1764000000_123e6},
		{"auto", "9999999999999", TimestampRange, 0},
		{"auto", "10000000000000", None, 10000000e9},
		{"auto", "1764000000123456", None, 1764000000_123456e3},
		{"auto", "10000000000000000", None, 10000000e9},
		{"auto", "1764000000123456789", None, 1764000000_123456789},
		{"auto", "1.764e9", None, 1764000000e9},
		{"auto", "1764000000123.00000000000000000000000000000001", None, 1764000000_123e6},
		{"auto", "18446744073709551615", TimestampRange, 0},
		{"auto", "true", TimestampType, 0},
	} {
		t.Run(c.format+" "+c.raw, func(t *testing.T) {
			got := Record{}
			d := compiled(t, Mapping{TimeFormat: c.format}, "")
			if why := d.Decode(&Message{Value: []byte(with("timestamp", c.raw))}, &got); why != c.why || got.Time != c.want {
				t.Fatalf("judged %v and read as %d, want %v and %d", why, got.Time, c.why, c.want)
			}
		})
	}
}

func TestMappingsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		m    Mapping
		want []string
	}{
		{"an empty name", Mapping{ValueField: "a..b"}, []string{"--value-field has an empty name"}},
		{"a dot at the end", Mapping{TimeField: "a."}, []string{"--time-field has an empty name"}},
		{"a comma at the end", Mapping{CategoryField: "a,"}, []string{"--category-field has an empty name"}},
		{"an odd escape", Mapping{ValueField: `a\n`}, []string{`--value-field has a backslash before`}},
		{"a backslash at the end", Mapping{ValueField: `a\`}, []string{`--value-field has a backslash before`}},
		{"a word with an @", Mapping{ValueField: "@offset"}, []string{"--value-field is not known: write @key, @timestamp, @topic, @header:NAME"}},
		{"a header without a name", Mapping{CategoryField: "@header:"}, []string{"--category-field names no header"}},
		{"Kafka's time as value", Mapping{ValueField: "@timestamp"}, []string{"--value-field can't come from @timestamp"}},
		{"Kafka's time as category", Mapping{CategoryField: "a,@timestamp"}, []string{"--category-field can't come from @timestamp"}},
		{"the topic as time", Mapping{TimeField: "@topic"}, []string{"--time-field can't come from @topic"}},
		{"a format for Kafka's time", Mapping{TimeField: "@timestamp", TimeFormat: "unix_ms"}, []string{"--time-field is Kafka's own time, which has no format"}},
		{"an unknown format", Mapping{TimeFormat: "iso"}, []string{"--time-format is not known: write unix, unix_ms, unix_us, unix_ns, rfc3339 or auto"}},
		{"a long separator", Mapping{CategorySeparator: strings.Repeat("-", 17)}, []string{"--category-separator is no separator"}},
		{"too deep", Mapping{ValueField: strings.Repeat("a.", 32) + "a"}, []string{"--value-field is a path of 33 names"}},
		{"too long", Mapping{ValueField: strings.Repeat("a", 513)}, []string{"--value-field is a path of 513 bytes"}},
		{"too many parts", Mapping{CategoryField: strings.Repeat("a,", 16) + "a"}, []string{"--category-field names 17 fields"}},
		{"both value and a field", Mapping{Value: "a * b", ValueField: "c"}, []string{"--value-field can't be read where --value computes it"}},
		{"a value that is no number", Mapping{Value: `"a"`}, []string{"--value must give a number"}},
		{"a value that is true or false", Mapping{Value: `a > b`}, []string{"--value must give a number"}},
		{"everything at once", Mapping{ValueField: ".", CategoryField: "", TimeField: "@", TimeFormat: "x", Value: "a +"},
			[]string{"--value-field ", "--time-format ", "--time-field ", "--value at character 3: unexpected token EOF"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, errs := c.m.Compile()
			if len(errs) != len(c.want) {
				t.Fatalf("%d errors, want %d: %v", len(errs), len(c.want), errs)
			}
			for i, err := range errs {
				if !strings.HasPrefix(err.Error(), c.want[i]) {
					t.Errorf("%q does not begin with %q", err, c.want[i])
				}
			}
		})
	}
}

func TestMappingsHaveOneText(t *testing.T) {
	for _, c := range []struct {
		name string
		m    Mapping
		want string
	}{
		{"the zero mapping", Mapping{}, ""},
		{"the default spelled out", Mapping{ValueField: "value", CategoryField: " category ", TimeField: "timestamp", TimeFormat: "unix"}, ""},
		{"a separator of nothing", Mapping{CategorySeparator: "|"}, ""},
		{"a joined category", Mapping{CategoryField: `a\.b , @header:c\,d`, CategorySeparator: "\x1f"}, "category-field a\\.b,@header:c\\,d\ncategory-separator \"\\x1f\"\n"},
		{"all", Mapping{Value: "price*quantity", TimeField: "@key", TimeFormat: "auto", LenientNumbers: true},
			"time-field @key\ntime-format auto\nvalue price * quantity\nlenient-numbers true\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, errs := c.m.Compile()
			if errs != nil || l.String() != c.want {
				t.Errorf("%q, want %q: %v", l, c.want, errs)
			}
		})
	}
}

func TestSentencesNameTheMapping(t *testing.T) {
	m := Mapping{ValueField: "readings.0.v", CategoryField: "device.site,@header:kind", TimeField: "at", TimeFormat: "unix_ms"}
	for _, c := range []struct{ value, want string }{
		{`{"readings":[{"v":1}]}`, `The field "at" is missing (names are case-sensitive): give the milliseconds since 1970 as a number.`},
		{`{"at":1e99}`, `The field "at" lies outside the years 1678 to 2261 as --time-format=unix_ms reads it.`},
		{`{"at":1}`, `The field "readings.0.v" is missing (names are case-sensitive): give the measurement as a number, such as 53.214.`},
		{`{"at":1,"readings":[{"v":"1"}]}`, `The field "readings.0.v" is not a number: give the measurement without quotes, such as 53.214.`},
		{`{"at":1,"readings":[{"v":1}],"device":{"site":1}}`, `The field "device.site" is not a string: put the name in double quotes, such as "B".`},
		{`{"at":1,"readings":[{"v":1}],"device":{"site":"S"}}`, `The header "kind" is missing (names are case-sensitive): give the name under which to average, such as "B".`},
	} {
		d := compiled(t, m, "")
		why := d.Decode(&Message{Value: []byte(c.value)}, new(Record))
		if got := d.Explain(why); got != c.want {
			t.Errorf("%s: %q, want %q", c.value, got, c.want)
		}
	}
	d := compiled(t, Mapping{}, "value < 90")
	for _, why := range Reasons() {
		if d.Explain(why) != why.Explain() {
			t.Errorf("the default mapping explains %v by %q", why, d.Explain(why))
		}
	}
}
