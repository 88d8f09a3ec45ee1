package model

import (
	"fmt"
	"slices"
)

// alive judges that from a state on, if nothing more goes wrong, all records become visible and nothing stays open: no
// fault, no late copy, and above all no transaction timeout. Which of the possible effects comes next is decided by their
// order in rank: so it is one path that is tried, and it must lead there within [Bound] effects.
//
// The path's effects come back with the error.
func (x *search) alive(s state) ([]effect, error) {
	var path []effect
	var marks []mark
	s.left, s.copies = [faults]int8{}, [maxCopies]request{}
	var room []effect
	rest := int8(-1)
	for len(path) <= Bound {
		k := x.mark(s)
		if n, ok := x.live[k]; ok {
			rest = n
			break
		}
		if slices.Contains(marks, k) {
			return path, fmt.Errorf("%w: it goes round and round, readers see up to %v of %v, the offsets are %v, a commit hangs: %v",
				ErrBrokeLive, s.out.visible, x.rules.Bounds.Records, s.group.at, s.group.hangs(0) || s.group.hangs(1))
		}
		marks = append(marks, k)
		if s.arrived(x.rules.Bounds) {
			x.live[k] = 0
			rest = 0
			marks = marks[:len(marks)-1]
			break
		}
		room = x.effects(&s, room)
		best := 0
		for i, e := range room {
			if rank(e) < rank(room[best]) {
				best = i
			}
		}
		if len(room) == 0 {
			return path, x.stuck(&s)
		}
		path = append(path, room[best])
		if err := x.apply(&s, room[best]); err != nil {
			return nil, nil // another promise: the search comes to it by a shorter path
		}
	}
	if rest < 0 || int(rest)+len(marks) > Bound {
		return path, fmt.Errorf("%w: after %d effects without a fault readers see up to %v of %v, the offsets are %v, a commit hangs: %v",
			ErrBrokeLive, len(path), s.out.visible, x.rules.Bounds.Records, s.group.at, s.group.hangs(0) || s.group.hangs(1))
	}
	for i, k := range marks {
		x.live[k] = rest + int8(len(marks)-i)
		x.report.Longest = max(x.report.Longest, int(rest)+len(marks)-i)
	}
	return nil, nil
}

// stuck says which promise is broken when nothing can happen any more. If nobody waits for anything, all positions are
// behind records that nobody will read again.
func (x *search) stuck(s *state) error {
	promise := ErrBrokeLive
	if !s.out.log[0].used && !s.group.hangs(0) && !s.group.hangs(1) {
		promise = ErrBrokeComplete
	}
	return fmt.Errorf("%w: nothing can happen, and readers see up to %v of %v", promise, s.out.visible, x.rules.Bounds.Records)
}

// rank orders effects for a path without faults: brokers finish first, then commits under way, then take-overs; who
// waits for another lets the other go first.
func rank(e effect) int {
	order := [...]what{markOut, markOffsets, expel, comeBack, send, giveUp, hear, take, fence, name, commit, look, fetch}
	for i, w := range order {
		if w == e.what {
			if w == commit { // as much as there is
				return 10*i + 3 - int(e.arg)
			}
			return 10 * i
		}
	}
	return 10 * len(order)
}
