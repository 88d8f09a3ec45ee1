package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// errBrokeLive is the promise that progress is back in time after every fault, and that nobody waits for the silent. The
// oracle knows no clock: it is content with results that come when the stream ends.
var errBrokeLive = errors.New("broke live: progress was not back in time")

// backIn is the session timeout and two seconds: the bound for progress after a kill -9.
const backIn = 8 * time.Second

// TestProgressIsBackInTimeAfterADeath kills a process in the middle of a transaction, be it the first of its life, and
// asks when everything that was there to be read is committed, and readers see beyond what the dead one left.
func TestProgressIsBackInTimeAfterADeath(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.AddPartitionsToTxn, kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn} {
		for _, n := range []int{1, 4} {
			scenario(t, fmt.Sprintf("processor after %s %d", key.Name(), n), options{}, func(r *river) {
				s := r.sink("sink")
				r.heir(r.processor, key, n, func() { r.awaitProgress("processor", recordsTopic, partialsTopic) })
				r.end(s)
			})
			scenario(t, fmt.Sprintf("sink after %s %d", key.Name(), n), options{}, func(r *river) {
				p := r.processor("processor")
				r.heir(r.sink, key, n, func() { r.awaitProgress("sink", partialsTopic, resultsTopic) })
				r.end(p)
			})
		}
	}
}

// heir has one process give way to a second, which dies at the n-th of some requests, for a third to take over.
func (r *river) heir(birth func(name string) *process, key kmsg.Key, n int, progress func()) {
	r.t.Helper()
	// Who came before leaves its name behind, and nothing else.
	before := birth("before")
	r.flow(1, 8*time.Second)
	before.Stop()
	victim := birth("victim")
	killAt(victim, key, n, key == kmsg.EndTxn) // the end is stopped on its way: behind it nothing hangs
	for i := range 120 {                       // looking often: a transaction that times out by itself must not help
		if victim.Sent(key) >= n {
			break
		}
		r.flow(uint64(i), 500*time.Millisecond)
	}
	if victim.Sent(key) < n {
		r.t.Fatal("nothing killed the victim: this test can't fail")
	}
	heir := birth("heir")
	progress()
	r.flow(3, 5*time.Second)
	settle()
	victim.Crash()
	heir.Stop()
	for _, p := range []*process{before, heir} {
		if p.err != nil {
			r.t.Errorf("%s: %v", p.name, p.err)
		}
	}
}

// awaitProgress asks that a group commits in time all that is there now, and that what it writes is seen by readers.
func (r *river) awaitProgress(group, from, into string) {
	r.t.Helper()
	ends, written := r.ends(from), r.ends(into)
	begin := time.Now()
	missing := ""
	for ; time.Since(begin) <= backIn; time.Sleep(100 * time.Millisecond) {
		missing = ""
		for p, o := range r.cluster.CommittedOffsets(group, from) {
			if o.At < ends[p] {
				missing = fmt.Sprintf("%s/%d is committed up to %d of %d", from, p, o.At, ends[p])
			}
		}
		for _, p := range r.cluster.Kfake().PartitionInfos(into) {
			if p.LastStableOffset < written[p.Partition] {
				missing = fmt.Sprintf("readers of %s/%d see %d of %d", into, p.Partition, p.LastStableOffset, written[p.Partition])
			}
		}
		if missing == "" {
			return
		}
	}
	r.t.Errorf("%v: after %s %s", errBrokeLive, backIn, missing)
}

// ends are where the logs of a topic end, by partition.
func (r *river) ends(topic string) map[int32]int64 {
	all := map[int32]int64{}
	for _, p := range r.cluster.Kfake().PartitionInfos(topic) {
		all[p.Partition] = p.HighWatermark
	}
	return all
}

// TestNobodyWaitsForTheSilent has one partition fall silent, one that never brings anything but garbage, and one that is
// empty; the windows of the busy one close all the same, while it goes on.
func TestNobodyWaitsForTheSilent(t *testing.T) {
	scenario(t, "silent, garbage and empty", options{closeIdle: 20 * time.Second}, func(r *river) {
		p, s := r.processor("p1"), r.sink("s1")
		r.send(1, measurement(time.Now(), 1, "falls silent"))
		for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(100 * time.Millisecond) {
			r.send(0, measurement(time.Now(), 2, "busy"))
			r.send(2, "garbage")
		}
		// A window's end is passed when its lateness is over, and the silence has lasted; flushes take a second each.
		r.publishedUpTo(time.Now().Add(-lateness - 4*time.Second))
		settle()
		r.end(p, s)
	})
}

// TestTheOwnerOfASilentPartitionDies, and a record comes there before the group has noticed: the windows of the busy
// ones wait for it, although the partition has been silent for long. It is in its result, neither late nor dropped.
func TestTheOwnerOfASilentPartitionDies(t *testing.T) {
	scenario(t, "and a record comes", options{}, func(r *river) {
		p1, s := r.processor("p1"), r.sink("s1")
		p2 := r.processor("p2")
		time.Sleep(5 * time.Second) // both have their share now
		var mine, others []int32    // of p2 and of p1
		var mu sync.Mutex
		p2.Before(func(q kafkatest.Request) {
			for p := range int32(sources) {
				if q.Key == kmsg.Fetch && fetches(recordsTopic, p)(q) {
					mu.Lock()
					mine = append(mine, p)
					mu.Unlock()
				}
			}
		})
		time.Sleep(2 * time.Second)
		mu.Lock()
		for p := range int32(sources) {
			if !slices.Contains(mine, p) {
				others = append(others, p)
			}
		}
		silent := mine[len(mine)-1]
		mu.Unlock()
		busy := func(until time.Time) {
			for time.Now().Before(until) {
				for i, p := range others {
					r.send(p, measurement(time.Now(), 1, string(rune('A'+i))))
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
		r.send(silent, measurement(time.Now(), 3, "C"))
		// The windows close before the dead one's session has ended.
		end := time.Now().Truncate(windowSize).Add(3 * windowSize)
		busy(end.Add(-2 * time.Second))
		p2.Kill()
		busy(end.Add(-time.Second))
		r.send(silent, measurement(time.Now(), 4, "waited for"))
		busy(end.Add(2 * windowSize))
		settle()
		p2.Crash()
		r.end(p1, s)
	})
}

// publishedUpTo asks that the windows that end by then are published now.
func (r *river) publishedUpTo(by time.Time) {
	r.t.Helper()
	var last time.Time
	for _, m := range r.cluster.ReadCommitted(resultsTopic) {
		var w struct {
			End time.Time `json:"window_end"`
		}
		if err := json.Unmarshal(m.Value, &w); err != nil {
			r.t.Fatal(err)
		}
		if w.End.After(last) {
			last = w.End
		}
	}
	if want := by.Truncate(windowSize); last.Before(want) {
		r.t.Errorf("%v: the last window published ends at %s, want the one that ends at %s", errBrokeLive, last, want)
	}
}
