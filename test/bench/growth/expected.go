package growth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/meanstream/meanstream/test/oracle"
)

// mostHeld is how many categories are held to the oracle byte by byte: exact answers for a million take a minute.
const mostHeld = 20_000

// Expected is what must come of records: of every so manieth category each result byte by byte, of all categories
// together the number of results and of records in them.
type Expected struct {
	every   int
	tally   *oracle.Tally
	results map[place]struct{}
	records int64
}

type place struct {
	window   int64
	category int
}

// Expect makes one for so many categories.
func Expect(categories int) *Expected {
	return &Expected{every: (categories + mostHeld - 1) / mostHeld, tally: oracle.NewTally(Window), results: map[place]struct{}{}}
}

// Count puts a record where it belongs.
func (e *Expected) Count(r Record) {
	e.results[place{r.Second / int64(Window.Seconds()), r.Category}] = struct{}{}
	e.records++
	switch {
	case r.Category%e.every != 0:
	case r.Value < Limit:
		e.tally.Keep(r.Second*1e9, Category(r.Category), r.Value)
	default:
		e.tally.Filter(r.Second*1e9, Category(r.Category))
	}
}

// Results is how many there must be.
func (e *Expected) Results() int { return len(e.results) }

// Check holds what was published to it.
func (e *Expected) Check(published []oracle.Published) error {
	var records int64
	for _, p := range published {
		var r struct{ Count, Filtered int64 }
		if err := json.Unmarshal(p.Value, &r); err != nil {
			return fmt.Errorf("read a result of %s: %w", p.Key, err)
		}
		records += r.Count + r.Filtered
	}
	held := slices.DeleteFunc(slices.Clone(published), func(p oracle.Published) bool {
		number, err := strconv.Atoi(string(p.Key[min(1, len(p.Key)):]))
		return err == nil && number%e.every != 0
	})
	err := oracle.Compare(e.tally.Outcome(), held)
	if len(published) != e.Results() || records != e.records {
		err = errors.Join(err, fmt.Errorf("%d results of %d records, want %d of %d", len(published), records, e.Results(), e.records))
	}
	return err
}
