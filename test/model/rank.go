package model

// rank replaces the epochs of each transactional id by small numbers in the same order. Only their order matters, and in
// version 2 whether two are neighbours; so paths that differ only in how often an epoch was taken meet again, and what
// could go round for ever ends.
func (s *state) rank(r *Rules) {
	for id := range s.coords {
		s.forget(id, r)
		var room [5 + maxCopies]*int8
		all := s.epochs(id, room[:0])
		next, last := int8(0), int8(0)
		for {
			least := int8(127)
			for _, e := range all {
				if *e > last {
					least = min(least, *e)
				}
			}
			if least == 127 {
				break
			}
			next++
			if r.Version2 && least > last+1 {
				next++
			}
			for _, e := range all {
				if *e == least {
					*e = -next // negative: has its number
				}
			}
			last = least
		}
		for _, e := range all {
			*e = max(*e, -*e)
		}
	}
}

// epochs are all that a state knows of one id, in room given.
func (s *state) epochs(id int, room []*int8) []*int8 {
	room = append(room, &s.coords[id].epoch, &s.group.epoch[id], &s.out.epoch[id], &s.procs[id].tenures[0].epoch, &s.procs[id].tenures[1].epoch)
	for i := range s.copies {
		if q := &s.copies[i]; int(q.id) == id && q.kind != noRequest {
			room = append(room, &q.epoch)
		}
	}
	return room
}

// forget drops the epochs of tenures that are about to take another one, and what leaders remember of epochs below any in
// which something can still be sent.
func (s *state) forget(id int, r *Rules) {
	least := s.coords[id].epoch
	for i := range s.procs[id].tenures {
		t := &s.procs[id].tenures[i]
		if !t.committing() && t.phase >= stale && !r.Holes.SharedEpoch {
			t.epoch, t.seq, t.fresh = 0, 0, false
		}
		if t.epoch > 0 {
			least = min(least, t.epoch)
		}
	}
	for _, q := range s.copies {
		if int(q.id) == id && q.kind != noRequest && q.kind != initProducer && q.kind != nameCommit {
			least = min(least, q.epoch)
		}
	}
	if s.out.epoch[id] < least {
		s.out.epoch[id], s.out.seq[id] = 0, none
	}
	if s.group.epoch[id] < least {
		s.group.epoch[id] = 0
	}
}
