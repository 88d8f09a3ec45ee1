package model

// out is the one partition of partials: its log from the last stable offset on, and what its leader knows of producers.
type out struct {
	log     [maxLog]batch // what readers can't see yet; aborted batches are gone, for no reader sees them
	visible [2]int8       // up to where the committed spans of each source reach, for readers at read_committed
	epoch   [2]int8       // of each producer, as the leader's log has it
	seq     [2]int8       // the last one in that epoch
}

// batch is a partial: the span of one record of each source that it covers.
type batch struct {
	used      bool
	committed bool
	id        int8
	gen       int8
	behind    bool // a later tenure has read a position that it goes on from, while it was not decided
	at        [2]int8
}

// open tells whether a transaction of an id is open in the log.
func (o *out) open(id int8) bool {
	for _, b := range o.log {
		if b.used && b.id == id && !b.committed {
			return true
		}
	}
	return false
}

// produce appends, recognises a copy, or refuses.
func (o *out) produce(q request, c *coordinator, r *Rules) int8 {
	switch {
	case q.epoch < o.epoch[q.id]:
		return invalidEpoch
	case q.epoch == o.epoch[q.id] && q.seq <= o.seq[q.id]:
		return ok // the leader remembers the last five, more than any bound lets be sent
	}
	if !r.Unverified && !o.open(q.id) {
		if code := c.verify(q.epoch, c.out); code != ok {
			return code
		}
	}
	last := o.seq[q.id]
	if q.epoch > o.epoch[q.id] {
		last = none
	}
	if q.seq != last+1 {
		return outOfOrder
	}
	o.epoch[q.id], o.seq[q.id] = q.epoch, q.seq
	for i := range o.log {
		if !o.log[i].used {
			o.log[i] = batch{used: true, id: q.id, gen: q.gen, behind: q.behind, at: q.at}
			return ok
		}
	}
	panic("unreachable: the log is longer than any bound in use allows")
}

// marker ends a transaction in the log, and lets readers go on.
func (o *out) marker(id int, epoch int8, commit bool) {
	kept := [maxLog]batch{}
	n := 0
	for _, b := range o.log {
		if !b.used || int(b.id) == id && !b.committed && !commit {
			continue
		}
		b.committed = b.committed || int(b.id) == id
		if n == 0 && b.committed {
			o.show(b)
			continue
		}
		kept[n] = b
		n++
	}
	o.log = kept
	if epoch > o.epoch[id] {
		o.epoch[id], o.seq[id] = epoch, none
	}
}

// show lets readers see a batch. That spans join is judged when the transaction is decided, before anybody sees it.
func (o *out) show(b batch) {
	for p, at := range b.at {
		if at != none {
			o.visible[p] = at + 1
		}
	}
}
