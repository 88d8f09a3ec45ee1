// Command merge measures what the sink does with partials that lie in memory, without a broker: how many aggregates it
// opens and merges in a second of CPU time, decoding included, and how much memory one that is open takes. What comes of
// it is checked before it is told.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"syscall"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/window"
	"github.com/meanstream/meanstream/services/sink/merger"
	"github.com/meanstream/meanstream/test/bench/growth"
	"github.com/meanstream/meanstream/test/oracle"
)

// Answer is what is printed, as JSON.
type Answer struct {
	Categories int
	Opened     float64 // aggregates in a second of CPU time, of those that were not open yet
	Merged     float64 // and of those that were
	Heap       float64 // bytes of an open aggregate: what the heap has grown by
	Estimate   float64 // bytes by the sink's own reckoning
}

func main() {
	categories := flag.Int("categories", 1000, "that are open in one window")
	merges := flag.Int("merges", 2_000_000, "about so many aggregates are merged into open ones")
	flag.Parse()
	a, err := run(*categories, max(2, *merges / *categories))
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(a)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "merge:", err)
		os.Exit(1)
	}
}

// atOnce is about how many aggregates are made before time is taken for them.
const atOnce = 200_000

// run opens the categories with a first partial, and merges so many more of the same categories.
func run(categories, rounds int) (a Answer, err error) {
	state := merger.NewState(0, checkpoint.Merge{Emitted: window.NoWatermark}, 0, 0, 0, 0)
	w := writer{categories: categories, expected: growth.Expect(categories)}
	a.Categories = categories

	messages, err := w.next()
	if err != nil {
		return a, err
	}
	before := heap()
	opening, err := read(state, messages, 0)
	if err != nil {
		return a, err
	}
	a.Opened = float64(categories) / opening
	a.Heap = float64(heap()-before) / float64(categories)
	a.Estimate = float64(state.Open.Size()) / float64(categories)
	runtime.KeepAlive(messages) // in both figures, so in neither

	var merging float64
	offset := int64(len(messages))
	for done := 0; done < rounds; {
		messages = messages[:0]
		for n := 0; done < rounds && n < atOnce; done, n = done+1, n+categories {
			more, err := w.next()
			if err != nil {
				return a, err
			}
			messages = append(messages, more...)
		}
		took, err := read(state, messages, offset)
		if err != nil {
			return a, err
		}
		merging += took
		offset += int64(len(messages))
	}
	a.Merged = float64(categories) * float64(rounds) / merging
	return a, check(state, w.expected)
}

// read is what is measured: messages become part of the state, as they do in the sink.
func read(state *merger.State, messages [][]byte, offset int64) (seconds float64, err error) {
	runtime.GC() // what the writer has left behind is not to be paid here
	before, err := cpu()
	if err != nil {
		return 0, err
	}
	var d partial.Decoder
	for i, m := range messages {
		p, err := d.Decode(m)
		if err != nil {
			return 0, err
		}
		if _, err := state.Partial(offset+int64(i), p, 0); err != nil {
			return 0, err
		}
		state.Passed(offset + int64(i) + 1)
	}
	after, err := cpu()
	return after - before, err
}

// check closes what is open and sees whether it is right.
func check(state *merger.State, want *growth.Expected) error {
	state.Open.Close(math.MaxInt64)
	var published []oracle.Published
	for state.Open.Closing() {
		for _, r := range state.Open.Take(1 << 20) {
			published = append(published, oracle.Published{Key: []byte(r.Category), Value: r.AppendJSON(nil)})
		}
	}
	return want.Check(published)
}

// heap is what is reachable.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// cpu is what this process has used, in seconds, its garbage collector included.
func cpu() (float64, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(u.Utime) + seconds(u.Stime), nil
}
