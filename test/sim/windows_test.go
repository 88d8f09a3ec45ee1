package sim

import (
	"fmt"
	"testing"
	"time"
)

// TestEverySetting runs each of the rules that users may choose from its beginning, with a processor and a sink that die.
func TestEverySetting(t *testing.T) {
	for i, s := range settings() {
		scenario(t, s.String(), options{two: i%2 == 1}, func(r *river) {
			r.setting = s
			p1, s1 := r.processor("p1"), r.sink("s1")
			r.flow(uint64(i), 25*time.Second)
			p1.Crash()
			s1.Crash()
			p2, s2 := r.processor("p2"), r.sink("s2")
			r.flow(uint64(100+i), 25*time.Second)
			settle()
			r.end(p2, s2)
		})
	}
}

// TestTheRuleChangesInARollingRestart: for a while processors of both rules write side by side, windows of the old rule
// end as they began, and those that both contribute to state what both carry.
func TestTheRuleChangesInARollingRestart(t *testing.T) {
	all := settings()
	for i, s := range all[1:] {
		scenario(t, s.String(), options{two: i%2 == 1}, func(r *river) {
			r.setting = all[i] // the one before it
			p1, p2, s1 := r.processor("p1"), r.processor("p2"), r.sink("s1")
			r.awake(uint64(i), 20*time.Second)
			r.setting = s
			p1.Stop()
			p3 := r.processor("p3")
			r.awake(uint64(100+i), 15*time.Second)
			s1.Crash() // amid the change
			s2 := r.sink("s2")
			r.awake(uint64(200+i), 5*time.Second)
			p2.Stop()
			p4 := r.processor("p4")
			r.awake(uint64(300+i), 20*time.Second)
			settle()
			r.end(p1, p2, p3, p4, s2)
		})
	}
}

// awake sends ordinary records to all partitions for so long: while rules of different lateness count, a partition that
// slept could bring what is too late for the sink.
func (r *river) awake(seed uint64, lasting time.Duration) {
	r.t.Helper()
	begin, places := time.Now(), r.places()
	for i := 0; time.Since(begin) < lasting; i++ {
		at := time.Now().Add(-time.Duration((uint64(i)*seed*7919)%1500) * time.Millisecond)
		at = at.Truncate(200 * time.Millisecond) // so that several are first, or last
		r.sendTo(places[i%len(places)], measurement(at, float64((i*37+int(seed))%100), fmt.Sprintf("%c", 'A'+i%5)))
		time.Sleep(120 * time.Millisecond)
	}
}
