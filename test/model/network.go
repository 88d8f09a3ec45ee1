package model

// answer is a code, and for InitProducerID and EndTxn the epoch.
type answer struct{ code, epoch int8 }

// handle is a request's arrival at its broker: the effect, and the answer that leaves.
func (m *model) handle(s *state, q request) (answer, error) {
	c := &s.coords[q.id]
	a := answer{epoch: none}
	switch q.kind {
	case initProducer:
		a.epoch, a.code = c.initProducer()
	case nameCommit:
		a.code = s.group.name(q, m.rules.Holes)
	case addOffsets:
		a.code = c.add(q.epoch, &c.offsets)
	case addPartitions:
		a.code = c.add(q.epoch, &c.out)
	case commitOffsets:
		a.code = s.group.txnCommit(q, c, &m.rules)
	case produce:
		a.code = s.out.produce(q, c, &m.rules)
	case endCommit, endAbort:
		was := c.state
		to := prepareCommit
		if q.kind == endAbort {
			to = prepareAbort
		}
		a.epoch, a.code = c.end(q.epoch, to, q.v2)
		if was == ongoing && c.state == prepareCommit {
			if err := s.fenced(q.id); err != nil {
				return a, err
			}
		}
		c.finish()
	}
	return a, nil
}

// hold keeps a copy of a request in the network.
func (s *state) hold(q request) {
	for i := range s.copies {
		if s.copies[i].kind == noRequest {
			s.copies[i] = q
			return
		}
	}
	panic("unreachable: the bounds allow no more silences than there is room for copies")
}

// tidy drops copies that can never have an effect again, and orders the rest, so that equal networks are equal values.
func (s *state) tidy(r *Rules) {
	kept := [maxCopies]request{}
	n := 0
	for _, q := range s.copies {
		if q.kind == noRequest || s.harmless(q, r) {
			continue
		}
		i := n
		for ; i > 0 && kept[i-1].key() > q.key(); i-- {
			kept[i] = kept[i-1]
		}
		kept[i] = q
		n++
	}
	s.copies = kept
}

// harmless tells that a copy will be refused, or recognised, whenever it arrives: epochs and generations only rise.
func (s *state) harmless(q request, r *Rules) bool {
	over := q.epoch < s.coords[q.id].epoch
	switch q.kind {
	case addOffsets, addPartitions, endCommit, endAbort:
		return over
	case nameCommit:
		return q.gen != s.group.gen && !r.Holes.NoGeneration
	case commitOffsets:
		return q.gen != s.group.gen && !r.Holes.NoGeneration || q.epoch < s.group.epoch[q.id] ||
			over && !r.Unverified && !s.group.holds(q.id)
	case produce:
		return q.epoch < s.out.epoch[q.id] || q.epoch == s.out.epoch[q.id] && q.seq <= s.out.seq[q.id] ||
			over && !r.Unverified && !s.out.open(q.id)
	}
	return false
}
