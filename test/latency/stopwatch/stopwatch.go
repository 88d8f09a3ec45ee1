// Package stopwatch says how long results took: from the append of the record that let their window close until they could
// be read. It is told of records and results in any order, and has no clock.
package stopwatch

import (
	"slices"
	"time"
)

// Stopwatch knows, for each window end, when each partition of records first carried an event that lets it close.
type Stopwatch struct {
	window, lateness time.Duration
	passed           map[int32]map[time.Time]time.Time // partition -> window end -> append of the first record at or beyond end + lateness
	greatest         map[int32]time.Time               // partition -> the last window end passed
	read             map[time.Time]time.Time           // window end -> when the last of its results could be read
}

// New makes one for windows of the processor's --window and --lateness.
func New(window, lateness time.Duration) *Stopwatch {
	return &Stopwatch{window: window, lateness: lateness, passed: map[int32]map[time.Time]time.Time{},
		greatest: map[int32]time.Time{}, read: map[time.Time]time.Time{}}
}

// Record takes a record's event time and the broker's time of its append. The records of a partition come in their order;
// the first one passes nothing, for who passed the windows before it was not seen.
func (s *Stopwatch) Record(partition int32, event, appended time.Time) {
	passed := event.Add(-s.lateness).UnixNano()
	end := time.Unix(0, passed-passed%int64(s.window)).UTC()
	last, seen := s.greatest[partition]
	if !seen {
		s.greatest[partition], s.passed[partition] = end, map[time.Time]time.Time{}
		return
	}
	for last.Before(end) {
		last = last.Add(s.window)
		s.passed[partition][last] = appended
	}
	s.greatest[partition] = last
}

// Result takes the window end of a result and the time at which it was read. The last of a window's results counts: who
// waits for a window waits for all its categories.
func (s *Stopwatch) Result(end, read time.Time) {
	if end = end.UTC(); read.After(s.read[end]) {
		s.read[end] = read
	}
}

// Latencies are those of every window that all partitions were seen to pass, in rising order. From a broker's times, which
// are whole milliseconds rounded down, they are up to one too long.
func (s *Stopwatch) Latencies() []time.Duration {
	var all []time.Duration
	for end, read := range s.read {
		var last time.Time
		whole := len(s.passed) > 0
		for _, ends := range s.passed {
			at, seen := ends[end]
			whole = whole && seen
			if at.After(last) {
				last = at
			}
		}
		if whole {
			all = append(all, read.Sub(last))
		}
	}
	slices.Sort(all)
	return all
}

// Quantile is the least of some durations in rising order that so many of them, from 0 to 1, do not exceed.
func Quantile(sorted []time.Duration, q float64) time.Duration {
	n := int(q * float64(len(sorted)))
	if float64(n) < q*float64(len(sorted)) {
		n++
	}
	return sorted[max(n, 1)-1]
}
