package feed

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// slowCategory is the definition: what the processor's reference reads.
func slowCategory(line []byte) string {
	var fields map[string]json.RawMessage
	var category string
	if json.Unmarshal(line, &fields) != nil || json.Unmarshal(fields["category"], &category) != nil {
		return ""
	}
	if !utf8.Valid(fields["category"]) || len(category) > maxCategory {
		return ""
	}
	return category
}

func categoryLines() []string {
	return []string{
		`{"timestamp":1,"value":2,"category":"B"}`,
		` { "category" : "B" , "value" : 2 } `,
		`{"category":"A","category":"B"}`,
		`{"category":"A","category":1}`,
		`{"Category":"A"}`, `{"category":null}`, `{"category":["A"]}`, `{"category":""}`, `{"a":{"category":"A"}}`,
		`{"a":{"b":[1,{"c":"}]\"{"}]},"category":"B"}`,
		`{"c\u0061tegory":"B"}`, `{"category":"\u0042\n\"\\"}`, `{"category":"\ud800"}`, "{\"category\":\"\xff\"}", "{\"x\":\"\xff\",\"category\":\"B\"}",
		`{"category":"` + strings.Repeat("x", maxCategory) + `"}`,
		`{"category":"` + strings.Repeat("x", maxCategory+1) + `"}`,
		`{"category":"` + strings.Repeat(`\n`, maxCategory) + `"}`,
		`{}`, `[]`, `"category"`, `null`, ``, `{"category":"B"`, `{"category"`, `{"category":`, `{"category":"B`, `{"a":{`, `{"a":1 "category":"B"}`,
	}
}

func TestTheCategoryFoundIsTheOneTheProcessorReads(t *testing.T) {
	for _, line := range categoryLines() {
		if got, want := string(findCategory([]byte(line))), slowCategory([]byte(line)); got != want {
			t.Errorf("%.60q: got %.20q, want %.20q", line, got, want)
		}
	}
}

func FuzzCategory(f *testing.F) {
	for _, line := range categoryLines() {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		got := string(findCategory(line)) // no panic, whatever the bytes
		if json.Valid(line) {
			if want := slowCategory(line); got != want {
				t.Fatalf("%q: got %q, want %q", line, got, want)
			}
		}
	})
}
