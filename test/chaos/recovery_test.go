package chaos

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// incident is something after which results stay away for a while.
type incident struct {
	name     string
	promised time.Duration                // how long they may, beside what the broker is away
	do       func(f *fleet) time.Duration // gives how long the broker was away
	heal     func(f *fleet)               // makes everything as it was before; not measured
}

// measurement is what some incidents of one kind cost.
type measurement struct {
	gaps, away []time.Duration
}

// TestRecoveryTimes measures how long no result is published after an incident, by the broker's own times of the
// results, with windows of a fifth of a second. It prints a table, and fails where the median is beyond what is promised.
func TestRecoveryTimes(t *testing.T) {
	text := os.Getenv("RECOVERY")
	if text == "" {
		t.Skip("recovery times are measured by RECOVERY=10 go test -run TestRecovery -timeout 60m -v ./test/chaos, each ten times")
	}
	times, err := strconv.Atoi(text)
	if err != nil || times < 1 {
		t.Fatalf("RECOVERY is to say how often each incident is measured, such as 10; it is %q", text)
	}
	r := startOwn(t, 0).river("recovery", 200*time.Millisecond)
	r.rule.Lateness = 0
	f := r.fleet(2000, 4, 1)
	f.fill(f.generator)
	f.fill(f.processors[:2]...)
	f.fill(f.sinks...)
	var table string
	defer func() { t.Logf("recovery times:\n%s", table) }()
	table = fmt.Sprintf("%-44s %8s %8s %8s %8s %14s\n", "without a new result after", "runs", "median", "worst", "promised", "broker away")
	for _, one := range incidents() {
		m := f.measure(one, times)
		gap, worst := median(m.gaps), slices.Max(m.gaps)
		table += fmt.Sprintf("%-44s %8d %8s %8s %8s %14s\n", one.name, times, tenths(gap), tenths(worst), tenths(one.promised), tenths(median(m.away)))
		if gap > one.promised+median(m.away) {
			t.Errorf("%s: no result for %s (median), want at most %s and the %s that the broker was away", one.name, gap, one.promised, median(m.away))
		}
	}
	f.verdict()
}

// incidents are those that are measured. Each begins with two processors and one sink.
func incidents() []incident {
	const session = 6 * time.Second
	first := func(f *fleet) *post { return f.processors[0] }
	again := func(f *fleet) { f.fill(first(f)) }
	scaled := func(f *fleet) []*post { return f.processors[2:] }
	return []incident{
		{"kill -9 of a processor, another survives", session + 2*time.Second,
			func(f *fleet) time.Duration { first(f).now.kill(); return 0 }, again},
		{"kill -9 of all processors, one starts at once", session + 2*time.Second,
			func(f *fleet) time.Duration {
				first(f).now.kill()
				f.processors[1].now.kill()
				again(f)
				return 0
			}, func(f *fleet) { f.fill(f.processors[1]) }},
		{"kill -9 of the sink, one starts at once", session + 2*time.Second,
			func(f *fleet) time.Duration { f.sinks[0].now.kill(); f.fill(f.sinks[0]); return 0 }, func(*fleet) {}},
		{"stop of a processor, another stays", 4 * time.Second,
			func(f *fleet) time.Duration { f.stop(first(f).now); return 0 }, again},
		{"scaling from two processors to four", 4 * time.Second,
			func(f *fleet) time.Duration { f.fill(scaled(f)...); f.spread(4); return 0 },
			func(f *fleet) { f.stop(running(scaled(f)...)...) }},
		{"kill -9 of the broker", 2*session + 2*time.Second,
			func(f *fleet) time.Duration {
				begun := time.Now()
				f.killBroker()
				f.startBroker()
				f.brokerAnswers()
				if f.forgot() {
					f.t.Fatal("the broker itself forgot the end of a transaction, as a lone one may: try again")
				}
				return time.Since(begun)
			}, func(*fleet) {}},
		{"restart of the broker", 2*session + 2*time.Second,
			func(f *fleet) time.Duration {
				begun := time.Now()
				if f.restartBroker(); f.forgot() {
					f.t.Fatal("the broker itself forgot the end of a transaction, as a lone one may: try again")
				}
				return time.Since(begun)
			}, func(*fleet) {}},
	}
}

// measure lets an incident happen so many times, and looks for the longest time without a result after each.
func (f *fleet) measure(one incident, times int) measurement {
	f.t.Helper()
	var m measurement
	var spans [][2]time.Time
	for range times {
		f.spread(2)
		f.back("before: " + one.name)
		f.flows()
		from := time.Now()
		m.away = append(m.away, one.do(f))
		f.back(one.name)
		spans = append(spans, [2]time.Time{from, time.Now()})
		one.heal(f)
	}
	var stamps []time.Time
	for _, result := range f.read(f.topic("results")) {
		stamps = append(stamps, result.Timestamp)
	}
	slices.SortFunc(stamps, time.Time.Compare)
	for _, span := range spans {
		m.gaps = append(m.gaps, longestGap(stamps, span[0], span[1]))
	}
	return m
}

// longestGap is the longest time without a stamp between two moments, reckoned from the last stamp before.
func longestGap(stamps []time.Time, from, to time.Time) time.Duration {
	longest := time.Duration(0)
	for i := 1; i < len(stamps); i++ {
		if stamps[i].After(from) && !stamps[i-1].After(to) {
			longest = max(longest, stamps[i].Sub(stamps[i-1]))
		}
	}
	return longest
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func tenths(d time.Duration) string { return strings.TrimSpace(fmt.Sprintf("%.1f s", d.Seconds())) }

// TestTheLongestGapIsFound among times of results.
func TestTheLongestGapIsFound(t *testing.T) {
	t.Parallel()
	at := func(seconds ...float64) (all []time.Time) {
		for _, s := range seconds {
			all = append(all, time.Unix(0, 0).Add(time.Duration(s*float64(time.Second))))
		}
		return all
	}
	stamps := at(0, 9, 10, 10.2, 14, 14.1, 30)
	if got := longestGap(stamps, at(10.3)[0], at(14.05)[0]); got != 3800*time.Millisecond {
		t.Errorf("the longest gap is %s, want the one that began before the incident, of 3.8 s", got)
	}
	if got := median([]time.Duration{4, 1, 9, 2}); got != 3 {
		t.Errorf("the median of 1, 2, 4 and 9 is %d, want 3", got)
	}
}
