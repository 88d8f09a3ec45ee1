package sim

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// load puts records of a year ago into all partitions, some of them odd.
func (r *river) load(seed uint64, n int, from time.Time) {
	r.t.Helper()
	random := rand.New(rand.NewPCG(seed, 3))
	var all []*kgo.Record
	places := r.places()
	for i := range n {
		at := from.Add(time.Duration(i) * 50 * time.Millisecond)
		to := places[random.IntN(len(places))]
		rec := r.shape.Some(random, at)
		rec.Topic, rec.Partition, rec.Timestamp = to.Topic, to.Partition, time.Now()
		all = append(all, rec)
	}
	all = append(all,
		&kgo.Record{Topic: recordsTopic, Partition: 1, Value: nil, Timestamp: time.Now()},
		&kgo.Record{Topic: recordsTopic, Partition: 2, Value: []byte{}, Timestamp: time.Now()})
	if err := r.client.ProduceSync(r.t.Context(), all...).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}

// lines are results sorted, since partitions of results are written side by side.
func lines(results []byte) string {
	all := bytes.Split(results, []byte("\n"))
	slices.SortFunc(all, bytes.Compare)
	return string(bytes.Join(all, []byte("\n")))
}

func lastYear() time.Time { return time.Now().Add(-365 * 24 * time.Hour).Truncate(time.Minute) }

func wait(ps ...*process) {
	for _, p := range ps {
		<-p.done
	}
}

// TestABackfillGivesTheSameBytes runs to the end with one and with three replicas, whole and interrupted.
func TestABackfillGivesTheSameBytes(t *testing.T) {
	sameBytes(t, options{exitAtEnd: true})
}

func sameBytes(t *testing.T, o options) {
	var want string
	run := func(name string, play func(r *river)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, o)
				r.load(5, 3000, lastYear())
				play(r)
				r.judge()
				got := lines(r.results())
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("other results than of the first run: %d and %d bytes", len(got), len(want))
				}
			})
		})
	}
	run("one of each", func(r *river) {
		p, s := r.processor("p1"), r.sink("s1")
		wait(p, s)
		r.end(p, s)
	})
	run("three processors and two sinks, each with the list of topics in another order", func(r *river) {
		var ps []*process
		for i := range 3 {
			ps = append(ps, r.processor(fmt.Sprint("p", i)))
			slices.Reverse(r.topics)
		}
		for i := range 2 {
			ps = append(ps, r.sink(fmt.Sprint("s", i)))
			slices.Reverse(r.topics)
		}
		wait(ps...)
		r.end(ps...)
	})
	run("the sink after the processor", func(r *river) {
		p := r.processor("p1")
		wait(p)
		s := r.sink("s1")
		wait(s)
		r.end(p, s)
	})
	for _, n := range []int{1, 2, 3} {
		run(fmt.Sprint("killed at commit ", n, " and started again"), func(r *river) {
			p, s := r.processor("p1"), r.sink("s1")
			killAt(p, kmsg.EndTxn, n, false)
			killAt(s, kmsg.EndTxn, n, true)
			time.Sleep(15 * time.Second)
			p.Crash()
			s.Crash()
			p2, p3, s2 := r.processor("p2"), r.processor("p3"), r.sink("s2")
			wait(p2, p3, s2)
			r.end(p2, p3, s2)
		})
	}
}

// TestASecondBackfillTakesWhatHasComeSince keeps the windows of both runs apart.
func TestASecondBackfillTakesWhatHasComeSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, options{exitAtEnd: true})
		for i := range 3 {
			r.load(uint64(i), 500, lastYear().Add(time.Duration(i)*time.Hour))
			p, s := r.processor(fmt.Sprint("p", i)), r.sink(fmt.Sprint("s", i))
			wait(p, s)
			r.end(p, s)
		}
		r.judge()
	})
}
