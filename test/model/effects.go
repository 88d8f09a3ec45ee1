package model

// effect is one step of a path.
type effect struct {
	what what
	who  int8 // the process, or the transactional id
	old  bool // the older of two tenures
	arg  int8 // which request of a round, partitions of a commit, layout, or copy
	how  how
}

type what int8

const (
	send        what = iota // a request that the machine asks for
	expire                  // the commit's time is over
	take                    // InitProducerID on one's own id
	hear                    // of a new generation: a new tenure
	rejoinNow               // a new tenure in the same generation
	fetch                   // OffsetFetch
	openTxn                 // a transaction begins ahead of its commit
	commit                  // a commit begins
	name                    // the naming commit
	look                    // at who left a commit hanging
	fence                   // InitProducerID on the other's id
	giveUp                  // a hole: EndTxn(abort)
	markOut                 // the marker for partials
	markOffsets             // the marker for the group's offsets
	timeUp                  // the coordinator gives a transaction up
	arrive                  // a late copy
	assign                  // a rebalance
	expel                   // the session of a dead member ends
	comeBack                // a member that left joins
	die
)

// how a request goes.
type how int8

const (
	well         how = iota // it arrives, and so does the answer
	lost                    // no answer; a copy stays in the network, and may arrive at any later time
	refused                 // the broker has lost its office: 16, no effect
	refusedAfter            // 16 after the effect
	again                   // of an arrival: one more copy stays
)

// layouts are the assignments of two partitions to two processes.
func layout(i int8) [2]int8 { return [2]int8{i & 1, i >> 1} }

// menu collects what can happen next.
type menu struct {
	s   *state
	who int8
	old bool
	// spoken: the next requests are of those that the bounds let be answered only.
	spoken bool
	all    []effect
}

func (l *menu) add(w what, arg int8) {
	l.all = append(l.all, effect{what: w, who: l.who, old: l.old, arg: arg})
}

// request adds a request, with all that can become of it.
func (l *menu) request(w what, arg int8) {
	l.add(w, arg)
	if l.s.may(silence) && !l.spoken {
		l.all = append(l.all, effect{w, l.who, l.old, arg, lost})
	}
	if l.s.may(refusal) {
		l.all = append(l.all, effect{w, l.who, l.old, arg, refused}, effect{w, l.who, l.old, arg, refusedAfter})
	}
}

// effects lists all that can happen next, in room taken over.
func (m *model) effects(s *state, room []effect) []effect {
	l := &menu{s: s, all: room[:0], spoken: m.rules.Bounds.ProduceOnly}
	for l.who = range int8(2) {
		c := &s.coords[l.who]
		if c.toOut {
			l.add(markOut, 0)
		}
		if c.toOffsets {
			l.add(markOffsets, 0)
		}
		if c.state == ongoing && s.may(timeout) {
			l.add(timeUp, 0)
		}
	}
	l.who = 0
	for i, q := range s.copies {
		if q.kind == noRequest {
			continue
		}
		l.add(arrive, int8(i))
		if s.may(duplicate) {
			l.all = append(l.all, effect{what: arrive, arg: int8(i), how: again})
		}
	}
	l.members()
	for l.who = range int8(2) {
		p := &s.procs[l.who]
		if p.dead {
			continue
		}
		m.ofTenure(l, &p.tenures[0])
		if p.tenures[1].phase != noTenure {
			l.old = true
			m.ofTenure(l, &p.tenures[1])
			l.old = false
		}
	}
	return l.all
}

// members lists what happens to the group.
func (l *menu) members() {
	s := l.s
	dead := s.procs[0].dead || s.procs[1].dead
	for l.who = range int8(2) {
		if s.procs[l.who].dead && (s.group.owner[0] == l.who || s.group.owner[1] == l.who) {
			l.add(expel, 0)
		}
		if !dead && s.may(kill) {
			l.add(die, 0)
		}
		if s.procs[l.who].tenures[0].phase != left {
			continue
		}
		for i := range int8(4) {
			if owner := layout(i); !s.procs[owner[0]].dead && !s.procs[owner[1]].dead {
				l.add(comeBack, i)
			}
		}
	}
	l.who = 0
	if dead || !s.may(rebalance) {
		return
	}
	for i := range int8(4) {
		if layout(i) != s.group.owner {
			l.add(assign, i)
		}
	}
}

// ofTenure lists what a tenure can do next.
func (m *model) ofTenure(l *menu, t *tenure) {
	s := l.s
	if t.node != 0 {
		untouched := true
		for i := range m.machines.nodes[t.node].round {
			if t.got[i].is == notYet {
				l.spoken = m.rules.Bounds.ProduceOnly && m.asks(l.who, t, i).kind != produce
				l.request(send, int8(i))
				l.spoken = m.rules.Bounds.ProduceOnly
			} else {
				untouched = m.rules.Holes.DataFirst
			}
		}
		if untouched && t.committing() && s.may(expiry) {
			l.add(expire, 0)
		}
	}
	if t.phase == working && !t.ending && t.fetchedSome() {
		l.request(name, 0)
	}
	if l.old {
		return
	}
	free := !t.committing() || m.rules.Holes.NoLock && s.procs[l.who].tenures[1].phase == noTenure
	if t.phase != left && free {
		if t.gen < s.group.gen {
			l.add(hear, 0)
		} else if t.phase == working && s.may(rejoin) {
			l.add(rejoinNow, 0)
		}
	}
	switch {
	case t.phase == takingEpoch:
		l.request(take, 0)
	case t.phase == aborting:
		l.request(giveUp, 0)
	case t.phase == working && !t.ending:
		m.ofTakeOver(l, t)
		m.ofCommitter(l, t)
	}
}

// ofTakeOver lists the steps of one goroutine, which come one after the other.
func (m *model) ofTakeOver(l *menu, t *tenure) {
	switch {
	case t.fencing:
		l.request(fence, 0)
	case t.fetchedSome(): // is named first
	case t.parts[0].status == asked || t.parts[1].status == asked:
		l.add(look, 0)
	case t.parts[0].status == missing || t.parts[1].status == missing:
		l.add(fetch, 0)
	}
}

// ofCommitter lists the steps of the other, which needs something to commit.
func (m *model) ofCommitter(l *menu, t *tenure) {
	moved := int8(0)
	for p, part := range t.parts {
		if part.status == open && part.at < m.rules.Bounds.Records[p] {
			moved |= 1 << p
		}
	}
	switch {
	case t.committing() || moved == 0:
	case !t.fresh:
		l.request(take, 0)
	default:
		unversioned := m.rules.Version2 && t.node == 0 && l.s.may(refusal)
		if t.node == 0 {
			l.add(openTxn, 0)
			if unversioned {
				l.all = append(l.all, effect{openTxn, l.who, l.old, 0, refused})
			}
		}
		for mask := int8(1); mask < 4; mask++ {
			if mask&^moved == 0 {
				l.add(commit, mask)
				if unversioned {
					l.all = append(l.all, effect{commit, l.who, l.old, mask, refused})
				}
			}
		}
	}
}
