package model

// The take-over's decisions are made in pkg/kafka/group by methods that also send and wait (takeOver.step, start, name,
// unblock, fence). They can't be called without a client, so what follows is the smallest faithful copy of them: one
// fetch asks for all that is missing, one naming commit is for all that was fetched, and 300 ms may have passed at any
// second look at a hanging commit.

// beginTenure is group.tenure up to its first round. A tenure's own epoch is its first deed.
func (m *model) beginTenure(s *state, who int8) {
	p := &s.procs[who]
	before := p.tenures[0]
	if m.rules.Holes.NoLock && before.finishing() {
		p.tenures[1] = before
	}
	t := tenure{phase: takingEpoch, gen: s.group.gen}
	for i, owner := range s.group.owner {
		t.ours[i] = owner == who
	}
	p.tenures[0] = t
	if m.rules.Holes.SharedEpoch && before.epoch > 0 {
		now := &p.tenures[0]
		now.epoch, now.seq, now.fresh = before.epoch, before.seq, true
		p.beginRound(now)
	}
}

// finishing tells that a tenure has a commit or a naming commit under way, behind which its lock is freed.
func (t *tenure) finishing() bool {
	return t.committing() || t.phase == working && t.fetchedSome()
}

func (t *tenure) fetchedSome() bool {
	return t.parts[0].status == fetched || t.parts[1].status == fetched
}

// beginRound is group.round behind its Init: all that is ours is to be fetched.
func (p *process) beginRound(t *tenure) {
	t.phase = working
	if t.keep {
		t.keep = false
		return
	}
	t.ending, t.fencing = false, false
	for i := range t.parts {
		t.parts[i] = part{}
		if t.ours[i] {
			t.parts[i].status = missing
		}
	}
}

// fetch is one OffsetFetch with require_stable for all that is missing.
func (m *model) fetch(s *state, who int8, t *tenure) {
	for p := range t.parts {
		part := &t.parts[p]
		if part.status != missing {
			continue
		}
		if s.group.hangs(p) && !m.rules.Holes.UnstableFetch {
			part.status = asked
			continue
		}
		part.status, part.at = fetched, s.group.at[p]
		if s.group.writer[p] == who || m.rules.Holes.NoNaming { // nothing to commit
			part.become(open)
		}
		s.leaveBehind(p, who, t.gen)
	}
}

// become forgets what only the take-over needs.
func (p *part) become(s status) { *p = part{status: s, at: p.at} }

// naming is the commit of what was fetched, offset unchanged, under our name.
func (t *tenure) naming(who int8) request {
	q := request{kind: nameCommit, id: who, gen: t.gen, at: [2]int8{none, none}}
	for p, part := range t.parts {
		if part.status == fetched {
			q.at[p] = part.at
		}
	}
	return q
}

// named judges the answer to a naming commit.
func (t *tenure) named(code int8) {
	for p := range t.parts {
		if t.parts[p].status != fetched {
			continue
		}
		switch code {
		case ok:
			t.parts[p].become(open)
		case notCoordinator:
			t.parts[p].become(missing) // all is asked for again
			t.parts[p].at = 0
		case illegalGeneration:
			t.parts[p].become(notOurs)
		}
	}
	if code == illegalGeneration {
		t.end(stale)
	}
}

// end makes a tenure go to a phase as soon as no commit is under way.
func (t *tenure) end(to phase) {
	t.ending, t.fencing = true, false
	if t.after < to { // of several endings the gravest counts, as in round.end
		t.after = to
	}
	t.settle()
}

// settle ends what is to end when the commit under way is over.
func (t *tenure) settle() {
	if t.ending && !t.committing() {
		t.dropMachine()
		t.phase, t.after, t.ending = t.after, noTenure, false
		t.parts = [2]part{}
	}
}

// unblock is a look, without require_stable, at who left the commits that hang; the second look that sees the same name
// and offset fences.
func (m *model) unblock(s *state, who int8, t *tenure) {
	for p := range t.parts {
		part := &t.parts[p]
		if part.status != asked {
			continue
		}
		part.status = missing
		writer, at := s.group.writer[p], s.group.at[p]
		switch {
		case !part.hangs || part.hangWriter != writer || part.hangAt != at:
			part.hangs, part.hangWriter, part.hangAt = true, writer, at
		case writer == none || part.fenced && part.fencedAt == at || m.rules.Holes.NoFencing:
		case writer == who:
			t.end(takingEpoch)
			return
		default:
			t.fencing = true
		}
	}
}

// fenced notes that the other process' writer is fenced for all that it left hanging.
func (t *tenure) fenced(writer int8) {
	t.fencing = false
	for p := range t.parts {
		if part := &t.parts[p]; part.hangs && part.hangWriter == writer {
			part.fenced, part.fencedAt = true, part.hangAt
		}
	}
}
