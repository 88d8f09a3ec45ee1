package model

// apply makes an effect happen. An error is a promise that it breaks.
func (m *model) apply(s *state, e effect) error {
	if err := m.happen(s, e); err != nil {
		return err
	}
	if !m.plain {
		s.tidy(&m.rules)
		s.rank(&m.rules)
	}
	return s.exact()
}

func (m *model) happen(s *state, e effect) error {
	p := &s.procs[e.who]
	t := &p.tenures[0]
	if e.old {
		t = &p.tenures[1]
		defer func() {
			if !t.finishing() {
				*t = tenure{}
			}
		}()
	}
	switch e.what {
	case send, name, take, fence, giveUp:
		return m.exchange(s, e, t)
	case expire:
		return m.goTo(s, t, m.machines.expire(t.node))
	case hear:
		m.beginTenure(s, e.who)
	case rejoinNow:
		s.spend(rejoin)
		m.beginTenure(s, e.who)
	case fetch:
		m.fetch(s, e.who, t)
	case look:
		m.unblock(s, e.who, t)
	case commit:
		v2 := m.rules.Version2 && e.how == well
		if e.how != well {
			s.spend(refusal)
		}
		return m.beginCommit(s, t, e.arg, v2)
	case openTxn:
		v2 := m.rules.Version2 && e.how == well
		if e.how != well {
			s.spend(refusal)
		}
		t.openAhead(v2)
	case die:
		s.spend(kill)
		*p = process{dead: true}
	default:
		return m.environment(s, e)
	}
	return nil
}

// environment is what brokers, the network and the group do by themselves.
func (m *model) environment(s *state, e effect) error {
	c := &s.coords[e.who]
	switch e.what {
	case markOut:
		s.out.marker(int(e.who), c.epoch, c.state == prepareCommit)
		c.toOut = false
		c.finish()
	case markOffsets:
		s.group.marker(int(e.who), c.epoch, c.state == prepareCommit)
		c.toOffsets = false
		c.finish()
	case timeUp:
		s.spend(timeout)
		c.abort()
	case arrive:
		q := s.copies[e.arg]
		if e.how == again {
			s.spend(duplicate)
		} else {
			s.copies[e.arg] = request{}
		}
		a, err := m.handle(s, q)
		m.say("  answered %s, to nobody", a)
		return err
	case assign:
		s.spend(rebalance)
		s.group.rebalance(layout(e.arg))
	case expel:
		s.group.rebalance([2]int8{1 - e.who, 1 - e.who})
	case comeBack:
		s.group.rebalance(layout(e.arg))
		s.procs[e.who].tenures[0].phase = stale
	}
	return nil
}

// exchange is a request of a process, and what becomes of it.
func (m *model) exchange(s *state, e effect, t *tenure) error {
	q := m.outgoing(e, t)
	a := answer{epoch: none}
	var err error
	switch e.how {
	case lost:
		s.spend(silence)
		s.hold(q)
	case refused:
		s.spend(refusal)
		a.code = notCoordinator
	case refusedAfter:
		s.spend(refusal)
		_, err = m.handle(s, q)
		a.code = notCoordinator
	default:
		a, err = m.handle(s, q)
	}
	m.say("  %s: %s", q, a.told(e.how))
	if err != nil {
		return err
	}
	return m.react(s, e, t, a)
}

// outgoing is the request that an effect sends.
func (m *model) outgoing(e effect, t *tenure) request {
	q := request{kind: initProducer, id: e.who, at: [2]int8{none, none}}
	switch e.what {
	case send:
		return m.asks(e.who, t, int(e.arg))
	case name:
		return t.naming(e.who)
	case fence:
		q.id = 1 - e.who
	case giveUp:
		q.kind, q.epoch = endAbort, t.epoch
	}
	return q
}

// react is what a process makes of an answer, or of none.
func (m *model) react(s *state, e effect, t *tenure, a answer) error {
	r := reply{answered, a.code}
	if e.how == lost {
		r = reply{is: silent}
	}
	switch e.what {
	case send:
		return m.take(s, t, int(e.arg), r, a.epoch)
	case name:
		m.namedBy(t, r)
	case take:
		if r == (reply{answered, ok}) {
			t.epoch, t.seq, t.fresh = a.epoch, 0, true
			if t.phase == takingEpoch {
				s.procs[e.who].beginRound(t)
			}
		}
	case fence:
		if r == (reply{answered, ok}) {
			t.fenced(1 - e.who)
		}
	case giveUp:
		t.gaveUp(r)
	}
	return nil
}

// namedBy judges what became of a naming commit. In doubt the process leaves the group: only as another member is it
// safe from the late copy.
func (m *model) namedBy(t *tenure, r reply) {
	switch {
	case r.is == answered:
		t.named(r.code)
	case m.rules.Holes.StayAfterNaming:
		t.named(notCoordinator)
	default:
		t.end(left)
	}
}

// gaveUp is the hole of a driver that ends a transaction in doubt by EndTxn(abort), reads again, and goes on.
func (t *tenure) gaveUp(r reply) {
	switch {
	case r.is == silent || r.code == notCoordinator || r.code == concurrent:
	case r.code == ok || r.code == invalidTxnState: // or there is nothing to abort
		t.phase, t.fresh = working, true
		for p := range t.parts {
			t.parts[p] = part{}
			if t.ours[p] {
				t.parts[p].status = missing
			}
		}
	default:
		t.end(takingEpoch)
	}
}
