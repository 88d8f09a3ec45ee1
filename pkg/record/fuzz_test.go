package record

import (
	"strings"
	"testing"
)

// FuzzDecode holds every path to the reference: the same verdict, time, bits of value and category.
func FuzzDecode(f *testing.F) {
	for _, c := range decodeCases() {
		if len(c.value) < 2000 { // long seeds make for slow mutation, and the table runs them anyway
			f.Add([]byte(c.value))
		}
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		agree(t, value)
	})
}

// FuzzNumbers spends the fuzzer's time on the two fields that are computed.
func FuzzNumbers(f *testing.F) {
	for _, c := range append(timestampCases(), valueCases()...) {
		timestamp, rest, _ := strings.Cut(strings.TrimPrefix(c.value, `{"timestamp": `), `, "value": `)
		value, _, _ := strings.Cut(rest, `, "category"`)
		if len(c.value) < 2000 {
			f.Add(timestamp, value)
		}
	}
	f.Fuzz(func(t *testing.T, timestamp, value string) {
		agree(t, []byte(`{"timestamp":`+timestamp+`,"value":`+value+`,"category":"B"}`))
	})
}

// FuzzKeep: whatever ParseKeep accepts, its canonical text says again.
func FuzzKeep(f *testing.F) {
	for _, s := range []string{"value < 90", "value>=-1e-7", " value\t!= 0 ", "value == 1e21", "value", "value<", "90 > value", "value < 1e999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := ParseKeep(s)
		if err != nil {
			return
		}
		again, err := ParseKeep(k.String())
		if err != nil || again.String() != k.String() {
			t.Fatalf("%q is %q, which reads back as %q, %v", s, k.String(), again.String(), err)
		}
	})
}
