package record

import (
	"math"
	"strings"
	"time"
)

// with is a record that counts, as Python's json writes it, with one field's value replaced.
func with(field, raw string) string {
	s := `{"timestamp": 1764000000, "value": 53.214, "category": "B"}`
	old := map[string]string{"timestamp": "1764000000", "value": "53.214", "category": `"B"`}[field]
	return strings.Replace(s, old, raw, 1)
}

// also is a record that counts, with one more field.
func also(field string) string {
	return `{"timestamp":1764000000,"value":53.214,"category":"B",` + field + `}`
}

// usual is the record that with and also spell.
func usual() Record { return Record{Time: 1764000000e9, Value: 53.214, Category: []byte("B")} }

func at(ns int64) Record           { r := usual(); r.Time = ns; return r }
func valued(v float64) Record      { r := usual(); r.Value = v; return r }
func named(category string) Record { r := usual(); r.Category = []byte(category); return r }

type decodeCase struct {
	name  string
	value string
	why   Reason
	want  Record // if why is None
}

func shapeCases() []decodeCase {
	deep := strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999)
	return []decodeCase{
		{"the usual record counts", `{"timestamp":1764000000,"value":53.214,"category":"B"}`, None, usual()},
		{"spaces after colons and commas count", with("", ""), None, usual()},
		{"white space of all four kinds may stand anywhere", "\r\n\t {\t\"timestamp\"\n:\r1764000000 ,\n\"value\" : 53.214,\"category\"\t:\"B\"\n}\n ", None, usual()},
		{"the fields may come in any order", `{"category":"B","value":53.214,"timestamp":1764000000}`, None, usual()},
		{"an unknown string is skipped", also(`"unit":"°C"`), None, usual()},
		{"unknown numbers, booleans and nulls are skipped", also(`"a":-1.5e9,"b":true,"c":false,"d":null`), None, usual()},
		{"an unknown number may be beyond any float", also(`"a":1e999999999`), None, usual()},
		{"an unknown number may have a thousand digits", also(`"a":` + strings.Repeat("7", 1000)), None, usual()},
		{"nested unknown fields are skipped whatever they hold", also(`"x":{"timestamp":"no","value":[{"category":null}]}`), None, usual()},
		{"nested unknown fields may hold empty ones, blanks and escapes", also("\"x\" : { \"a\" : [ ] , \"\\\"}\" :{\t}, \"b\":[ [],\"]\\\\\" ,\n-0.5E-7, true,false ,null ] } "), None, usual()},
		{"an unknown string may hold every escape", also(`"x":"\"\\\/\b\f\n\r\t\u00aF\\","y":"twenty letters and more \u12345678\""`), None, usual()},
		{"an unknown long string may hold what brackets and quotes look like", also(`"x":"` + strings.Repeat(`}]{[:,'`, 100) + `"`), None, usual()},
		{"a nested value does not stand in for a missing one", `{"timestamp":1,"x":{"value":1},"category":"B"}`, MissingValue, Record{}},
		{"invalid UTF-8 in a skipped string is tolerated", also("\"x\":\"\xff\xfe\""), None, usual()},
		{"invalid UTF-8 in a skipped name is tolerated", also("\"\xff\":1"), None, usual()},
		{"a lone surrogate in a skipped string is tolerated", also(`"x":"\ud800"`), None, usual()},
		{"an escape in a name is the name", `{"\u0074imestamp":1764000000,"val\u0075e":53.214,"c\u0061tegory":"B"}`, None, usual()},
		{"a name in another case is another name", `{"Timestamp":1764000000,"value":53.214,"category":"B"}`, MissingTimestamp, Record{}},
		{"a name with a blank is another name", `{"timestamp":1764000000,"value ":53.214,"category":"B"}`, MissingValue, Record{}},
		{"of duplicate fields the last wins", `{"value":1,"timestamp":2,"category":"A","value":53.214,"category":"B","timestamp":1764000000}`, None, usual()},
		{"of duplicate fields the last wins though the first was bad", `{"value":"x","value":53.214,"timestamp":1764000000,"category":"B"}`, None, usual()},
		{"of duplicate fields the last wins though it is bad", `{"value":53.214,"timestamp":1764000000,"category":"B","value":null}`, ValueType, Record{}},
		{"a duplicate may be spelled with an escape", `{"value":1,"timestamp":1764000000,"category":"B","v\u0061lue":53.214}`, None, usual()},
		{"nesting of 10,000 levels counts", also(`"x":` + deep), None, usual()},
		{"nesting of 10,001 levels is too deep", also(`"x":[` + deep + `]`), NotJSON, Record{}},
		{"more fields than the scratch keeps count", also(strings.Repeat(`"x":[],"\u0078":1,`, 100) + manyNames(200)), None, usual()},

		{"zero bytes are empty", ``, Empty, Record{}},
		{"white space alone is not JSON", " \n", NotJSON, Record{}},
		{"a zero byte is not JSON", "\x00", NotJSON, Record{}},
		{"a byte order mark is not JSON", "\uFEFF" + also(`"a":1`), NotJSON, Record{}},
		{"a truncated record is not JSON", `{"timestamp":1764000000,"value":53.2`, NotJSON, Record{}},
		{"Python's spelling with single quotes is not JSON", `{'timestamp': 1764000000, 'value': 53.2, 'category': 'B'}`, NotJSON, Record{}},
		{"a trailing comma is not JSON", `{"timestamp":1764000000,"value":53.214,"category":"B",}`, NotJSON, Record{}},
		{"a leading comma is not JSON", `{,"timestamp":1764000000,"value":53.214,"category":"B"}`, NotJSON, Record{}},
		{"a missing comma is not JSON", `{"timestamp":1764000000 "value":53.214,"category":"B"}`, NotJSON, Record{}},
		{"a missing colon is not JSON", `{"timestamp" 1764000000,"value":53.214,"category":"B"}`, NotJSON, Record{}},
		{"two records in one message are not JSON", with("", "") + with("", ""), NotJSON, Record{}},
		{"text behind the record is not JSON", with("", "") + "x", NotJSON, Record{}},
		{"a comment is not JSON", with("", "") + "// B", NotJSON, Record{}},
		{"a vertical tab is not white space", with("", "") + "\v", NotJSON, Record{}},
		{"a newline in a skipped string is not JSON", also("\"x\":\"a\nb\""), NotJSON, Record{}},
		{"a name without quotes is not JSON", `{timestamp:1764000000,"value":53.214,"category":"B"}`, NotJSON, Record{}},
		{"a misspelled literal in a skipped field is not JSON", also(`"x":nul`), NotJSON, Record{}},
		{"a bad escape in a skipped string is not JSON", also(`"x":"\x41"`), NotJSON, Record{}},
		{"a bad escape far into a skipped string is not JSON", also(`"x":"seventeen letters\x41 and more"`), NotJSON, Record{}},
		{"an escape cut short in a skipped string is not JSON", also(`"x":"seventeen letters\u12g4 and more"`), NotJSON, Record{}},
		{"a control character far into a skipped string is not JSON", also("\"x\":\"seventeen letters\x1f and more\""), NotJSON, Record{}},
		{"a bad escape in a nested name is not JSON", also(`"x":{"\x":1}`), NotJSON, Record{}},
		{"a nested trailing comma is not JSON", also(`"x":[1,]`), NotJSON, Record{}},
		{"a trailing comma in a nested object is not JSON", also(`"x":{"a":1,}`), NotJSON, Record{}},
		{"a nested leading comma is not JSON", also(`"x":[,1]`), NotJSON, Record{}},
		{"a nested missing comma is not JSON", also(`"x":[1 2]`), NotJSON, Record{}},
		{"a nested missing colon is not JSON", also(`"x":{"a" 1}`), NotJSON, Record{}},
		{"a nested name without quotes is not JSON", also(`"x":{1:2}`), NotJSON, Record{}},
		{"a nested name without a value is not JSON", also(`"x":{"a":}`), NotJSON, Record{}},
		{"an array that ends as an object is not JSON", also(`"x":[1}`), NotJSON, Record{}},
		{"an object that ends as an array is not JSON", also(`"x":{"a":1]`), NotJSON, Record{}},
		{"a name in an array is not JSON", also(`"x":["a":1]`), NotJSON, Record{}},
		{"a skipped number with a leading zero is not JSON", also(`"x":-01`), NotJSON, Record{}},
		{"a skipped number that ends in its point is not JSON", also(`"x":[1.]`), NotJSON, Record{}},
		{"a skipped number that ends in its exponent is not JSON", also(`"x":[1e+]`), NotJSON, Record{}},
		{"a skipped number that begins with its point is not JSON", also(`"x":.5`), NotJSON, Record{}},
		{"a skipped number with a plus is not JSON", also(`"x":+5`), NotJSON, Record{}},
		{"a lone minus in a skipped field is not JSON", also(`"x":[-]`), NotJSON, Record{}},
		{"a skipped field without a value is not JSON", also(`"x":`), NotJSON, Record{}},
		{"broken JSON behind three good fields is not JSON", also(`"x":[1,2`), NotJSON, Record{}},
		{"an array is not an object", `[{"timestamp":1764000000,"value":53.214,"category":"B"}]`, NotObject, Record{}},
		{"a number is not an object", `42`, NotObject, Record{}},
		{"a string is not an object", `"timestamp"`, NotObject, Record{}},
		{"null is not an object", ` null `, NotObject, Record{}},
		{"true is not an object", `true`, NotObject, Record{}},
		{"an empty object misses its timestamp", `{}`, MissingTimestamp, Record{}},
		{"an object without timestamp is told so first", `{"value":"x"}`, MissingTimestamp, Record{}},
		{"an object without category misses it", `{"timestamp":1,"value":2}`, MissingCategory, Record{}},
		{"timestamp is judged before value and category", `{"category":1,"value":"x","timestamp":"y"}`, TimestampType, Record{}},
		{"value is judged before category", `{"category":1,"value":"x","timestamp":1}`, ValueType, Record{}},
		{"a timestamp out of range is judged before a missing value", `{"timestamp":1e99}`, TimestampRange, Record{}},
	}
}

func manyNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = `"` + strings.Repeat("n", i+1) + `":{}`
	}
	return strings.Join(names, ",")
}

func timestampCases() []decodeCase {
	first := time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	last := time.Date(2261, 12, 31, 23, 59, 59, 999_999_999, time.UTC).UnixNano()
	zeros := strings.Repeat("0", 150_000)
	return []decodeCase{
		{"a timestamp may have an exponent", with("timestamp", "1.764e9"), None, usual()},
		{"a timestamp may have a negative exponent", with("timestamp", "17640000000e-1"), None, usual()},
		{"a timestamp may have a capital exponent with a plus", with("timestamp", "1764E+6"), None, usual()},
		{"a timestamp of nine decimals is exact", with("timestamp", "1764000000.123456789"), None, at(1764000000_123456789)},
		{"a timestamp's tenth decimal is floored away", with("timestamp", "1764000000.1234567899"), None, at(1764000000_123456789)},
		{"a timestamp of many decimals is floored", with("timestamp", "1764000000."+strings.Repeat("9", 40)), None, at(1764000000_999999999)},
		{"a negative timestamp is floored, not cut", with("timestamp", "-1.0000000001"), None, at(-1_000000001)},
		{"a negative timestamp of many digits is floored, not cut", with("timestamp", "-1.00000000000000000000000001"), None, at(-1_000000001)},
		{"a whole negative timestamp with trailing zeros stays", with("timestamp", "-1.00000000000000000000000000"), None, at(-1e9)},
		{"a tiny negative timestamp is one nanosecond before the epoch", with("timestamp", "-1e-999999999"), None, at(-1)},
		{"a tiny positive timestamp is the epoch", with("timestamp", "1e-999999999"), None, at(0)},
		{"minus zero with a huge exponent is the epoch", with("timestamp", "-0e-999999999"), None, at(0)},
		{"minus zero with many decimals is the epoch", with("timestamp", "-0e-99"), None, at(0)},
		{"an exponent of 2^64+9 is not 9", with("timestamp", "1e18446744073709551625"), TimestampRange, Record{}},
		{"zero with a huge positive exponent is the epoch", with("timestamp", "0.000e999999999"), None, at(0)},
		{"a timestamp with a huge exponent is out of range", with("timestamp", "1e999999999"), TimestampRange, Record{}},
		{"an exponent beyond 64 bits is out of range", with("timestamp", "1e99999999999999999999"), TimestampRange, Record{}},
		{"a long row of zeros may be undone by the exponent", with("timestamp", "0."+zeros+"1e150001"), None, at(1e9)},
		{"a long number may be brought back by the exponent", with("timestamp", "1764000000"+zeros+"e-150000"), None, usual()},
		{"the first nanosecond of 1678 counts", with("timestamp", "-9214560000"), None, at(first)},
		{"the last nanosecond of 1677 does not", with("timestamp", "-9214560000.000000001"), TimestampRange, Record{}},
		{"a hair before 1678 is floored out of range", with("timestamp", "-9214560000.0000000000001"), TimestampRange, Record{}},
		{"the last nanosecond of 2261 counts", with("timestamp", "9214646399.999999999"), None, at(last)},
		{"a hair before 2262 is floored into range", with("timestamp", "9214646399.9999999999"), None, at(last)},
		{"the first nanosecond of 2262 does not count", with("timestamp", "9214646400"), TimestampRange, Record{}},
		{"milliseconds are out of range", with("timestamp", "1764000000000"), TimestampRange, Record{}},
		{"nanoseconds are out of range", with("timestamp", "1764000000000000000"), TimestampRange, Record{}},
		{"what would wrap 64 bits is out of range", with("timestamp", "18446744073.709551617"), TimestampRange, Record{}},
		{"the year 2100 is a time like any other", with("timestamp", "4102444800"), None, at(4102444800e9)},
		{"the year 9999 is out of range", with("timestamp", "253370764800"), TimestampRange, Record{}},
		{"a timestamp in quotes is no number", with("timestamp", `"1764000000"`), TimestampType, Record{}},
		{"a date is no number", with("timestamp", `"2025-11-24T16:00:00Z"`), TimestampType, Record{}},
		{"a timestamp of null is no number", with("timestamp", "null"), TimestampType, Record{}},
		{"a timestamp of true is no number", with("timestamp", "true"), TimestampType, Record{}},
		{"a timestamp in an array is no number", with("timestamp", "[1764000000]"), TimestampType, Record{}},
		{"a timestamp with a leading zero is not JSON", with("timestamp", "01764000000"), NotJSON, Record{}},
		{"a timestamp with a plus is not JSON", with("timestamp", "+1764000000"), NotJSON, Record{}},
		{"a timestamp that ends in its point is not JSON", with("timestamp", "1764000000."), NotJSON, Record{}},
		{"a timestamp that ends in its exponent is not JSON", with("timestamp", "1764e"), NotJSON, Record{}},
		{"a timestamp with underscores is not JSON", with("timestamp", "1_764_000_000"), NotJSON, Record{}},
	}
}

