package model

import (
	"fmt"
	"hash/maphash"
)

// model is the protocol under some rules.
type model struct {
	rules    Rules
	machines *machines
	plain    bool // nothing is left out of a state, as a test needs it that shows that nothing is lost by it
	telling  bool
	told     []string
}

// Report is what a search went through.
type Report struct {
	States   int  // different ones that were judged
	Effects  int  // that were tried, from all of them
	Depth    int  // of the last state found: no shorter path leads there
	Complete bool // every state within the bounds was reached: Depth and the limit did not cut the search
	Longest  int  // effects that it took at most until all was done, once nothing more went wrong
}

// Violation is a promise broken, and the shortest path to it.
type Violation struct {
	Err   error    // one of the errors of this package, with what happened
	Trace []string // one line for each effect, from the beginning
}

// Error names the promise first, then the path.
func (v *Violation) Error() string {
	text := v.Err.Error()
	for i, l := range v.Trace {
		text += fmt.Sprintf("\n%3d  %s", i+1, l)
	}
	return text
}

// Unwrap gives the promise.
func (v *Violation) Unwrap() error { return v.Err }

// mark stands for a state: 128 bits of hash, for a million states need room. That two different states get the same one
// in a search of ten million is less likely than one to 10^24.
type mark [2]uint64

// origin is how a state was reached first.
type origin struct {
	from   int32
	effect effect
}

type search struct {
	*model
	seeds   [2]maphash.Seed
	seen    map[mark]struct{}
	live    map[mark]int8 // states from which all was done, by the number of effects that it took
	origins []origin
	report  Report
}

// Search goes through all states within the rules, breadth first, until there are none left or limit of them are seen
// (0: no limit). The error is a [*Violation], or nil.
func Search(r Rules, limit int) (Report, error) {
	if b := r.Bounds; b.Silences > maxCopies || b.Records[0]+b.Records[1] > maxLog/2 {
		return Report{}, fmt.Errorf("search within %+v: a state has room for %d copies and %d records", b, maxCopies, maxLog/2)
	}
	return newSearch(r).run(limit)
}

func newSearch(r Rules) *search {
	return &search{
		model: &model{rules: r, machines: newMachines()},
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		seen:  map[mark]struct{}{}, live: map[mark]int8{},
	}
}

func (x *search) run(limit int) (Report, error) {
	bounds := x.rules.Bounds
	first := begin(bounds)
	x.seen[x.mark(first)] = struct{}{}
	x.origins = append(x.origins, origin{from: -1})
	x.report.States = 1
	front, at := []state{first}, 0
	for len(front) > 0 {
		if bounds.Depth > 0 && x.report.Depth >= bounds.Depth || limit > 0 && x.report.States >= limit {
			return x.report, nil
		}
		next, err := x.level(front, at)
		if err != nil {
			return x.report, err
		}
		at += len(front)
		front = next
		if len(front) > 0 {
			x.report.Depth++
		}
	}
	x.report.Complete = true
	return x.report, nil
}

func (x *search) mark(s state) mark {
	return mark{maphash.Comparable(x.seeds[0], s), maphash.Comparable(x.seeds[1], s)}
}

// level goes one effect on from the states of one depth, of which the first has the number at.
func (x *search) level(front []state, at int) ([]state, error) {
	var next []state
	var room []effect
	for i := range front {
		room = x.effects(&front[i], room)
		for _, e := range room {
			s := front[i]
			err := x.apply(&s, e)
			x.report.Effects++
			if err != nil {
				return nil, x.violation(err, at+i, e)
			}
			k := x.mark(s)
			if _, ok := x.seen[k]; ok {
				continue
			}
			x.seen[k] = struct{}{}
			x.origins = append(x.origins, origin{int32(at + i), e})
			x.report.States++
			next = append(next, s)
			if fair, err := x.alive(s); err != nil {
				return nil, x.violation(err, at+i, append([]effect{e}, fair...)...)
			}
		}
	}
	return next, nil
}

// violation tells the path to a state, and the effects after it.
func (x *search) violation(err error, at int, after ...effect) *Violation {
	var path []effect
	for ; at > 0; at = int(x.origins[at].from) {
		path = append([]effect{x.origins[at].effect}, path...)
	}
	return &Violation{err, x.tell(append(path, after...))}
}

// tell walks a path from the beginning and puts it into words.
func (x *search) tell(path []effect) []string {
	x.telling = true
	defer func() { x.telling = false }()
	s := begin(x.rules.Bounds)
	var all []string
	for _, e := range path {
		line := x.line(&s, e)
		x.told = nil
		_ = x.apply(&s, e) // the last one breaks the promise that is told
		for _, t := range x.told {
			line += t
		}
		if t := &s.procs[e.who].tenures[0]; e.what == fetch || e.what == look {
			line += ":" + t.positions()
		}
		all = append(all, line)
	}
	return all
}
