package main

import (
	"testing"
	"time"
)

// TestTheLastPartitionToPassCounts has two partitions pass a window end one after the other.
func TestTheLastPartitionToPassCounts(t *testing.T) {
	s := newStopwatch(time.Second, 2*time.Second)
	at := func(ms int64) time.Time { return time.UnixMilli(100_000 + ms).UTC() }
	for p := range int32(2) {
		s.record(p, at(2500), at(2501))
	}
	s.record(0, at(3000), at(3001)) // window end 101 s, passed here by partition 0
	s.record(0, at(3400), at(3401)) // and not again
	s.result(at(1000), at(3450))    // before partition 1 passed it: no measurement yet
	if got := s.latencies(); len(got) != 0 {
		t.Errorf("measured %v before the second partition passed", got)
	}
	s = newStopwatch(time.Second, 2*time.Second)
	for p := range int32(2) {
		s.record(p, at(2500), at(2501))
	}
	s.record(0, at(3000), at(3001))
	s.record(1, at(4200), at(4201)) // passes two ends at once
	s.result(at(1000), at(4211))
	s.result(at(1000), at(4300)) // a second category of the same window
	s.result(at(2000), at(4999)) // partition 0 has not passed that one
	if got := s.latencies(); len(got) != 1 || got[0] != 10*time.Millisecond {
		t.Errorf("latencies %v, want 10ms alone", got)
	}
}
