package oracle

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// promises are all named errors, so that a test sees also those that must not be found.
func promises() []error {
	return []error{ErrBrokeOnce, ErrBrokeComplete, ErrBrokeExact, ErrBrokeFinal, ErrBrokeOrdered, ErrUnexpected}
}

func broken(err error) []error {
	var found []error
	for _, p := range promises() {
		if errors.Is(err, p) {
			found = append(found, p)
		}
	}
	return found
}

// honest is what a sink of two partitions publishes that keeps all promises: A's windows in one, B's in the other.
func honest(o Outcome) []Published {
	var all []Published
	for _, r := range o.Results {
		p := Published{Key: []byte(r.Category), Value: []byte(r.JSON())}
		if r.Category == "B" {
			p.Partition = 1
		}
		all = append(all, p)
	}
	return all
}

func TestEveryBrokenPromiseIsNamedAndNoOther(t *testing.T) {
	o := Judge(measured(0, "1 0.1 A", "2 0.2 A", "3 95 A", "4 5 B", "11 7 A", "12 8 B", "21 1 A"), below90())
	replaced := func(i int, old, new string) func([]Published) []Published {
		return func(p []Published) []Published {
			value := strings.Replace(string(p[i].Value), old, new, 1)
			if value == string(p[i].Value) {
				panic("nothing to replace: " + old)
			}
			p[i].Value = []byte(value)
			return p
		}
	}
	const wrapped = "2554-07-21T23:34:43.709551616Z" // 2^64 ns after the end of the first window
	// In order: A and B of the first window, A and B of the second, A of the third.
	for name, c := range map[string]struct {
		change func(p []Published) []Published
		want   []error
	}{
		"all is well":                                     {func(p []Published) []Published { return p }, nil},
		"partitions are interleaved":                      {func(p []Published) []Published { p[1], p[2] = p[2], p[1]; return p }, nil},
		"a result comes twice":                            {func(p []Published) []Published { return append(p, p[0]) }, []error{ErrBrokeOnce}},
		"a repeat differs":                                {func(p []Published) []Published { return replaced(5, "0.3", "0.4")(append(p, p[0])) }, []error{ErrBrokeOnce, ErrBrokeFinal}},
		"a repeat is better":                              {func(p []Published) []Published { return append(replaced(0, "0.3", "0.4")(p), p[0], honest(o)[0]) }, []error{ErrBrokeOnce, ErrBrokeExact, ErrBrokeFinal}},
		"a result is missing":                             {func(p []Published) []Published { return p[1:] }, []error{ErrBrokeComplete}},
		"nothing is there":                                {func([]Published) []Published { return nil }, []error{ErrBrokeComplete}},
		"a record is not counted":                         {replaced(0, `"count":2`, `"count":1`), []error{ErrBrokeComplete}},
		"a filtered one is forgotten":                     {replaced(0, `"filtered":1`, `"filtered":0`), []error{ErrBrokeComplete}},
		"the sum is another":                              {replaced(0, `"sum":0.3`, `"sum":0.30000000000000004`), []error{ErrBrokeExact}},
		"a number is spelled oddly":                       {replaced(1, `"mean":5`, `"mean":5.0`), []error{ErrBrokeExact}},
		"a time is spelled oddly":                         {replaced(1, `00:00:10Z`, `00:00:10.0Z`), []error{ErrBrokeExact}},
		"a time is in another zone":                       {replaced(1, `1970-01-01T00:00:10Z`, `1970-01-01T01:00:10+01:00`), []error{ErrBrokeExact}},
		"a category's windows are swapped":                {func(p []Published) []Published { p[0], p[2] = p[2], p[0]; return p }, []error{ErrBrokeOrdered}},
		"a category is in two partitions":                 {func(p []Published) []Published { p[2].Partition = 1; return p }, []error{ErrBrokeOrdered}},
		"a category nobody sent":                          {func(p []Published) []Published { return append(p, sibling(p[0], `"A"`, `"C"`, "C")) }, []error{ErrUnexpected}},
		"a window nobody filled":                          {func(p []Published) []Published { return append(p, sibling(p[0], "00:00:00Z", "00:00:01Z", "A")) }, []error{ErrUnexpected}},
		"a key of another category":                       {func(p []Published) []Published { p[0].Key = []byte("B"); return p }, []error{ErrUnexpected}},
		"a message without value":                         {func(p []Published) []Published { return append(p, Published{}) }, []error{ErrUnexpected}},
		"a time whose nanoseconds wrap round to a window": {replaced(1, `1970-01-01T00:00:10Z`, wrapped), []error{ErrBrokeComplete, ErrUnexpected}},
		"a message without window": {func(p []Published) []Published {
			return append(p, Published{Value: []byte(`{"category":"A"}`), Key: []byte("A")})
		}, []error{ErrUnexpected}},
	} {
		t.Run(name, func(t *testing.T) {
			err := Compare(o, c.change(honest(o)))
			if got := broken(err); !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v", err, c.want)
			}
			if (err == nil) != (c.want == nil) {
				t.Errorf("got the error %v, want %v", err, c.want)
			}
		})
	}
}

// sibling is a message like p with another value and key.
func sibling(p Published, old, new, key string) Published {
	return Published{Partition: p.Partition, Key: []byte(key), Value: []byte(strings.Replace(string(p.Value), old, new, 1))}
}

func TestAWindowBetweenIsBlamedAndNotThoseAfterIt(t *testing.T) {
	o := Judge(measured(0, "1 1 A", "11 1 A", "21 1 A", "31 1 A", "41 1 A"), below90())
	p := honest(o)
	p[1], p[2], p[3] = p[3], p[1], p[2] // 0 3 1 2 4
	err := Compare(o, p)
	if got := strings.Count(err.Error(), ErrBrokeOrdered.Error()); got != 2 {
		t.Errorf("%d windows are blamed, want the two that came too late: %v", got, err)
	}
}

func TestOpenWindowsMayBeMissingButNotWrong(t *testing.T) {
	o := Judge(measured(0, "1 1 A", "11 1 A"), below90())
	all := honest(o)
	open := AllowOpen(10e9)
	if err := Compare(o, all[:1], open); err != nil {
		t.Errorf("a window that is still open may be missing: %v", err)
	}
	if err := Compare(o, all[1:], open); !errors.Is(err, ErrBrokeComplete) {
		t.Errorf("the window that ends at the limit must be there: %v", err)
	}
	if err := Compare(o, all[:1]); !errors.Is(err, ErrBrokeComplete) {
		t.Errorf("without the option all must be there: %v", err)
	}
	all[1].Value = []byte(strings.Replace(string(all[1].Value), `"count":1`, `"count":2`, 1))
	if err := Compare(o, all, open); !errors.Is(err, ErrBrokeComplete) {
		t.Errorf("what is there must be right: %v", err)
	}
}

func TestAnErrorStaysReadable(t *testing.T) {
	var lines []string
	for range 20 {
		lines = append(lines, "1 1 "+string(rune('a'+len(lines))))
	}
	err := Compare(Judge(measured(0, lines...), below90()), nil)
	if n := strings.Count(err.Error(), "\n") + 1; n != maxShown+1 {
		t.Errorf("20 missing results take %d lines, want %d:\n%v", n, maxShown+1, err)
	}
	if !strings.Contains(err.Error(), "and 15 more") {
		t.Errorf("the error does not say how many were left out:\n%v", err)
	}
}
