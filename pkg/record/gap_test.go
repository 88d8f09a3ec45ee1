package record

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// crowded is a record of many fields that nobody asked for: names of 0 to 29 bytes, texts on both sides of 8 and 16 bytes,
// and whatever else a value may be.
func crowded(version string) []byte {
	var b strings.Builder
	b.WriteString(`{"timestamp":1764000000,"value":53.214`)
	for i := range 30 {
		b.WriteString(`,"` + strings.Repeat("n", i) + `":"` + strings.Repeat("t", (i*7)%30) + version + `"`)
	}
	b.WriteString(`,"x":[` + version + `],"y":-` + version + `.5,"z":` + version + `,"":` + version + `,"category":"B","a":` + version + `,"b":` + version + `}`)
	return []byte(b.String())
}

func TestManyFieldsThatVaryAreOfTheShapeOfTheOneBefore(t *testing.T) {
	var d Decoder
	for i, version := range []string{"1", "2", "33", "4", "5555555555555555555", "6"} {
		if got := d.shape.read(crowded(version), new(Record)); got != (i > 1) {
			t.Errorf("record %d: taken for one of the shape before: %v", i, got)
		}
		d.Decode(&Message{Value: crowded(version)}, new(Record))
	}
}

// Every byte of every name, of what is around it and of the values between may be another one, or the record's last.
func TestManyFieldsThatVaryAgreeOnEveryCutAndEverySlip(t *testing.T) {
	known := crowded("2")
	check := func(value []byte) {
		t.Helper()
		var d Decoder
		for _, before := range [][]byte{crowded("1"), known} {
			if why := d.Decode(&Message{Value: before}, new(Record)); why != None {
				t.Fatal(why)
			}
		}
		var got Record
		why := d.Decode(&Message{Value: slices.Clip(value)}, &got) // so that reading behind its end panics
		if want, wantWhy := reference(value); why != wantWhy || why == None && !same(got, want) {
			t.Fatalf("%q is %v, %v, by the reference %v, %v", value, why, got, wantWhy, want)
		}
	}
	for i := range known {
		check(slices.Clone(known[:i]))
		for _, c := range []byte("\"\\ntz1 0-.e,:{}[]\x00\x1f\x80\xff") {
			slip := slices.Clone(known)
			slip[i] = c
			check(slip)
		}
	}
}

// Every byte in every place of a string, in front of its last quote, of others of all kinds, and of the end of a record.
func TestStringsAreSkippedAsJSONHasThem(t *testing.T) {
	for _, around := range []string{"x", `"`, "\x80", " ", "#", "]"} {
		for length := range 36 {
			for at := range length {
				for c := range 256 {
					text := strings.Repeat("x", at) + string([]byte{byte(c)}) + strings.Repeat(around, length-at-1) + `"`
					for _, behind := range []string{"", "0123456789abcdef"} {
						checkString(t, `"`+text+behind)
					}
				}
			}
		}
	}
}

func checkString(t *testing.T, text string) {
	t.Helper()
	end := 1
	for end < len(text) && text[end] != '"' {
		if text[end] == '\\' {
			end++
		}
		end++
	}
	want := end < len(text) && json.Valid([]byte(text[:end+1]))
	next, ok := skipString([]byte(text), 0)
	if ok != want || ok && next != end+1 {
		t.Fatalf("%q: skipped up to %d, %v, want %d, %v", text, next, ok, end+1, want)
	}
}
