package main

import (
	"fmt"
	"slices"
	"time"
)

// stopwatch knows, for each window end, when each partition of records first carried an event that lets it close.
type stopwatch struct {
	window, lateness time.Duration
	passed           map[int32]map[time.Time]time.Time // partition -> window end -> append of the first record at or beyond end + lateness
	greatest         map[int32]time.Time               // partition -> the last window end passed
	waiting          map[time.Time]time.Time           // window end -> when its first result could be read
}

func newStopwatch(window, lateness time.Duration) *stopwatch {
	return &stopwatch{window: window, lateness: lateness, passed: map[int32]map[time.Time]time.Time{},
		greatest: map[int32]time.Time{}, waiting: map[time.Time]time.Time{}}
}

// record takes a record's event time and the broker's time of its append. The first one of a partition passes nothing:
// who passed the windows before it was not seen.
func (s *stopwatch) record(partition int32, event, appended time.Time) {
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

// result takes the window end of a result and the time at which it was read. A window's first result counts.
func (s *stopwatch) result(end, read time.Time) {
	if _, seen := s.waiting[end.UTC()]; !seen {
		s.waiting[end.UTC()] = read
	}
}

// latencies are those of every window that all partitions were seen to pass, in no order.
func (s *stopwatch) latencies() []time.Duration {
	var all []time.Duration
	for end, read := range s.waiting {
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
	return all
}

func (s *stopwatch) report() string {
	all := s.latencies()
	if len(all) == 0 {
		return "no window closed while watching: watch longer than a window, with --window and --lateness as the processor has them"
	}
	slices.Sort(all)
	at := func(q float64) time.Duration { return all[int(q*float64(len(all)-1))].Round(time.Millisecond) }
	return fmt.Sprintf("%d windows: append to readable result, median %v, 99%% %v, worst %v", len(all), at(0.5), at(0.99), at(1))
}
