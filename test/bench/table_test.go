package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meanstream/meanstream/test/bench/workload"
	"github.com/meanstream/meanstream/test/oracle"
	"github.com/meanstream/meanstream/test/rivals/answer"
)

func TestTheTableShowsMediansAndRatios(t *testing.T) {
	at := func(wall, cpu time.Duration, mallocs uint64, peak int64) sample {
		return sample{used{wall, cpu, peak}, mallocs}
	}
	rows := []row{
		{"meanstream", "exactly once", 2_000_000, []sample{at(time.Second, 300*time.Millisecond, 2000, 50e6), at(9*time.Second, 200*time.Millisecond, 2000, 90e6), at(500*time.Millisecond, time.Second, 2000, 10e6)}},
		{"kafka-go Reader", "nothing", 2_000_000, []sample{at(4*time.Second, 3*time.Second, 12_000_000, 0)}},
		{"bare fetch", "floor", 2_000_000, []sample{at(time.Second, 100*time.Millisecond, 0, 20e6)}},
		{"bare decode", "floor", 2_000_000, []sample{at(time.Second, 50*time.Millisecond, 4000, 20e6)}},
	}
	want := `| | | M records/s | CPU-s per M | against ours | allocations per record | peak MB | runs |
|---|---|---|---|---|---|---|---|
| meanstream | exactly once | 2.00 | 0.150 | 1.00 | 0.0010 | 50 | 3 |
| kafka-go Reader | nothing | 0.50 | 1.500 | 10.00 | 6.0000 | – | 1 |
| bare fetch | floor | 2.00 | 0.050 | 0.33 | – | 20 | 1 |
| bare decode | floor | – | 0.025 | 0.17 | 0.0020 | – | 1 |

Ours takes 2.00 times the floors' sum of 0.075.
`
	if diff := cmp.Diff(want, table(rows)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAWrongAnswerIsNoticed breaks a right one in every way that a check is for.
func TestAWrongAnswerIsNoticed(t *testing.T) {
	tally := oracle.NewTally(workload.Window)
	tally.Keep(5e9, "A", 10)
	tally.Keep(6e9, "A", 20)
	tally.Filter(7e9, "B") // no mean to be stated
	top := topic{load: workload.Load{Records: 3}, want: tally.Outcome()}
	right := answer.Mean{Start: 0, Category: "A", Count: 2, Mean: 15 * (1 + 1e-12)}
	if err := checkMeans(answer.Answer{Records: 3, Means: []answer.Mean{right}}, top); err != nil {
		t.Errorf("the right answer: %v", err)
	}
	for name, a := range map[string]answer.Answer{
		"a record too few":    {Records: 2, Means: []answer.Mean{right}},
		"no window":           {Records: 3},
		"another window":      {Records: 3, Means: []answer.Mean{{Start: 10, Category: "A", Count: 2, Mean: 15}}},
		"another count":       {Records: 3, Means: []answer.Mean{{Category: "A", Count: 3, Mean: 15}}},
		"another mean":        {Records: 3, Means: []answer.Mean{{Category: "A", Count: 2, Mean: 15.0001}}},
		"a window too many":   {Records: 3, Means: []answer.Mean{right, {Start: 10, Category: "A", Count: 1, Mean: 1}}},
		"the same mean twice": {Records: 3, Means: []answer.Mean{right, right}},
	} {
		if checkMeans(a, top) == nil {
			t.Errorf("%s was taken for right", name)
		}
	}
}

func TestTheSystemsWordsAreRead(t *testing.T) {
	if got := peak("Name:\tx\nVmPeak:\t  99 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 1 kB\n"); got != 2<<20 {
		t.Errorf("peak %d", got)
	}
	if got := peak("nothing"); got != 0 {
		t.Errorf("peak %d of nothing", got)
	}
	for stat, want := range map[string]time.Duration{"1234567 90645 2\n": 1234567, "": -1, "none 1 2\n": -1} {
		if got, err := running(stat); (err == nil) != (want >= 0) || err == nil && got != want {
			t.Errorf("CPU time %v, %v of %q, want %v", got, err, stat, want)
		}
	}
	if got := metric("# HELP go_memstats_mallocs_total x\ngo_memstats_mallocs_total 1.234567e+06\n", "go_memstats_mallocs_total"); got != 1234567 {
		t.Errorf("metric %v", got)
	}
}
