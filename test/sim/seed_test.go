package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/meanstream/meanstream/test/shapes"
)

// A drawn run is a process of its own. So it begins with nothing that earlier runs have left in the memory of any
// library, one processor schedules all of it, those dice that can't be taken from libraries fall as they always do, a
// run that hangs or panics can be shrunk like any other, and as many run side by side as there are processors.

// env are the variables by which a run is asked for.
const (
	envSeeds  = "SEEDS"  // how many runs, or FIRST-LAST
	envEvents = "EVENTS" // only these events of them, such as 0,3,7: what shrinking has left
	envReport = "REPORT" // set for the process of one run: where it writes its report
)

// The idle rules of drawn runs.
const (
	usualIdle      = 5 * time.Second
	usualCloseIdle = 8 * time.Second
)

// longestRun bounds one run, in real time. It takes less than a second.
const longestRun = 5 * time.Minute

// report is what the process of one run tells about it, beyond whether it failed.
type report struct {
	Struck  []int    // events that have done anything
	History []string // the last requests of all, and what came of them
	Sum     uint64   // of all of the history
}

// TestDrawnFromASeed runs the river, from one source topic or two, over messages of one shape or another, some of which the
// generator loads from files, while processes come, go, die and fall asleep, the network loses, repeats and delays requests,
// and brokers refuse them, all drawn from the seed that names the run. A run that fails is shrunk to the events that it
// takes.
//
//	SEEDS=200 go test ./test/sim                 the runs 0 to 199
//	SEEDS=17-17 go test -v -run Drawn ./test/sim run 17, with its events and its log
func TestDrawnFromASeed(t *testing.T) {
	if at := os.Getenv(envReport); at != "" {
		playOne(t, at)
		return
	}
	first, last := seeds(t)
	var totals tally
	var shrunk atomic.Bool
	t.Cleanup(func() { t.Log(totals.String()) }) // behind the runs, which are parallel
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			d := draw(seed)
			kept := keptEvents(t, d)
			rep, out := runApart(t, seed, kept, testing.Verbose() && first == last)
			if out == "" {
				totals.add(d, kept, rep)
				return
			}
			t.Errorf("%s", out)
			if !shrunk.CompareAndSwap(false, true) { // one is enough to begin with, and takes its time
				t.Errorf("%s", story(seed, d, kept))
				return
			}
			least := shrinkFor(time.Now().Add(shrinking), kept, func(try []int) bool {
				_, now := runApart(t, seed, try, false)
				return now != "" && symptom(now) == symptom(out)
			})
			t.Errorf("%s", story(seed, d, least))
		})
	}
}

// seeds are the first and the last of the runs that are asked for.
func seeds(t *testing.T) (first, last uint64) {
	text := os.Getenv(envSeeds)
	if text == "" {
		return 0, 7
	}
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil || n < 1 {
			t.Fatalf("%s=%q is no number of runs: write a whole number from 1 on, or FIRST-LAST", envSeeds, text)
		}
		return 0, n - 1
	}
	first, err1 := strconv.ParseUint(from, 10, 63)
	last, err2 := strconv.ParseUint(to, 10, 63)
	if err1 != nil || err2 != nil || first > last {
		t.Fatalf("%s=%q is no range of seeds: write FIRST-LAST, such as 17-17", envSeeds, text)
	}
	return first, last
}

// keptEvents are the events of a run that are to happen: all, or those asked for.
func keptEvents(t *testing.T, d drawn) []int {
	text := os.Getenv(envEvents)
	var kept []int
	if text == "" {
		for i := range d.events {
			kept = append(kept, i)
		}
		return kept
	}
	for number := range strings.SplitSeq(text, ",") {
		if number == "none" {
			continue
		}
		i, err := strconv.Atoi(number)
		if err != nil || i < 0 || i >= len(d.events) {
			t.Fatalf("%s=%q: %q is none of the run's events, which are 0 to %d", envEvents, text, number, len(d.events)-1)
		}
		kept = append(kept, i)
	}
	return kept
}

func numbers(kept []int) string {
	if len(kept) == 0 {
		return "none"
	}
	var all []string
	for _, i := range kept {
		all = append(all, strconv.Itoa(i))
	}
	return strings.Join(all, ",")
}

