package model

// group is what the group's coordinator knows: members, committed offsets, and offsets of open transactions.
type group struct {
	gen    int8
	owner  [2]int8 // the process to which each partition is assigned
	at     [2]int8 // committed
	writer [2]int8 // the name in the committed metadata
	// pending holds offsets of open transactions, by transactional id; 0 is none (a transaction never commits 0).
	pending [2][2]int8
	// overtaken: a plain commit was written behind the pending one, which the marker will not bring back.
	overtaken [2][2]bool
	epoch     [2]int8 // the greatest of each id, as the log of offsets has it

	// Not the broker's: the last generation of which a member has read the position of a partition.
	readBy [2]int8
}

// hangs tells whether a commit to a partition is pending.
func (g *group) hangs(p int) bool { return g.pending[0][p] > 0 || g.pending[1][p] > 0 }

func (g *group) holds(id int8) bool { return g.pending[id][0] > 0 || g.pending[id][1] > 0 }

// name is a plain OffsetCommit: offset unchanged, another writer.
func (g *group) name(q request, h Holes) int8 {
	if q.gen != g.gen && !h.NoGeneration {
		return illegalGeneration
	}
	for p, at := range q.at {
		if at == none {
			continue
		}
		g.at[p], g.writer[p] = at, q.id
		for id := range g.pending {
			g.overtaken[id][p] = g.pending[id][p] > 0
		}
	}
	return ok
}

// txnCommit keeps the offsets of an open transaction until its marker comes.
func (g *group) txnCommit(q request, c *coordinator, r *Rules) int8 {
	switch {
	case q.gen != g.gen && !r.Holes.NoGeneration:
		return illegalGeneration
	case q.epoch < g.epoch[q.id]:
		return invalidEpoch
	}
	if !r.Unverified && !g.holds(q.id) {
		if code := c.verify(q.epoch, c.offsets); code != ok {
			return code
		}
	}
	g.epoch[q.id] = q.epoch
	for p, at := range q.at {
		if at != none {
			g.pending[q.id][p], g.overtaken[q.id][p] = at, false
		}
	}
	return ok
}

// marker ends a transaction in the log of offsets.
func (g *group) marker(id int, epoch int8, commit bool) {
	for p, at := range g.pending[id] {
		if commit && at > 0 && !g.overtaken[id][p] {
			g.at[p], g.writer[p] = at, int8(id)
		}
		g.pending[id][p], g.overtaken[id][p] = 0, false
	}
	g.epoch[id] = max(g.epoch[id], epoch)
}

// rebalance begins a generation. Members hear of it whenever they do.
func (g *group) rebalance(owner [2]int8) {
	g.gen++
	g.owner = owner
}
