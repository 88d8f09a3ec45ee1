package also

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// writes counts the calls, as each is a flicker on a terminal.
type writes struct {
	strings.Builder
	calls int
	err   error
}

func (w *writes) Write(p []byte) (int, error) {
	w.calls++
	if w.err != nil {
		return 0, w.err
	}
	return w.Builder.Write(p)
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// row is a result of count records, mean apart.
func row(t *testing.T, name, start string, length time.Duration, count int64, mean float64) Row {
	from := at(t, start)
	return Row{Category: name, Start: from, End: from.Add(length), Count: count, Filtered: 14, Mean: mean, HasMean: count > 0, HasCount: true}
}

func TestTheTable(t *testing.T) {
	const day, ten = "2026-11-24T", 10 * time.Second
	for name, commits := range map[string][][]Row{
		"ordinary": {
			{row(t, "A", day+"09:00:00Z", ten, 123, 44.87), row(t, "B", day+"09:00:00Z", ten, 7, 5), row(t, "C", day+"09:00:00Z", ten, 0, math.NaN())},
			{},
			{row(t, "A", day+"09:00:10Z", ten, 120, 0.12), row(t, "B", day+"10:00:10+01:00", ten, 1, -89.123456789)},
		},
		"days": {
			{row(t, "A", day+"23:59:40Z", ten, 1, 1), row(t, "A", day+"23:59:50Z", ten, 1, 1), row(t, "A", "2026-11-25T00:00:00Z", ten, 1, 1)},
			{row(t, "A", "1969-12-31T23:59:50Z", ten, 1, 1)},
			{row(t, "A", day+"09:00:00Z", 24*time.Hour-time.Second, 1, 1)},
		},
		"long windows": {
			{row(t, "A", day+"00:00:00Z", 24*time.Hour, 1, 1), row(t, "B", day+"00:00:00Z", 7*24*time.Hour, 1, 1)},
			{row(t, "A", day+"06:00:00Z", 24*time.Hour, 1, 1), row(t, "A", day+"06:00:00Z", ten, 1, 1)},
		},
		"short windows": {
			{row(t, "A", day+"09:00:00Z", 100*time.Millisecond, 1, 1), row(t, "A", day+"09:00:00.9Z", 100*time.Millisecond, 1, 1)},
			{row(t, "A", day+"09:00:00.00025Z", 250*time.Microsecond, 1, 1), row(t, "A", day+"09:00:00Z", 3, 1, 1)},
			{row(t, "A", day+"09:00:00Z", ten, 1, 1)},
		},
		"categories": {{
			row(t, strings.Repeat("x", 24), day+"09:00:00Z", ten, 1, 1), row(t, strings.Repeat("x", 25), day+"09:00:00Z", ten, 1, 1),
			row(t, strings.Repeat("é", 24), day+"09:00:00Z", ten, 1, 1), row(t, strings.Repeat("é", 1000), day+"09:00:00Z", ten, 1, 1),
			row(t, "a\tb\nc\x1b[2J\r", day+"09:00:00Z", ten, 1, 1), row(t, "\u202edlrow\u200b", day+"09:00:00Z", ten, 1, 1),
			row(t, strings.Repeat("x", 20)+"\n\n", day+"09:00:00Z", ten, 1, 1), row(t, strings.Repeat("x", 20)+"\n\n.", day+"09:00:00Z", ten, 1, 1),
			row(t, strings.Repeat("x", 20)+"\x00\x00", day+"09:00:00Z", ten, 1, 1), row(t, "\xff", day+"09:00:00Z", ten, 1, 1),
			row(t, "Zürich, 'Nord' \\ \"1\"", day+"09:00:00Z", ten, 1, 1), row(t, "no break\u00a0space", day+"09:00:00Z", ten, 1, 1),
		}},
		"numbers": {{
			row(t, "A", day+"09:00:00Z", ten, 999_999_999, 1234567.5), row(t, "A", day+"09:00:00Z", ten, 1, 1e-7), row(t, "A", day+"09:00:00Z", ten, 1, 0),
			row(t, "A", day+"09:00:00Z", ten, 1, 99.99996), row(t, "A", day+"09:00:00Z", ten, 1, 0.0001),
		}, {
			row(t, "A", day+"09:00:00Z", ten, math.MaxInt64, -1.7976931348623157e308),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var w writes
			c := newConsole(&w)
			filled := 0
			for _, rows := range commits {
				if err := c.Write(rows); err != nil {
					t.Fatal(err)
				}
				filled += min(len(rows), 1)
			}
			if w.calls != filled {
				t.Errorf("%d writes for %d commits with results", w.calls, filled)
			}
			golden(t, "testdata/"+strings.ReplaceAll(name, " ", "_")+".txt", w.String())
		})
	}
}

// golden compares with a file, which UPDATE_GOLDEN=1 writes anew.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestAnOrdinaryLineFitsEightyColumns(t *testing.T) {
	var w writes
	if err := newConsole(&w).Write([]Row{row(t, "A", "2026-11-24T09:00:00Z", time.Second, 1, -1.5)}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(w.String()) {
		if n := utf8.RuneCountInString(line) - 1; n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestAConsoleThatBreaksIsNamedAndStartsOverWithItsHeader(t *testing.T) {
	w := writes{err: errors.New("broken pipe")}
	c := newConsole(&w)
	rows := []Row{row(t, "A", "2026-11-24T09:00:00Z", time.Second, 1, 1)}
	if err := c.Write(rows); !errors.Is(err, w.err) || !strings.Contains(err.Error(), "--also console") {
		t.Errorf("got %v", err)
	}
	w.err = nil
	if err := c.Write(rows); err != nil || !strings.HasPrefix(w.String(), "category ") {
		t.Errorf("got %v: %s", err, w.String())
	}
}
