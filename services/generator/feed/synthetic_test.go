package feed

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestASeedIsASequenceForEver(t *testing.T) {
	at := time.Unix(1764000000, 999_999_999)
	s := open(t, "synthetic", Options{Seed: 7, Now: func() time.Time { return at }})
	defer closes(t, s)
	var got []string
	for range 4 {
		got = append(got, string(next(t, s).Value))
		at = at.Add(500 * time.Millisecond)
	}
	// A published seed is a promise: these lines must never change.
	want := []string{
		`{"timestamp":1764000000,"value":26.953,"category":"A"}`,
		`{"timestamp":1764000001,"value":11.573,"category":"A"}`,
		`{"timestamp":1764000001,"value":86.54,"category":"C"}`,
		`{"timestamp":1764000002,"value":99.715,"category":"B"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSyntheticLinesAreMeasurementsInTheirShortestForm(t *testing.T) {
	categories := []string{"A", `quote " and \`, "R&D <é>", "A"}
	s := open(t, "synthetic", Options{Seed: 1, Categories: categories})
	defer closes(t, s)
	seen, least, most := map[string]int{}, 100.0, 0.0
	const n = 40_000
	for range n {
		line := next(t, s)
		var m struct {
			Timestamp int64
			Value     json.Number
			Category  string
		}
		if err := json.Unmarshal(line.Value, &m); err != nil {
			t.Fatalf("%s: %v", line.Value, err)
		}
		value, err := m.Value.Float64()
		if err != nil || strconv.FormatFloat(value, 'f', -1, 64) != m.Value.String() {
			t.Fatalf("%s: %s is not its shortest form", line.Value, m.Value)
		}
		if _, fraction, _ := strings.Cut(m.Value.String(), "."); len(fraction) > 3 || m.Category != string(line.Category) {
			t.Fatalf("%s with key %s", line.Value, line.Category)
		}
		if strings.Contains(string(line.Value), `\u00`) {
			t.Fatalf("%s is less legible than JSON must be", line.Value)
		}
		least, most = min(least, value), max(most, value)
		seen[m.Category]++
	}
	if least < 0 || least > 0.1 || most > 100 || most < 99.9 {
		t.Errorf("values from %v to %v", least, most)
	}
	if len(seen) != 3 || seen["A"] < n*45/100 || seen["A"] > n*55/100 || seen["R&D <é>"] < n/5 {
		t.Errorf("categories came %v times", seen)
	}
}

func TestEveryThousandthHasItsShortestForm(t *testing.T) {
	for n := range 100_001 {
		got := string(appendThousandths(nil, n))
		if want := strconv.FormatFloat(float64(n)/1000, 'f', -1, 64); got != want {
			t.Fatalf("%d thousandths: %s, want %s", n, got, want)
		}
	}
}

func TestALineCostsNoAllocation(t *testing.T) {
	s := open(t, "synthetic", Options{})
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() { _, _ = s.Next(ctx) }); n != 0 {
		t.Errorf("%v allocations a line", n)
	}
}

// BenchmarkSynthetic is what a record costs by the pace's clock, as the generator has it.
func BenchmarkSynthetic(b *testing.B) {
	s, err := Open("synthetic", Options{Now: NewPace(0).Now})
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = s.Next(ctx) // endless: the only error is the context's
	}
}
