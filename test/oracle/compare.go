package oracle

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// The promises that a comparison finds broken, one error each; a comparison may find several.
var (
	// ErrBrokeOnce: a (window, category) was published twice.
	ErrBrokeOnce = errors.New("broke once: a result was published again")
	// ErrBrokeComplete: a result is missing, or speaks of more or fewer records than it must.
	ErrBrokeComplete = errors.New("broke complete: records are missing or counted too often")
	// ErrBrokeExact: a result counts the right number of records and is not, byte for byte, what it must be.
	ErrBrokeExact = errors.New("broke exact: a result's bytes are not those of the exact answer")
	// ErrBrokeFinal: a (window, category) was published again and differently; such a result also broke once.
	ErrBrokeFinal = errors.New("broke final: a published result was changed")
	// ErrBrokeOrdered: a category's windows do not follow each other in one partition.
	ErrBrokeOrdered = errors.New("broke ordered: a category's windows are not in order")
	// ErrUnexpected: something was published that no record can have led to.
	ErrUnexpected = errors.New("unexpected: published without a cause")
)

// Published is one message that a read-committed consumer saw in the results topic.
type Published struct {
	Partition  int32
	Key, Value []byte
}

// Option changes what a comparison asks for.
type Option func(*comparison)

// AllowOpen lets the results of windows that end after the given time, in nanoseconds since the Unix epoch, be missing:
// they need not be closed yet. If one is there, it must be right all the same.
func AllowOpen(after int64) Option { return func(c *comparison) { c.openAfter = after } }

// Compare returns nil if what was published is what the outcome demands: each result once, complete, exact, final and in
// order. Otherwise the error names every promise that broke, for errors.Is, and shows the first few places.
//
// The messages of each partition must be in the order of its log; partitions may be interleaved in any way.
func Compare(o Outcome, published []Published, options ...Option) error {
	c := comparison{
		openAfter: math.MaxInt64,
		wanted:    map[identity]Result{},
		seen:      map[identity]Published{},
		latest:    map[string]place{},
		counts:    map[error]int{},
	}
	for _, option := range options {
		option(&c)
	}
	for _, r := range o.Results {
		c.wanted[identity{r.Category, r.Start, r.End}] = r
	}
	for i, p := range published {
		c.look(i, p)
	}
	for _, r := range o.Results {
		if _, ok := c.seen[identity{r.Category, r.Start, r.End}]; !ok && r.End <= c.openAfter {
			c.fault(ErrBrokeComplete, "nothing was published for %s, want %s", r.place(), r.JSON())
		}
	}
	return c.verdict()
}

// comparison is what was found so far.
type comparison struct {
	openAfter int64
	wanted    map[identity]Result
	seen      map[identity]Published // what was published first
	latest    map[string]place       // of a category
	faults    []error
	counts    map[error]int // by promise
}

// place is where the latest window of a category was published.
type place struct {
	partition  int32
	start, end int64
}

// look judges one published message, the i-th in the order given.
func (c *comparison) look(i int, p Published) {
	at := fmt.Sprintf("message %d (partition %d)", i, p.Partition)
	h, err := readHeading(p.Value)
	if err != nil {
		c.fault(ErrUnexpected, "%s holds %.300q, which is no result: %v", at, p.Value, err)
		return
	}
	if string(p.Key) != h.category {
		c.fault(ErrUnexpected, "%s has the key %q, want its category %q", at, p.Key, h.category)
	}
	want, ok := c.wanted[h.identity]
	if !ok {
		c.fault(ErrUnexpected, "%s says %s, and no record belongs there", at, p.Value)
		return
	}
	if first, again := c.seen[h.identity]; again {
		c.fault(ErrBrokeOnce, "%s repeats %s", at, want.place())
		if string(first.Value) != string(p.Value) {
			c.fault(ErrBrokeFinal, "%s says %s, after %s", at, p.Value, first.Value)
		}
		return // its place in the order was judged when it came first
	}
	c.seen[h.identity] = p
	switch {
	case h.count != want.Count && slices.Contains(want.States, "count") || h.filtered != want.Filtered:
		c.fault(ErrBrokeComplete, "%s says %s, want %s", at, p.Value, want.JSON())
	case string(p.Value) != want.JSON():
		c.fault(ErrBrokeExact, "%s says %s, want %s", at, p.Value, want.JSON())
	}
	c.order(at, place{p.Partition, want.Start, want.End}, want)
}

// order asks that a category's windows follow each other, and do so in one partition: in two nobody can tell their
// order.
func (c *comparison) order(at string, now place, r Result) {
	before, ok := c.latest[r.Category]
	switch {
	case !ok:
	case before.partition != now.partition:
		c.fault(ErrBrokeOrdered, "%s has %s, and partition %d an earlier message of its category", at, r.place(), before.partition)
	case cmp.Or(cmp.Compare(now.end, before.end), cmp.Compare(now.start, before.start)) < 0:
		c.fault(ErrBrokeOrdered, "%s has %s after the window to %s", at, r.place(), instant(before.end))
		return // so that the windows in order after this one are not blamed
	}
	c.latest[r.Category] = now
}

// maxShown is how many faults of one kind an error shows: a run that went wrong altogether must stay readable.
const maxShown = 5

func (c *comparison) fault(promise error, format string, args ...any) {
	c.counts[promise]++
	if c.counts[promise] <= maxShown {
		c.faults = append(c.faults, fmt.Errorf("%w: %s", promise, fmt.Sprintf(format, args...)))
	}
}

func (c *comparison) verdict() error {
	for _, promise := range []error{ErrBrokeOnce, ErrBrokeComplete, ErrBrokeExact, ErrBrokeFinal, ErrBrokeOrdered, ErrUnexpected} {
		if more := c.counts[promise] - maxShown; more > 0 {
			c.faults = append(c.faults, fmt.Errorf("%w: and %d more", promise, more))
		}
	}
	return errors.Join(c.faults...)
}

func (r Result) place() string {
	return fmt.Sprintf("category %q in the window from %s to %s", r.Category, instant(r.Start), instant(r.End))
}

// heading is what tells one result from another, and how many records it speaks of.
type heading struct {
	identity
	count, filtered int64
}

func readHeading(value []byte) (heading, error) {
	var w struct {
		Category string     `json:"category"`
		Start    *time.Time `json:"window_start"`
		End      *time.Time `json:"window_end"`
		Count    int64      `json:"count"`
		Filtered int64      `json:"filtered"`
	}
	if err := json.Unmarshal(value, &w); err != nil {
		return heading{}, err
	}
	for _, t := range []*time.Time{w.Start, w.End} {
		// UnixNano wraps beyond the years of int64, and must not name a window by accident.
		if t == nil || !time.Unix(0, t.UnixNano()).Equal(*t) {
			return heading{}, errors.New("it needs window_start and window_end within the years 1678 to 2262")
		}
	}
	return heading{identity{w.Category, w.Start.UnixNano(), w.End.UnixNano()}, w.Count, w.Filtered}, nil
}
