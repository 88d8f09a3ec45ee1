package record

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// agreeInRow holds a decoder that has read the records before to the reference, record by record.
func agreeInRow(t interface {
	Helper()
	Fatalf(string, ...any)
}, values ...[]byte) {
	t.Helper()
	renamed := NewDecoder(nil, Keep{}, 0)
	renamed.mapped = newMapped(nil, nil, &renamed.scope)
	renamed.mapped.flat = &flatNames{"timestamp", "value", "category"}
	for who, d := range map[string]*Decoder{"Decode": {}, "Decode by name": renamed} {
		for i, value := range values {
			before := string(value)
			value = slices.Clip(append([]byte{}, value...)) // so that reading behind its end panics
			want, wantWhy := reference(value)
			got := Record{Time: 7}
			why := d.Decode(&Message{Value: value}, &got)
			if why != wantWhy {
				t.Fatalf("%s judged record %d, %q, %v, the reference %v", who, i, clip(before), why, wantWhy)
			}
			if why != None {
				want = Record{Time: 7}
			}
			if !same(got, want) {
				t.Fatalf("%s read record %d, %q, as %v, the reference as %v", who, i, clip(before), got, want)
			}
			if string(value) != before {
				t.Fatalf("the input %q was overwritten", clip(before))
			}
		}
	}
}

// FuzzShape: what was read before never changes how a record is read.
func FuzzShape(f *testing.F) {
	usual := `{"timestamp":1764000000,"value":53.214,"category":"B"}`
	for _, second := range []string{
		usual, `{"timestamp":1764000001,"value":5,"category":"room 7"}`, `{"timestamp":17640000001,"value":53.214,"category":"B"}`,
		`{"timestamp":1764000000,"value":53.214,"category":"B"} `, `{"timestamp":1764000000,"value":53.214,"category":"B"`,
		`{"timestamp":1764000000,"value":53.214e1,"category":"B"}`, `{"timestamp":1764000000,"value":"53","category":"B"}`,
		`{"timestamp":1764000000,"value":53.214,"category":"B\"}`, `{"timestamp":1764000000,"value":53.214,"category":""}`,
		`{"timestamp":1764000000.5,"value":-0,"category":"é"}`, `{"timestamp":99999999999,"value":1,"category":"B"}`,
	} {
		f.Add([]byte(usual), []byte(second))
		f.Add([]byte(second), []byte(usual))
	}
	f.Add([]byte(`{"value":1,"value":2,"timestamp":3,"category":"B"}`), []byte(`{"value":1,"value":4,"timestamp":3,"category":"C"}`))
	f.Add([]byte(`{"id":"a","timestamp":1,"value":2,"tags":{"b":[1]},"category":"B"}`), []byte(`{"id":"b","timestamp":1,"value":2,"tags":[{"b":1}],"category":"B"}`))
	f.Add(crowded("1"), crowded("22"))
	f.Add([]byte(`{ "category" : "B" , "x":[] , "value":1 , "timestamp" : 3 }`), []byte(`{ "category" : "B" , "x":[] , "value":1 , "timestamp" : 4 }`))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		agreeInRow(t, first, second, first, second)
	})
}

// TestRecordsOfOneShapeAgreeWithTheReference draws what stands around the values once, and values for many records, of
// fields too that nobody asked for.
func TestRecordsOfOneShapeAgreeWithTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gap := rapid.SampledFrom([]string{"", " ", "\t", "\n  "}).Draw(t, "gap")
		order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5}).Draw(t, "order")
		more := rapid.SampledFrom([]string{`"x":null`, `"value":1`, `"timestamp":"no"`, `"category":"A"`, `"id":"5f0c"`}).Draw(t, "more")
		var values [][]byte
		for range rapid.IntRange(2, 12).Draw(t, "records") {
			parts := []string{
				`"timestamp":` + gap + rapid.OneOf(rapid.StringMatching(`176400000[01]`), rapid.StringMatching(`1764000000\.[0-9]{3}`), rapid.Custom(func(t *rapid.T) string { return drawNumber(t, "time") })).Draw(t, "time"),
				`"value":` + gap + drawNumber(t, "value"),
				`"category":` + gap + rapid.OneOf(rapid.SampledFrom([]string{`"A"`, `"B"`, `"room 7"`, `"Zürich"`}), rapid.Custom(func(t *rapid.T) string { return drawString(t, "category") })).Draw(t, "category"),
				more,
				rapid.SampledFrom([]string{`"flag":true`, `"flag":true`, `"flag":false`}).Draw(t, "flag"),
				`"id":` + gap + drawJSON(t, 2),
			}
			var sorted []string
			for _, i := range order {
				sorted = append(sorted, parts[i])
			}
			values = append(values, []byte("{"+gap+strings.Join(sorted, gap+","+gap)+gap+"}"+gap))
		}
		agreeInRow(t, values...)
	})
}

