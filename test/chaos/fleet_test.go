package chaos

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/oracle"
)

// What the clock decides is kept out of a run that is judged to the byte: a source that pauses because its road is
// blocked is not quiet.
func patient() []string { return []string{"--idle-after=1h", "--close-idle-after=1h"} }

// hasty closes the last windows by the clock, once everything has been read.
func hasty() []string { return []string{"--idle-after=1s", "--close-idle-after=3s"} }

// post is a place in the river that one service at a time holds.
type post struct {
	name string
	kind string
	args []string
	door *door    // nil if the broker has no more
	now  *service // who holds it; nil or ended: nobody
}

// fleet is a river's services by their posts.
type fleet struct {
	*river
	generator         *post
	processors, sinks []*post
}

// fleet gives the river so many posts. As far as the broker has doors each has one of its own.
func (r *river) fleet(rate, processors, sinks int) *fleet {
	f := &fleet{river: r}
	var doors []*door
	if r.broker != nil {
		doors = r.broker.doors
	}
	add := func(kind string, i int, args ...string) *post {
		p := &post{name: fmt.Sprintf("%s %d", kind, i), kind: kind, args: args}
		if len(doors) > 0 {
			p.door, doors = doors[0], doors[1:]
		}
		return p
	}
	f.generator = add("generator", 0, append(r.flags("records"), "--rate", fmt.Sprint(rate))...)
	for i := range processors {
		f.processors = append(f.processors, add("processor", i, r.processorFlags()...))
	}
	for i := range sinks {
		f.sinks = append(f.sinks, add("sink", i, append(r.sinkFlags(), patient()...)...))
	}
	return f
}

// fill starts a service at a post.
func (f *fleet) fill(posts ...*post) {
	f.t.Helper()
	for _, p := range posts {
		if p.door != nil {
			p.now = f.through(p.door, p.kind, p.args...)
		} else {
			p.now = f.run(p.kind, p.args...)
		}
	}
}

// begin fills all posts, and waits until everybody has a share and results flow.
func (f *fleet) begin() {
	f.t.Helper()
	f.fill(f.generator)
	f.fill(f.processors...)
	f.fill(f.sinks...)
	f.spread(len(f.processors))
	f.shared("sink", "partials", len(f.sinks))
	f.flows()
}

// running gives the services that hold posts.
func running(posts ...*post) []*service {
	var all []*service
	for _, p := range posts {
		if p.now == nil {
			continue
		}
		select {
		case <-p.now.done:
		default:
			all = append(all, p.now)
		}
	}
	return all
}

// bound is how long progress may take to come back once a fault is over. What is promised is two sessions and two
// seconds, 14 seconds in all; the rest is for machines on which everything else is tested at the same time.
const bound = 45 * time.Second

// back waits until a window is published that began after this call, for as long as such a window takes and the bound
// more, and gives what it took of the latter.
func (r *river) back(after string) time.Duration {
	r.t.Helper()
	from := time.Now()
	r.within(r.rule.Window+r.rule.Lateness+bound, func() error {
		newest := time.Time{}
		for _, m := range r.readLast(r.topic("results"), 100) {
			if began := r.windowStart(m); began.After(newest) {
				newest = began
			}
		}
		if newest.Before(from) {
			return fmt.Errorf("no progress since %s: the newest window began at %s, and it is %s", after, newest, from)
		}
		return nil
	})
	took := max(0, time.Since(from)-r.rule.Window-r.rule.Lateness).Round(100 * time.Millisecond)
	r.t.Logf("%s: progress is back %s later than a window takes by itself", after, took)
	return took
}

// windowStart is when the window of a result began.
func (c *cluster) windowStart(m *kgo.Record) time.Time {
	c.t.Helper()
	var result struct {
		Start time.Time `json:"window_start"`
	}
	if err := json.Unmarshal(m.Value, &result); err != nil {
		c.t.Fatalf("results hold %s: %v", m.Value, err)
	}
	return result.Start
}

// judgeSoFar stops the traffic, lets what is there be read, judges all windows that must be closed, and goes on.
func (f *fleet) judgeSoFar(after string) {
	f.t.Helper()
	f.stop(f.generator.now)
	f.drained()
	records := f.recorded()
	want, over := oracle.Judge(records, f.rule), f.over(records)
	deadline := time.Now().Add(10 * time.Second)
	err := oracle.Compare(want, f.published(), oracle.AllowOpen(over))
	for ; err != nil && time.Now().Before(deadline); err = oracle.Compare(want, f.published(), oracle.AllowOpen(over)) {
		time.Sleep(500 * time.Millisecond)
	}
	if err == nil {
		err = f.rejected(want)
	}
	if err != nil {
		f.t.Fatalf("%s: %v", after, err)
	}
	f.t.Logf("%s: %d records so far, and the results as they must be", after, want.Read())
	f.fill(f.generator)
	f.generator.now.says(bound, "generating")
}

// verdict ends the traffic and everything after it, and judges all.
func (f *fleet) verdict() oracle.Outcome {
	f.t.Helper()
	f.stop(running(f.generator)...)
	f.drained()
	f.stop(running(f.sinks...)...)
	last := f.sink(hasty()...)
	want := f.closed()
	f.stop(last)
	f.stop(running(f.processors...)...)
	f.judgeBy(want)
	f.t.Logf("%d records (%+v), %d results", want.Read(), want.Counts, len(want.Results))
	return want
}
