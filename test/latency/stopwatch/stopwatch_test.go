package stopwatch

import (
	"testing"
	"time"
)

// at is a time in milliseconds after some second.
func at(ms int64) time.Time { return time.UnixMilli(100_000 + ms).UTC() }

// TestTheLastPartitionToPassCounts has two partitions pass a window end one after the other.
func TestTheLastPartitionToPassCounts(t *testing.T) {
	s := New(time.Second, 2*time.Second)
	for p := range int32(2) {
		s.Record(p, at(2500), at(2501))
	}
	s.Record(0, at(3000), at(3001)) // window end 101 s, passed here by partition 0
	s.Record(0, at(3400), at(3401)) // and not again
	s.Result(at(1000), at(3450))    // before partition 1 passed it: no measurement yet
	if got := s.Latencies(); len(got) != 0 {
		t.Errorf("measured %v before the second partition passed", got)
	}
	s.Record(1, at(4200), at(4201)) // passes two ends at once
	s.Result(at(1000), at(4211))
	s.Result(at(2000), at(4999)) // partition 0 has not passed that one
	if got := s.Latencies(); len(got) != 1 || got[0] != 10*time.Millisecond {
		t.Errorf("latencies %v, want 10ms alone", got)
	}
}

// TestTheLastResultOfAWindowCounts, in whatever order they are told of.
func TestTheLastResultOfAWindowCounts(t *testing.T) {
	s := New(time.Second, 0)
	s.Record(0, at(500), at(500))
	s.Record(0, at(1000), at(1001))
	s.Result(at(1000), at(1005))
	s.Result(at(1000), at(1009))
	s.Result(at(1000), at(1007))
	if got := s.Latencies(); len(got) != 1 || got[0] != 8*time.Millisecond {
		t.Errorf("latencies %v, want 8ms alone", got)
	}
}

func TestQuantile(t *testing.T) {
	var all []time.Duration
	for ms := range 200 {
		all = append(all, time.Duration(ms+1)*time.Millisecond)
	}
	for q, want := range map[float64]int{0: 1, 0.5: 100, 0.99: 198, 1: 200} {
		if got := Quantile(all, q); got != time.Duration(want)*time.Millisecond {
			t.Errorf("quantile %v of 1 to 200 ms is %v, want %d ms", q, got, want)
		}
	}
}