// playOne is the process of one run.
func playOne(t *testing.T, at string) {
	seed, _ := seeds(t)
	t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, seed) // names of processes and members are random numbers
		d := draw(seed)
		kept := keptEvents(t, d)
		synctest.Test(t, func(t *testing.T) {
			o := d.options
			o.trace = true
			if o.idle = -1; !o.loads {
				o.idle, o.closeIdle = usualIdle, usualCloseIdle
			}
			r := start(t, o)
			struck := r.perform(d, kept)
			text, err := json.Marshal(report{Struck: struck, History: r.cluster.Trace(), Sum: r.cluster.TraceSum()})
			if err == nil {
				err = os.WriteFile(at, text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	})
}

// runApart plays a run, or some of it, in a process of its own. The output is empty if it passed.
func runApart(t *testing.T, seed uint64, kept []int, tell bool) (rep report, out string) {
	t.Helper()
	at := filepath.Join(t.TempDir(), "report") // another one each time
	ctx, cancel := context.WithTimeout(context.Background(), longestRun)
	defer cancel()
	args := []string{"-test.run=^TestDrawnFromASeed$", "-test.timeout=" + (longestRun - 10*time.Second).String()}
	if tell {
		args = append(args, "-test.v")
	}
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GODEBUG=randautoseed=0,asyncpreemptoff=1",
		"GOGC=off", "GOMEMLIMIT=512MiB", // too short to collect anything
		fmt.Sprintf("%s=%d-%d", envSeeds, seed, seed), envEvents+"="+numbers(kept), envReport+"="+at)
	text, err := cmd.CombinedOutput()
	if tell {
		t.Logf("%s", text)
	}
	if err != nil {
		return rep, fmt.Sprintf("%v\n%s", err, brief(string(text)))
	}
	text, err = os.ReadFile(at)
	if err == nil {
		err = json.Unmarshal(text, &rep)
	}
	if err != nil {
		return rep, fmt.Sprintf("read the report of the run: %v", err)
	}
	return rep, ""
}

// brief leaves what a person reads first: what is wrong, and a few of the last requests before that.
func brief(out string) string {
	var wrong, requests []string
	for line := range strings.Lines(out) {
		if line = strings.TrimRight(line, "\n"); strings.Contains(line, "cluster.go:") {
			requests = append(requests, line)
		} else {
			wrong = append(wrong, line)
		}
	}
	const most, last = 40, 5
	if len(wrong) > most {
		wrong = append(wrong[:most:most], fmt.Sprintf("... and %d lines more", len(wrong)-most))
	}
	return strings.Join(append(wrong, requests[max(len(requests)-last, 0):]...), "\n")
}

// tally counts what has happened in all runs, by kind.
type tally struct {
	mu    sync.Mutex
	runs  int
	drawn map[string]int
	real  map[string]int
	kinds map[string]int // of runs
}

func (c *tally) add(d drawn, kept []int, rep report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drawn == nil {
		c.drawn, c.real, c.kinds = map[string]int{}, map[string]int{}, map[string]int{}
	}
	c.runs++
	c.kinds["records: "+shapes.All()[d.options.shape].Name]++
	if d.options.loads {
		c.kinds["with files that are loaded"]++
	}
	if d.options.two {
		c.kinds["two source topics"]++
	}
	for _, i := range kept {
		c.drawn[d.events[i].kind]++
	}
	for _, i := range rep.Struck {
		c.real[d.events[i].kind]++
	}
}

func (c *tally) String() string {
	var kinds []string
	for kind := range c.drawn {
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b string) int { return cmp.Or(c.drawn[b]-c.drawn[a], cmp.Compare(a, b)) })
	var b strings.Builder
	fmt.Fprintf(&b, "%d runs passed, of these", c.runs)
	for _, kind := range slices.Sorted(maps.Keys(c.kinds)) {
		fmt.Fprintf(&b, "\n  %-28s %6d", kind, c.kinds[kind])
	}
	b.WriteString("\nof each kind so many events were drawn, and have done something:")
	for _, kind := range kinds {
		fmt.Fprintf(&b, "\n  %-14s %6d %6d", kind, c.drawn[kind], c.real[kind])
	}
	return b.String()
}
