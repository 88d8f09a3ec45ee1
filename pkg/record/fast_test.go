package record

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Without this a fast path that always hands over would pass every other test.
func TestFastReadsTheUsualSpellingsItself(t *testing.T) {
	for _, value := range []string{
		`{"timestamp":1764000000,"value":53.214,"category":"B"}`,
		`{"timestamp": 1764000000, "value": 53.214, "category": "B"}`,
		"{\n  \"category\": \"B\",\n  \"value\": 53.214,\n  \"timestamp\": 1764000000\n}\n",
		`{"timestamp":1764000000.123456,"value":-0.25,"category":"living room"}`,
		`{"timestamp":1.764e9,"value":1E-7,"category":"B"}`,
		`{"timestamp":-1,"value":1e300,"category":"B"}`,
		`{"timestamp":1764000000,"value":0.00012345678901234567,"category":"Zürich"}`,
		`{"id":"a-17","ok":true,"bad":false,"next":null,"n":-1.5e-3,"timestamp":1764000000,"value":53,"category":"B"}`,
		also(`"tags":{"site":"x","rooms":[7,{}]},"list":[]`), also(`"x":"a\"b\u00e9"`), also(`"x":{"\u0061":"\\"}`), also("\"x\":\"\xff\""),
		also(`"n":12345678901234567890.12345678901234567890e12345678901234567890`), also(`"x":` + nested(maxDepth-1)),
	} {
		if !fast([]byte(value), new(Record), new(spots)) {
			t.Errorf("fast handed over %s", value)
		}
		agree(t, []byte(value))
	}
	for _, value := range []string{also(`"\u0078":1`), also(`"x":` + nested(maxDepth)), with("value", "12345678901234567890")} {
		if fast([]byte(value), new(Record), new(spots)) {
			t.Errorf("fast read %s", value)
		}
		agree(t, []byte(value))
	}
}

// nested is arrays in arrays, this many levels of them.
func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestFastAllocatesNothing(t *testing.T) {
	var d Decoder
	var r Record
	for _, value := range []string{
		`{"timestamp":1764000000,"value":53.214,"category":"B"}`,
		`{"timestamp":1764000000.123456789,"value":-0.000123456789012345678,"category":"Zürich","unit":"°C"}`,
		`{"timestamp":1764000000,"value":1.234567890123456789e-300,"category":"B"}`,
		also(`"tags":{"site":"x\n","rooms":[7,{}]}`),
	} {
		m := Message{Value: []byte(value)}
		if n := testing.AllocsPerRun(100, func() { d.Decode(&m, &r) }); n != 0 {
			t.Errorf("%v allocations for %s", n, value)
		}
	}
}

// Every prefix is a record cut short, every single byte replaced is a slip: the places where a hand scanner reads past
// an end or takes one character for another.
func TestFastAgreesOnEveryCutAndEverySlip(t *testing.T) {
	for _, value := range []string{
		`{"timestamp":-1764000000.5e0,"value":53.214,"category":"Bé","x":true}`,
		` { "x" : "y" , "category" : "B" , "value" : -1E+2 , "timestamp" : 0 , "n" : null } `,
		`{"timestamp":1,"x":{"a":"ten letters\n","b" : [true,-0.5e1 ,{}]},"value":2,"category":"B","y":[ ],"z":"\u00eB"}`,
	} {
		for i := range len(value) + 1 {
			agree(t, []byte(value[:i]))
		}
		for i := range len(value) {
			for c := range 256 {
				b := []byte(value)
				b[i] = byte(c)
				agree(t, b)
			}
		}
	}
}

func drawNumber(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.StringMatching(`-?(0|[1-9][0-9]{0,25})(\.0{0,12}[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?`),
		rapid.StringMatching(`-?(9214[56][0-9]{5}|9214560000|9214646399|0)(\.(0|9){1,22}[0-9]?)?`),
		rapid.StringMatching(`-?0\.0{0,30}[0-9]{0,5}1e[+-]?[0-9]{1,12}`),
		rapid.StringMatching(`-?[0-9.eE+-]{1,8}`),
		rapid.Map(rapid.Float64(), func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }),
		rapid.Map(rapid.Int64(), func(v int64) string { return strconv.FormatInt(v, 10) }),
	).Draw(t, label)
}

func drawString(t *rapid.T, label string) string {
	pieces := rapid.SliceOfN(rapid.SampledFrom([]string{
		"B", "room 7", "é", "🌊", `\u0042`, `\ud83c`, `\udf0a`, `\\`, `\"`, `\n`, `\u0000`, `\ufffd`, "\uFFFD", "\xff",
		"\xe6\x9d", "\x7f", "\n", `\q`, `\u12`, strings.Repeat("x", 500),
	}), 0, 4).Draw(t, label)
	return `"` + strings.Join(pieces, "") + `"`
}

func drawValue(t *rapid.T, label string) string {
	switch rapid.IntRange(0, 9).Draw(t, label+" kind") {
	case 0:
		return rapid.SampledFrom([]string{"null", "true", "false", "nul", "{}", "[]", `[1,{"value":2}]`, `{"value":`, ""}).Draw(t, label)
	case 1, 2, 3:
		return drawString(t, label)
	default:
		return drawNumber(t, label)
	}
}

func TestDecodeAgreesWithTheReferenceOnDrawnRecords(t *testing.T) {
	name := rapid.SampledFrom([]string{
		`"timestamp"`, `"value"`, `"category"`, `"Value"`, `"val\u0075e"`, `"x"`, `""`, "\"\xff\"", `"timestamp2"`,
	})
	space := rapid.SampledFrom([]string{"", "", "", " ", "\t", "\r\n", "\v"})
	rapid.Check(t, func(t *rapid.T) {
		gap := space.Draw(t, "gap")
		var parts []string
		// The three fields nearly always, so that most records come near to counting.
		if rapid.IntRange(0, 9).Draw(t, "whole") > 0 {
			parts = append(parts,
				`"timestamp":`+gap+drawNumber(t, "timestamp"),
				`"value":`+gap+drawNumber(t, "value"),
				`"category":`+gap+drawString(t, "category"))
		}
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			parts = append(parts, name.Draw(t, "name")+gap+":"+drawJSON(t, 2)+gap)
		}
		parts = rapid.Permutation(parts).Draw(t, "order")
		agree(t, []byte(gap+"{"+gap+strings.Join(parts, ","+gap)+"}"+gap))
	})
}