// Without these a shape that never fits would pass every other test.
func TestTheUsualRecordsAreOfTheShapeOfTheOneBefore(t *testing.T) {
	for name, rows := range map[string][]string{
		"usual":            {`{"timestamp":1764000000,"value":53.214,"category":"B"}`, `{"timestamp":1764000000,"value":5.1,"category":"room 7"}`, `{"timestamp":1764000001,"value":-53,"category":"B"}`},
		"as Python prints": {`{"timestamp": 1764000000.25, "value": 1.2345678901234567, "category": "B"}`, `{"timestamp": 1764000000.375, "value": 0.1, "category": "é"}`},
		"others the same":  {`{"id":7,"value":1,"tags":{"a":[1]},"category":"B","timestamp":1}`, `{"id":7,"value":2,"tags":{"a":[1]},"category":"C","timestamp":1}`},
		"time last":        {`{"category":"B","unit":"kWh","value":1e-7,"timestamp":1}`, `{"category":"C","unit":"kWh","value":2,"timestamp":1.5}` + ""},
	} {
		var s shape
		for i, text := range rows {
			var r Record
			if got := s.read([]byte(text), &r); got != (i > 0) {
				t.Errorf("%s: record %d, %s: taken for one of the shape before: %v", name, i, text, got)
			}
			var at spots
			if !fast([]byte(text), &r, &at) {
				t.Fatalf("%s is not for fast", text)
			}
			s.learn([]byte(text), at, r.Time)
		}
	}
}

// What differs for the first time has to be learnt.
func TestFieldsThatNobodyAskedForMayVaryInAShape(t *testing.T) {
	var d Decoder
	for i, c := range []struct {
		text string
		fits bool
	}{
		{`{"id":"a","timestamp":1,"ok":true,"value":2,"tags":{"a":[1]},"category":"B","n":1}`, false},
		{`{"id":"b","timestamp":1,"ok":true,"value":2,"tags":{"a":[1]},"category":"B","n":2}`, false},
		{`{"id":"c\n","timestamp":2,"ok":true,"value":3,"tags":{"a":[1]},"category":"C","n":{"a":[]}}`, true},
		{`{"id":null,"timestamp":2,"ok":false,"value":4,"tags":{"a":[1]},"category":"C","n":-5e7}`, false},
		{`{"id":"c\n","timestamp":2,"ok":true,"value":3,"tags":{"a":[1]},"category":"C","n":2}`, true},
		{`{"id":"e","timestamp":2,"ok":true,"value":3,"tags":{"a":[2]},"category":"C","n":2}`, false},
		{`{"id":"f","timestamp":2,"ok":false,"value":3,"tags":[],"category":"C","n":2}`, true},
		{`{"id":"f","timestamp":2,"ok":fals,"value":3,"tags":[],"category":"C","n":2}`, false},
		{`{"id":"f","timestamp":2,"ok":true,"value":3,"tags":[,],"category":"C","n":2}`, false},
		{`{"id":"f","timestamp":2,"ok":true,"value":3,"tags":[],"category":"C","n":02}`, false},
		{`{"id":"g","timestamp":2,"ok":true,"value":3,"tags":[],"category":"C","n":0}`, true},
	} {
		if got := d.shape.read([]byte(c.text), new(Record)); got != c.fits {
			t.Errorf("record %d, %s: taken for one of the shape before: %v", i, c.text, got)
		}
		d.Decode(&Message{Value: []byte(c.text)}, new(Record))
	}
}

func TestShapesThatNeverFitAreNotTriedForEver(t *testing.T) {
	var s shape
	tried := 0
	for i := range 10 * (maxMisses + pause) {
		text := []byte(`{"` + strings.Repeat("x", i%7) + `":0,"timestamp":1,"value":2,"category":"B"}`)
		if s.whole {
			tried++
		}
		var r Record
		if s.read(text, &r) {
			t.Fatalf("%s was taken for one of the shape before", text)
		}
		var at spots
		fast(text, &r, &at)
		s.learn(text, at, r.Time)
	}
	if tried != 10*maxMisses {
		t.Errorf("a shape was tried %d times, want %d", tried, 10*maxMisses)
	}
	s.learn(make([]byte, maxShape+1), spots{}, 0)
	if s.whole {
		t.Error("a shape of more than its limit is kept")
	}
}