func valueCases() []decodeCase {
	zeros := strings.Repeat("0", 150_000)
	return []decodeCase{
		{"a capital exponent counts", with("value", "1E2"), None, valued(100)},
		{"minus zero is zero", with("value", "-0"), None, valued(0)},
		{"minus zero with a point and an exponent is zero", with("value", "-0.000e-5"), None, valued(0)},
		{"minus zero of twenty digits is zero", with("value", "-0.00000000000000000000"), None, valued(0)},
		{"a value too small for a float is zero", with("value", "1e-400"), None, valued(0)},
		{"a negative value too small for a float is zero without a sign", with("value", "-1e-400"), None, valued(0)},
		{"a value with an absurdly small exponent is zero", with("value", "-9e-99999999999999999999"), None, valued(0)},
		{"the smallest subnormal counts", with("value", "5e-324"), None, valued(5e-324)},
		{"half of the smallest subnormal is zero", with("value", "2.4703282292062327e-324"), None, valued(0)},
		{"a little more than half of it is the smallest subnormal", with("value", "2.4703282292062328e-324"), None, valued(5e-324)},
		{"the greatest float counts", with("value", "1.7976931348623157e308"), None, valued(math.MaxFloat64)},
		{"a value that rounds to the greatest float counts", with("value", "1.797693134862315807e308"), None, valued(math.MaxFloat64)},
		{"a value that rounds beyond it is out of range", with("value", "1.797693134862315808e308"), ValueRange, Record{}},
		{"1e999 is out of range", with("value", "1e999"), ValueRange, Record{}},
		{"-1e999 is out of range", with("value", "-1e999"), ValueRange, Record{}},
		{"an exponent beyond 64 bits is out of range", with("value", "1e99999999999999999999"), ValueRange, Record{}},
		{"zero with a huge exponent is zero", with("value", "0e999"), None, valued(0)},
		{"an exponent of 2^64+1 is not 1", with("value", "1e18446744073709551617"), ValueRange, Record{}},
		{"a value above 2^53 is not divided after rounding", with("value", "13261230549590.643"), None, valued(1.3261230549590643e13)},
		{"a value above 2^53 is not multiplied after rounding", with("value", "16949343722902775e5"), None, valued(1.6949343722902774e21)},
		{"2^53+1 is rounded to even", with("value", "9007199254740993"), None, valued(9007199254740992)},
		{"a value of nineteen digits is rounded once", with("value", "0.3000000000000000166"), None, valued(0.3)},
		{"a value of thirty digits is rounded once", with("value", "0.100000000000000005551115123125782"), None, valued(0.1)},
		{"a value halfway between two floats is decided by its last digit", with("value", "9007199254740993."+zeros+"1"), None, valued(9007199254740994)},
		{"a long row of zeros may be undone by the exponent", with("value", "0."+zeros+"1e150001"), None, valued(1)},
		{"a long number may be brought back by the exponent", with("value", "-5"+zeros+"e-150000"), None, valued(-5)},
		{"1e23 is the float below", with("value", "1e23"), None, valued(1e23)},
		{"NaN is not JSON", with("value", "NaN"), NotJSON, Record{}},
		{"Infinity is not JSON", with("value", "-Infinity"), NotJSON, Record{}},
		{"hexadecimal is not JSON", with("value", "0x1F"), NotJSON, Record{}},
		{"a value that begins with its point is not JSON", with("value", ".5"), NotJSON, Record{}},
		{"a value with a decimal comma is not JSON", with("value", "53,2"), NotJSON, Record{}},
		{"a lone minus is not JSON", with("value", "-"), NotJSON, Record{}},
		{"a string is no value", with("value", `"53.214"`), ValueType, Record{}},
		{"null is no value", with("value", "null"), ValueType, Record{}},
		{"false is no value", with("value", "false"), ValueType, Record{}},
		{"an object is no value", with("value", `{"v":1}`), ValueType, Record{}},
	}
}

