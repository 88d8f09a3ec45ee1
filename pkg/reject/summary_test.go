package reject_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/reject"
	"github.com/meanstream/meanstream/pkg/window"
)

func sample(category string, sources int) *reject.Summary {
	s := &reject.Summary{
		Topic: "partials", Partition: 2, Offset: 4711,
		Window:   window.Bounds{Start: 1764000000e9, End: 1764000010_500e6},
		Category: category, Count: 3, Filtered: 1,
	}
	for i := range int32(sources) {
		s.Sources = append(s.Sources,
			partial.Source{Partition: 2 * i, From: 100, To: 117},
			partial.Source{Partition: 2*i + 1, From: 9, To: 9})
	}
	return s
}

func TestASummaryReadsAsReleased(t *testing.T) {
	const file = "testdata/summary.txt"
	m := sample("<Ä>\x00", 2).Message(1 << 20)
	var got strings.Builder
	got.WriteString("value: " + string(m.Value) + "\n")
	for _, h := range m.Headers {
		got.WriteString(h.Key + ": " + string(h.Value) + "\n")
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) || string(m.Key) != "<Ä>\x00" {
		t.Errorf("key %q and\n%swant\n%s", m.Key, got.String(), want)
	}
}

// TestASummaryStaysJSONWhateverTheLimit: only the list of sources gives way.
func TestASummaryStaysJSONWhateverTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sample(strings.Repeat("x", rapid.IntRange(1, 1024).Draw(t, "category")), rapid.IntRange(0, 900).Draw(t, "sources"))
		limit := rapid.IntRange(4096, 60_000).Draw(t, "limit")
		m := s.Message(limit)
		if n := encoded(m); n > limit {
			t.Fatalf("%d bytes, the limit is %d", n, limit)
		}
		var read struct {
			Category string
			Count    int64
			Sources  []struct{ Partition, From, To int64 }
		}
		if err := json.Unmarshal(m.Value, &read); err != nil {
			t.Fatalf("%v: %s", err, m.Value)
		}
		if read.Category != s.Category || read.Count != 3 {
			t.Fatalf("read %+v", read)
		}
		whole := s.Message(math.MaxInt)
		switch header(m, "truncated") {
		case "(none)":
			if encoded(whole) != encoded(m) || len(read.Sources) != len(s.Sources)/2 {
				t.Fatal("cut without saying so")
			}
		case "true":
			if encoded(whole) <= limit-32 {
				t.Fatalf("cut although the whole takes %d of %d", encoded(whole), limit)
			}
			if len(read.Sources) >= len(s.Sources)/2 {
				t.Fatal("nothing was cut")
			}
		}
		for i, src := range read.Sources {
			if src.Partition != int64(2*i) || src.From != 100 || src.To != 117 {
				t.Fatalf("source %d reads %+v", i, src)
			}
		}
	})
}

func TestASummaryFitsALimitThatHasNoRoomForIt(t *testing.T) {
	// Control characters take six bytes each in JSON: the worst category there is.
	m := sample(strings.Repeat("\x01", 1024), 3).Message(1024)
	if n := encoded(m); n > 1024 || header(m, "truncated") != "true" || header(m, "meanstream-reason") != "dropped-at-sink" || len(m.Headers) != 6 {
		t.Errorf("%d bytes with %v", n, m.Headers)
	}
}
