package sim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meanstream/meanstream/test/shapes"
)

// shrinking is how long the smallest list of a failing run's events is looked for, in real time.
const shrinking = 90 * time.Second

// shrinkFor leaves out of a list what it still fails without: halves first, then smaller pieces, then single events,
// until no single one can be left out, or it is late.
func shrinkFor(until time.Time, kept []int, fails func(kept []int) bool) []int {
	for size := max(len(kept)/2, 1); ; size = max(size/2, 1) {
		left := false // something was left out
		for at := 0; at < len(kept); {
			if time.Now().After(until) {
				return kept
			}
			try := slices.Delete(slices.Clone(kept), at, min(at+size, len(kept)))
			if fails(try) {
				kept, left = try, true
			} else {
				at += size
			}
		}
		if size == 1 && !left {
			return kept
		}
	}
}

// symptom is what failures of one cause have in common, however many events are left: the promise that broke, or the
// first words of what is wrong.
func symptom(out string) string {
	if broken := regexp.MustCompile(`broke [a-z]+`).FindString(out); broken != "" {
		return broken
	}
	for line := range strings.Lines(out) {
		at := regexp.MustCompile(`panic: .*|_test\.go:\d+: .*`).FindString(line)
		if at != "" {
			return regexp.MustCompile(`[0-9]+`).ReplaceAllString(at, "#")
		}
	}
	return ""
}

// story tells what it takes for a run to fail, and how to see it again.
func story(seed uint64, d drawn, kept []int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, %d brokers, transaction.version %d, two source topics: %t, records: %s, fails with these of its %d events (all times are those of the run's clock):",
		seed, d.options.brokers, d.options.txnVersion, d.options.two, shapes.All()[d.options.shape].Name, len(d.events))
	for _, i := range kept {
		fmt.Fprintf(&b, "\n%5d  %s", i, d.events[i])
	}
	fmt.Fprintf(&b, "\nto see it again:\n  %s=%d-%d %s=%s go test -count=1 -run 'TestDrawnFromASeed/seed_%d$' ./test/sim",
		envSeeds, seed, seed, envEvents, numbers(kept), seed)
	return b.String()
}

func TestAListIsShrunkToWhatItTakes(t *testing.T) {
	var all []int
	for i := range 50 {
		all = append(all, i)
	}
	for _, takes := range [][]int{{}, {17}, {0, 49}, {3, 20, 21, 40}} {
		tries := 0
		got := shrinkFor(time.Now().Add(time.Hour), all, func(kept []int) bool {
			tries++
			for _, i := range takes {
				if !slices.Contains(kept, i) {
					return false
				}
			}
			return true
		})
		if !slices.Equal(got, takes) {
			t.Errorf("shrunk to %v, want %v", got, takes)
		}
		if tries > 200 {
			t.Errorf("%d tries for %v: each is a run", tries, takes)
		}
	}
	if got := shrinkFor(time.Now(), all, func([]int) bool { return true }); len(got) != len(all) {
		t.Errorf("it went on after its time")
	}
}
