// Package window says where in time a record counts: the windows, lateness, and the open set of one source partition
// between two commits.
//
// All times are nanoseconds since the Unix epoch. Nothing here looks at a clock: a window, a verdict and an aggregate
// depend on the records and their order alone, which is what lets a second owner of a partition arrive at the same
// bytes as the first.
package window

import (
	"cmp"
	"math"
)

// Bounds is one half-open window [Start, End) in nanoseconds since the Unix epoch; Start < End.
type Bounds struct{ Start, End int64 }

// Tumbling returns the window of the given size (nanoseconds, positive) that holds t.
//
// The division is floored, because truncation would make the window around the epoch twice as long and put every
// earlier record into the wrong one. Decoded times (years 1678 to 2261) leave room for any window of up to 90 days at
// both ends of int64; beyond that the bounds are clamped instead of wrapping around.
func Tumbling(t, size int64) Bounds {
	into := t % size
	if into < 0 {
		into += size
	}
	b := Bounds{Start: t - into}
	if b.Start > t {
		b.Start = math.MinInt64
	}
	// The end is reckoned from t, not from Start, so that a clamped start does not move it.
	b.End = t + (size - into)
	if b.End < t {
		b.End = math.MaxInt64
	}
	return b
}

// Compare orders windows as they close: by end, then by start. It returns -1, 0 or 1.
func (b Bounds) Compare(o Bounds) int {
	return cmp.Or(cmp.Compare(b.End, o.End), cmp.Compare(b.Start, o.Start))
}
