package main

import (
	"testing"
	"time"

	"github.com/meanstream/meanstream/test/latency/stopwatch"
)

func TestHistogram(t *testing.T) {
	ms := func(all ...float64) (took []time.Duration) {
		for _, n := range all {
			took = append(took, time.Duration(n*1e6))
		}
		return took
	}
	got := histograms([]timing{{"ours", ms(3.5, 4, 4.1, 11)}})
	want := `ours
  <=     4 ms     2  #########################
  <=     6 ms     1  #############
  <=     8 ms     0  
  <=    12 ms     1  #############

`
	if got != want {
		t.Errorf("drawn:\n%s\nwant:\n%s", got, want)
	}
}

// TestResultsThatLackARecordAreNotTimed, nor are those of the warm-up.
func TestResultsThatLackARecordAreNotTimed(t *testing.T) {
	second := func(n int64) time.Time { return time.Unix(n, 0) }
	sent := traced{kept: map[int64]int64{100: 5, 101: 7}}
	measured := func(drops bool, all readings) (int, error) {
		s := stopwatch.New(liveWindow, 0)
		for n := range int64(5) {
			s.Record(0, second(99+n), second(99+n))
		}
		err := all.judge(sent, second(101), drops, s)
		return len(s.Latencies()), err
	}
	result := func(end, count int64) reading { return reading{liveResult{second(end), count}, second(end)} }
	if n, err := measured(false, readings{result(101, 4), result(102, 3), result(102, 4)}); n != 1 || err != nil {
		t.Errorf("%d windows, %v; want the second one alone", n, err)
	}
	if _, err := measured(false, readings{result(102, 6)}); err == nil {
		t.Error("a window that lacks a record was timed")
	}
	if n, err := measured(true, readings{result(102, 6)}); n != 1 || err != nil {
		t.Errorf("%d windows, %v of a program that may drop records", n, err)
	}
	if _, err := measured(true, readings{result(102, 8)}); err == nil {
		t.Error("a window with a record too many was timed")
	}
}
