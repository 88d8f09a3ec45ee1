package oracle

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// TestOneRecord has each answer worked out by hand.
func TestOneRecord(t *testing.T) {
	usual := measurement{time: 1764000000e9, value: 53.25, category: "B"}
	timed := func(ns int64) measurement { m := usual; m.time = ns; return m }
	valued := func(v float64) measurement { m := usual; m.value = v; return m }
	named := func(s string) measurement { m := usual; m.category = s; return m }
	record := func(timestamp, value, category string) string {
		return fmt.Sprintf(`{"timestamp":%s,"value":%s,"category":%s}`, timestamp, value, category)
	}
	timestamp := func(s string) string { return record(s, "53.25", `"B"`) }
	value := func(s string) string { return record("1764000000", s, `"B"`) }
	category := func(s string) string { return record("1764000000", "53.25", s) }
	zeros := strings.Repeat("0", 100_000)

	for name, c := range map[string]struct {
		json   string
		want   measurement
		reason string
	}{
		"the usual record counts":                           {value("53.25"), usual, ""},
		"of duplicate fields the last counts":               {`{"value":"x","value":53.25,"timestamp":1764000000,"category":"B"}`, usual, ""},
		"an escape in a name is the name":                   {`{"\u0074imestamp":1764000000,"value":53.25,"category":"B"}`, usual, ""},
		"a name in another case is another name":            {`{"Timestamp":1764000000,"value":53.25,"category":"B"}`, usual, "missing-timestamp"},
		"stray bytes in a skipped field are tolerated":      {"{\"x\":\"\xff\",\"timestamp\":1764000000,\"value\":53.25,\"category\":\"B\"}", usual, ""},
		"zero bytes are empty":                              {"", usual, "empty"},
		"white space alone is not JSON":                     {" ", usual, "not-json"},
		"single quotes are not JSON":                        {`{'timestamp':1}`, usual, "not-json"},
		"NaN is not JSON":                                   {value("NaN"), usual, "not-json"},
		"10,001 levels are not JSON":                        {value(strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)), usual, "not-json"},
		"null is not an object":                             {"null", usual, "not-object"},
		"an array is not an object":                         {"[]", usual, "not-object"},
		"a timestamp of null is no number":                  {timestamp("null"), usual, "timestamp-type"},
		"a timestamp in quotes is no number":                {timestamp(`"1"`), usual, "timestamp-type"},
		"decimals of a timestamp are exact":                 {timestamp("1764000000.123456789"), timed(1764000000_123456789), ""},
		"a tenth decimal is floored":                        {timestamp("1764000000.1234567899"), timed(1764000000_123456789), ""},
		"a negative timestamp is floored, not cut":          {timestamp("-1.0000000001"), timed(-1_000000001), ""},
		"a tiny negative timestamp is a nanosecond early":   {timestamp("-1e-400000"), timed(-1), ""},
		"a tiny positive timestamp is the epoch":            {timestamp("1e-400000"), timed(0), ""},
		"minus zero with a huge exponent is the epoch":      {timestamp("-0e99999999999999999999"), timed(0), ""},
		"a huge exponent is out of range":                   {timestamp("1e400000"), usual, "timestamp-range"},
		"an exponent of 2^64+9 is not 9":                    {timestamp("1e18446744073709551625"), usual, "timestamp-range"},
		"zeros may be made up for by the exponent":          {timestamp("0." + zeros + "1e100001"), timed(1e9), ""},
		"zeros behind may be made up for by the exponent":   {timestamp("-5" + zeros + "e-100000"), timed(-5e9), ""},
		"1678 counts from its first nanosecond":             {timestamp("-9214560000"), timed(time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()), ""},
		"a hair before 1678 does not count":                 {timestamp("-9214560000.00000000001"), usual, "timestamp-range"},
		"a hair before 2262 counts":                         {timestamp("9214646399.99999999999"), timed(9214646399_999999999), ""},
		"2262 does not count":                               {timestamp("9214646400"), usual, "timestamp-range"},
		"a missing value is missed":                         {`{"timestamp":1,"category":"B"}`, usual, "missing-value"},
		"true is no value":                                  {value("true"), usual, "value-type"},
		"1E2 is a hundred":                                  {value("1E2"), valued(100), ""},
		"minus zero is zero":                                {value("-0.0"), valued(0), ""},
		"a value of tiny size is zero without a sign":       {value("-1e-400"), valued(0), ""},
		"1e999 is out of range":                             {value("1e999"), usual, "value-range"},
		"an absurd exponent is out of range":                {value("-1e99999999999999999999"), usual, "value-range"},
		"the greatest float counts":                         {value("1.797693134862315807e308"), valued(math.MaxFloat64), ""},
		"what rounds beyond the greatest float does not":    {value("1.797693134862315808e308"), usual, "value-range"},
		"2^53+1 is rounded to even":                         {value("9007199254740993"), valued(9007199254740992), ""},
		"2^53+1 and a little more is rounded up":            {value("9007199254740993." + zeros + "1"), valued(9007199254740994), ""},
		"a missing category is missed":                      {`{"timestamp":1,"value":1}`, usual, "missing-category"},
		"a number is no category":                           {category("1"), usual, "category-type"},
		"null is no category":                               {category("null"), usual, "category-type"},
		"an empty category is told":                         {category(`""`), usual, "category-empty"},
		"a category of 1,024 bytes counts":                  {category(`"` + strings.Repeat("ä", 512) + `"`), named(strings.Repeat("ä", 512)), ""},
		"a category of 1,025 bytes is too long":             {category(`"` + strings.Repeat("ä", 512) + `a"`), usual, "category-long"},
		"a zero byte is a character":                        {category(`"a\u0000"`), named("a\x00"), ""},
		"stray bytes are no category":                       {category("\"\xff\""), usual, "category-utf8"},
		"a pair of surrogates is one character":             {category(`"\ud83c\uDF0A"`), named("🌊"), ""},
		"a low surrogate alone is no category":              {category(`"\udf0a"`), usual, "category-utf8"},
		"a high surrogate alone is no category":             {category(`"\ud83cx"`), usual, "category-utf8"},
		"two high surrogates are no category":               {category(`"\ud83c\ud83c\udf0a"`), usual, "category-utf8"},
		"a replacement character that was sent counts":      {category(`"\ufffd�"`), named("��"), ""},
		"a backslash before ud83c makes it plain text":      {category(`"\\ud83c"`), named(`\ud83c`), ""},
		"what follows an escaped backslash is still judged": {category(`"\\\ud83c"`), usual, "category-utf8"},
	} {
		t.Run(name, func(t *testing.T) {
			got, reason := (&Rule{}).read(&Record{Value: []byte(c.json)})
			if reason != c.reason {
				t.Fatalf("rejected for %q, want %q", reason, c.reason)
			}
			if reason == "" && (got != c.want || math.Signbit(got.value) != math.Signbit(c.want.value)) {
				t.Errorf("read %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestTheSizeIsJudgedFirstAndATombstoneBeforeEmptiness(t *testing.T) {
	for _, c := range []struct {
		value []byte
		limit int
		want  string
	}{
		{[]byte("no"), 1, "too-large"},
		{[]byte("no"), 2, "not-json"},
		{[]byte("no"), 0, "not-json"},
		{nil, 1, "tombstone"},
		{[]byte{}, 1, "empty"},
	} {
		if _, got := (&Rule{MaxBytes: c.limit}).read(&Record{Value: c.value}); got != c.want {
			t.Errorf("%q under a limit of %d is rejected for %q, want %q", c.value, c.limit, got, c.want)
		}
	}
}
