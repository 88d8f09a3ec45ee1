package model

import (
	"errors"
	"fmt"
)

// The promises. Each is judged in every state that is reached; spans and offsets are those that follow from what is
// decided, as if the markers under way were written.
var (
	// ErrBrokeOnce: a committed span overlaps one before it, or the committed offset was turned back before one.
	ErrBrokeOnce = errors.New("broke once")
	// ErrBrokeComplete: the committed offset is behind data that is in no committed span, or a span is missing.
	ErrBrokeComplete = errors.New("broke complete")
	// ErrBrokeOrdered: readers meet a committed span before the one that it follows.
	ErrBrokeOrdered = errors.New("broke ordered")
	// ErrBrokeFinal: a process was told "committed", and its span is not.
	ErrBrokeFinal = errors.New("broke final")
	// ErrBrokeFenced: a batch was committed whose source position somebody later had read before.
	ErrBrokeFenced = errors.New("broke fenced")
	// ErrBrokeLive: nothing more goes wrong, and yet not every record becomes visible, or not within [Bound] effects.
	ErrBrokeLive = errors.New("broke live")
)

// Bound is the number of effects after which, once nothing more goes wrong, all records are visible and nothing is open.
const Bound = 80

// decided tells whether a transaction's outcome is "commit" though its marker is not in the log of partials yet.
func (s *state) decided(id int8) bool {
	return s.coords[id].state == prepareCommit && s.coords[id].toOut
}

// ends follows the committed spans, in the order in which readers will meet them, and returns where they end.
func (s *state) ends() ([2]int8, error) {
	end := s.out.visible
	for i, b := range s.out.log {
		if !b.used || !b.committed && !s.decided(b.id) {
			continue
		}
		for p, at := range b.at {
			switch {
			case at == none:
				continue
			case at < end[p]:
				return end, fmt.Errorf("%w: the span [%d, %d) of source %d follows one that ends at %d", ErrBrokeOnce, at, at+1, p, end[p])
			case at > end[p] && s.comes(i, p, end[p]):
				return end, fmt.Errorf("%w: the span [%d, %d) of source %d lies before the one that begins at %d", ErrBrokeOrdered, at, at+1, p, end[p])
			case at > end[p]:
				return end, fmt.Errorf("%w: the span [%d, %d) of source %d follows one that ends at %d", ErrBrokeComplete, at, at+1, p, end[p])
			}
			end[p] = at + 1
		}
	}
	return end, nil
}

// comes tells whether a committed span that begins at an offset lies behind a place in the log.
func (s *state) comes(behind, p int, at int8) bool {
	for _, b := range s.out.log[behind+1:] {
		if b.used && (b.committed || s.decided(b.id)) && b.at[p] == at {
			return true
		}
	}
	return false
}

// offset is the committed offset of a partition that follows from what is decided.
func (s *state) offset(p int) int8 {
	at := s.group.at[p]
	for id, c := range s.coords {
		if pending := s.group.pending[id][p]; c.state == prepareCommit && c.toOffsets && pending > 0 && !s.group.overtaken[id][p] {
			at = pending
		}
	}
	return at
}

// exact judges that offsets and spans agree.
func (s *state) exact() error {
	end, err := s.ends()
	if err != nil {
		return err
	}
	for p, e := range end {
		switch at := s.offset(p); {
		case at > e:
			return fmt.Errorf("%w: the committed offset of source %d is %d, its committed spans end at %d", ErrBrokeComplete, p, at, e)
		case at < e:
			return fmt.Errorf("%w: the committed offset of source %d is %d, its committed spans end at %d: what lies between is read again",
				ErrBrokeOnce, p, at, e)
		}
	}
	return nil
}

// leaveBehind notes that a tenure has read the position of a partition: whatever was written before for what follows it
// must not be committed any more, unless its tenure is of a later generation (and the reader a zombie).
func (s *state) leaveBehind(p int, id, gen int8) {
	s.group.readBy[p] = max(s.group.readBy[p], gen)
	before := func(other, g int8, at [2]int8) bool { return at[p] != none && (g < gen || g == gen && other == id) }
	for i := range s.out.log {
		if b := &s.out.log[i]; b.used && !b.committed && !s.decided(b.id) && before(b.id, b.gen, b.at) {
			b.behind = true
		}
	}
	for i := range s.copies {
		if q := &s.copies[i]; q.kind == produce && before(q.id, q.gen, q.at) {
			q.behind = true
		}
	}
	for other := range s.procs {
		for i := range s.procs[other].tenures {
			if t := &s.procs[other].tenures[i]; t.committing() && before(int8(other), t.gen, t.at) {
				t.behind = true
			}
		}
	}
}

// fenced judges a decision to commit: nobody later may have read the positions that its batches go on from.
func (s *state) fenced(id int8) error {
	for _, b := range s.out.log {
		if b.used && b.id == id && !b.committed && b.behind {
			return fmt.Errorf("%w: a batch of %s, written in generation %d, is committed though a later tenure has read a position that it goes on from",
				ErrBrokeFenced, letter(id), b.gen)
		}
	}
	return nil
}

// final judges what a process is told: what it holds is committed.
func (s *state) final(at [2]int8) error {
	if err := s.exact(); err != nil { // says more
		return err
	}
	end, _ := s.ends()
	for p, from := range at {
		if from != none && end[p] <= from {
			return fmt.Errorf("%w: the process is told that [%d, %d) of source %d is committed, and the committed spans end at %d",
				ErrBrokeFinal, from, from+1, p, end[p])
		}
	}
	return nil
}

// arrived tells that all is done: every record is committed and visible, nothing is open that readers would wait for, and
// every partition is being read by its owner.
func (s *state) arrived(b Bounds) bool {
	if s.out.visible != b.Records || s.group.at != b.Records || s.out.log[0].used {
		return false
	}
	for p, owner := range s.group.owner {
		t := &s.procs[owner].tenures[0]
		if t.gen != s.group.gen || t.phase != working || t.parts[p].status != open {
			return false
		}
	}
	return true
}
