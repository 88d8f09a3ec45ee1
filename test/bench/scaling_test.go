package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// changeOfOne is a member that comes at 1 s, with results every 100 ms but for one gap of category a, from 1.2 to 1.9 s.
func changeOfOne() (change, observed) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	o := observed{
		arrivals: map[string][]time.Time{},
		phases:   []phase{{at(0), "Stable"}, {at(1100), "PreparingRebalance"}, {at(1500), "CompletingRebalance"}, {at(1510), "Stable"}, {at(6000), "PreparingRebalance"}},
		tookOver: []time.Time{at(500), at(1600), at(1650), at(6500)},
	}
	for ms := 0; ms <= 5000; ms += 100 {
		o.beats = append(o.beats, at(ms))
		o.arrivals["b"] = append(o.arrivals["b"], at(ms))
		if ms <= 1200 || ms >= 1900 && (ms < 3000 || ms > 4500) { // the second gap is none of the change's
			o.arrivals["a"] = append(o.arrivals["a"], at(ms))
		}
	}
	return change{"a sink comes", at(1000), at(5000)}, o
}

func TestAPauseIsTheLongestGapOfAnyCategoryAroundARebalance(t *testing.T) {
	c, o := changeOfOne()
	if got := usual(o.arrivals); got != 100*time.Millisecond {
		t.Errorf("usual gap %v, want 100ms", got)
	}
	got, err := o.pause(c, 100*time.Millisecond)
	ms := time.Millisecond
	want := pause{"a sink comes", 600 * ms, [5]time.Duration{100 * ms, 400 * ms, 10 * ms, 140 * ms, 250 * ms}}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	longer := got
	longer.long, longer.steps[0] = 900*ms, 300*ms
	wantTable := `| change | times | pause, median ms | worst ms | until the group knows | all join again | assignment | take-over | first result |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
| a sink comes | 2 | 600 | 900 | 100 | 400 | 10 | 140 | 250 |
`
	if diff := cmp.Diff(wantTable, pauseTable([]pause{longer, got}).String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAPauseThatCanNotBeToldIsNot has the machine stand still, or steps missing.
func TestAPauseThatCanNotBeToldIsNot(t *testing.T) {
	for what, spoil := range map[string]func(*observed){
		"the machine stood still": func(o *observed) { o.beats = append(o.beats[:13:13], o.beats[16:]...) },
		"no rebalance was seen":   func(o *observed) { o.phases = o.phases[:1] },
		"nobody took over":        func(o *observed) { o.tookOver = o.tookOver[:1] },
	} {
		c, o := changeOfOne()
		spoil(&o)
		if p, err := o.pause(c, 0); err == nil {
			t.Errorf("%s: told as %+v", what, p)
		}
	}
}

func TestTakeOversAreReadFromALog(t *testing.T) {
	log := `{"level":"info","time":"2026-11-29T16:00:01.250Z","service":"sink","msg":"merging 2 partitions of p"}
{"level":"info","time":"2026-11-29T16:00:02.000Z","service":"sink","msg":"merging is fun"}
{"level":"info","time":"2026-11-29T16:00:03.000Z","service":"processor","msg":"reading 2 partitions of r"}
`
	for service, want := range map[string]int64{"sink": 1250, "processor": 3000} {
		got := takenOver(strings.NewReader(log), service)
		if len(got) != 1 || got[0].UnixMilli()%10_000 != want {
			t.Errorf("%s: %v", service, got)
		}
	}
}