func categoryCases() []decodeCase {
	return []decodeCase{
		{"a category may be any Unicode", with("category", `"Zürich 東京 🌊"`), None, named("Zürich 東京 🌊")},
		{"escapes are undone", with("category", `"\u0042\n\t\"\\\/"`), None, named("B\n\t\"\\/")},
		{"a zero byte is a character like any other", with("category", `"a\u0000b"`), None, named("a\x00b")},
		{"a pair of surrogate escapes is one character", with("category", `"\ud83c\udf0a"`), None, named("🌊")},
		{"surrogates may be spelled in capitals", with("category", `"\uD83C\uDF0A"`), None, named("🌊")},
		{"U+FFFD itself is a valid character", with("category", "\"\uFFFD\\ufffd\""), None, named("\uFFFD\uFFFD")},
		{"DEL is a valid character", with("category", "\"\x7f\""), None, named("\x7f")},
		{"white space is a valid category", with("category", `" "`), None, named(" ")},
		{"an escaped backslash before u is no escape", with("category", `"\\ud800"`), None, named(`\ud800`)},
		{"raw invalid bytes are refused", with("category", "\"B\xff\""), CategoryUTF8, Record{}},
		{"an overlong encoding is refused", with("category", "\"\xc0\xaf\""), CategoryUTF8, Record{}},
		{"a raw surrogate is refused", with("category", "\"\xed\xa0\x80\""), CategoryUTF8, Record{}},
		{"a raw character cut short is refused", with("category", "\"\xe6\x9d\""), CategoryUTF8, Record{}},
		{"a lone high surrogate is refused", with("category", `"\ud83c"`), CategoryUTF8, Record{}},
		{"a lone low surrogate is refused", with("category", `"\udf0a"`), CategoryUTF8, Record{}},
		{"surrogates the wrong way round are refused", with("category", `"\udf0a\ud83c"`), CategoryUTF8, Record{}},
		{"a high surrogate before another escape is refused", with("category", `"\ud83c\n"`), CategoryUTF8, Record{}},
		{"a high surrogate before a letter escape is refused", with("category", `"\ud83c\u0041"`), CategoryUTF8, Record{}},
		{"two high surrogates before a low one are refused", with("category", `"\ud83c\ud83c\udf0a"`), CategoryUTF8, Record{}},
		{"a high surrogate before plain text is refused", with("category", `"\ud83cudf0a"`), CategoryUTF8, Record{}},
		{"an empty category is refused", with("category", `""`), CategoryEmpty, Record{}},
		{"1,024 bytes are a category", with("category", `"`+strings.Repeat("x", 1024)+`"`), None, named(strings.Repeat("x", 1024))},
		{"1,025 bytes are too long", with("category", `"`+strings.Repeat("x", 1025)+`"`), CategoryLong, Record{}},
		{"length counts bytes after unescaping", with("category", `"`+strings.Repeat(`\u0041`, 1024)+`"`), None, named(strings.Repeat("A", 1024))},
		{"length counts bytes, not characters", with("category", `"`+strings.Repeat("é", 513)+`"`), CategoryLong, Record{}},
		{"invalid UTF-8 is judged before length", with("category", `"`+strings.Repeat("\xff", 2000)+`"`), CategoryUTF8, Record{}},
		{"a number is no category", with("category", "1"), CategoryType, Record{}},
		{"null is no category", with("category", "null"), CategoryType, Record{}},
		{"an array is no category", with("category", `["B"]`), CategoryType, Record{}},
		{"a raw tab in the category is not JSON", with("category", "\"a\tb\""), NotJSON, Record{}},
	}
}

func decodeCases() []decodeCase {
	all := append(shapeCases(), timestampCases()...)
	return append(append(all, valueCases()...), categoryCases()...)
}
