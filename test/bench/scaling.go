package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/meanstream/meanstream/test/bench/growth"
)

// change is a member that was added to a group or asked to leave it, and when the group was changed again.
type change struct {
	kind      string
	at, until time.Time
}

// phase is a state of a group, and when it was first seen.
type phase struct {
	at    time.Time
	state string
}

// observed is what was seen from outside while a group was changed, all in the order of time.
type observed struct {
	arrivals map[string][]time.Time // of results, by category
	beats    []time.Time            // of the bench itself
	phases   []phase                // of the group
	tookOver []time.Time            // when a member said that it reads all of its partitions
}

// pause is how long a category's results stayed away around a change, beyond the usual, and what happened meanwhile.
type pause struct {
	kind string
	long time.Duration
	// steps are, one after the other: from the change until the group begins to rebalance; until all members have joined
	// again; until each knows its partitions; until all of them are taken over; until a result can be read.
	steps [5]time.Duration
}

// A gap counts as a change's if any of it lies between the begin of the rebalance and so long after the last take-over.
const aftermath = time.Second

// stood is how far beats may be apart before a change is left out: this machine, and not the group, made a pause.
const stood = 200 * time.Millisecond

// pause tells what a change did, where gaps between results are so long as a rule; an error says why it can't be told.
func (o observed) pause(c change, usual time.Duration) (pause, error) {
	at, err := o.steps(c)
	if err != nil {
		return pause{}, err
	}
	begin, end := at[1], at[4].Add(aftermath)
	if from, to := longest(o.beats, begin, end); to.Sub(from) > stood {
		return pause{}, fmt.Errorf("the bench itself stood still for %v", to.Sub(from).Round(time.Millisecond))
	}
	p := pause{kind: c.kind}
	for _, all := range o.arrivals {
		if from, to := longest(all, begin, end); to.Sub(from)-usual > p.long {
			p.long, at[5] = to.Sub(from)-usual, to
		}
	}
	for i := range p.steps {
		p.steps[i] = at[i+1].Sub(at[i])
	}
	return p, nil
}

// steps finds the times between which the steps are, but for the last.
func (o observed) steps(c change) (at [6]time.Time, err error) {
	at[0] = c.at
	for _, seen := range o.phases {
		switch {
		case seen.at.Before(c.at) || seen.at.After(c.until):
		case seen.state == "PreparingRebalance" && at[1].IsZero():
			at[1] = seen.at
		case seen.state == "CompletingRebalance" && at[2].IsZero():
			at[2] = seen.at
		case seen.state == "Stable":
			at[3] = seen.at
		}
	}
	if at[2].IsZero() {
		at[2] = at[3] // shorter than the group is asked
	}
	for _, over := range o.tookOver {
		if over.After(c.at) && over.Before(c.until) {
			at[4] = over
		}
	}
	at[5] = at[4]
	if at[1].IsZero() || at[3].IsZero() || at[4].IsZero() {
		return at, errors.New("not every step was seen")
	}
	return at, nil
}

// longest is the longest gap of which some part lies in a span of time.
func longest(all []time.Time, begin, end time.Time) (from, to time.Time) {
	for i := 1; i < len(all); i++ {
		if all[i].After(begin) && all[i-1].Before(end) && all[i].Sub(all[i-1]) > to.Sub(from) {
			from, to = all[i-1], all[i]
		}
	}
	return from, to
}

// usual is the median gap of all categories; 0 if there is none.
func usual(arrivals map[string][]time.Time) time.Duration {
	var gaps []time.Duration
	for _, all := range arrivals {
		for i := 1; i < len(all); i++ {
			gaps = append(gaps, all[i].Sub(all[i-1]))
		}
	}
	if len(gaps) == 0 {
		return 0
	}
	return median(gaps, func(d time.Duration) time.Duration { return d })
}

// takenOver reads from the log of a processor or a sink when it had taken its partitions over, if it is of that service.
func takenOver(log io.Reader, service string) (all []time.Time) {
	said := map[string]string{"processor": "reading ", "sink": "merging "}[service]
	lines := json.NewDecoder(log)
	for {
		var line struct {
			Time         time.Time
			Service, Msg string
		}
		if lines.Decode(&line) != nil {
			return all
		}
		if line.Service == service && strings.HasPrefix(line.Msg, said) && strings.Contains(line.Msg, " partitions of ") {
			all = append(all, line.Time)
		}
	}
}

// pauseTable has a row for each kind of change; steps are medians.
func pauseTable(all []pause) growth.Table {
	t := growth.Table{Head: []string{"change", "times", "pause, median ms", "worst ms", "until the group knows", "all join again", "assignment", "take-over", "first result"}}
	of := map[string][]pause{}
	for _, p := range all {
		of[p.kind] = append(of[p.kind], p)
	}
	ms := func(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }
	for _, kind := range slices.Sorted(maps.Keys(of)) {
		long := func(p pause) time.Duration { return p.long }
		worst := slices.MaxFunc(of[kind], func(a, b pause) int { return int(a.long - b.long) })
		row := []string{kind, fmt.Sprint(len(of[kind])), ms(median(of[kind], long)), ms(worst.long)}
		for i := range worst.steps {
			row = append(row, ms(median(of[kind], func(p pause) time.Duration { return p.steps[i] })))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
