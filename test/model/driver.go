package model

import (
	"fmt"

	"github.com/meanstream/meanstream/pkg/kafka/txn"
)

// What follows does as txn.Driver does around the machine, and group.round.commit around the driver. The machine is the
// real one; this copy is what holes can be put into.

// openAhead begins a transaction before it is known what it will consist of.
func (t *tenure) openAhead(v2 bool) {
	t.node, t.ahead, t.v2 = opened, true, v2
	if v2 {
		t.node = opened2
	}
}

// committing tells that a commit is under way.
func (t *tenure) committing() bool { return t.node != 0 && !t.ahead }

// beginCommit takes over what the workers of some partitions hold: one record each. What is begun ahead it fills in.
func (m *model) beginCommit(s *state, t *tenure, mask int8, v2 bool) error {
	if t.node == 0 {
		t.openAhead(v2)
	}
	t.behind = false
	for p := range t.at {
		t.at[p] = none
		if mask&(1<<p) != 0 {
			t.at[p] = t.parts[p].at
			t.behind = t.behind || t.gen < s.group.readBy[p]
		}
	}
	t.ahead, t.late = false, false
	t.seq++
	return m.goTo(s, t, m.machines.fill(t.node))
}

// request is what the machine asks for, in bytes.
func (m *model) request(who int8, t *tenure, step txn.Step) request {
	q := request{id: who, epoch: t.epoch, at: [2]int8{none, none}}
	switch step {
	case txn.AddOffsets:
		q.kind = addOffsets
	case txn.AddPartitions:
		q.kind = addPartitions
	case txn.CommitOffsets:
		q.kind, q.gen = commitOffsets, t.gen
		for p, from := range t.at {
			if from != none {
				q.at[p] = from + 1
			}
		}
	case txn.Produce:
		q.kind, q.gen, q.seq, q.at, q.behind = produce, t.gen, t.seq-1, t.at, t.behind
	case txn.End:
		q.kind, q.v2 = endCommit, t.v2
	}
	return q
}

// asks is the i-th request of the present round, or of a driver with a hole the one that it puts in its place.
func (m *model) asks(who int8, t *tenure, i int) request {
	r := m.machines.nodes[t.node].round[i]
	if t.late && r.Step == txn.End {
		return m.request(who, t, txn.CommitOffsets)
	}
	return m.request(who, t, r.Step)
}

// take is the answer to the i-th request of the round; when the round is complete the machine gets it.
func (m *model) take(s *state, t *tenure, i int, r reply, epoch int8) error {
	round := m.machines.nodes[t.node].round
	if t.late && round[i].Step == txn.End { // what was answered is the TxnOffsetCommit put before it
		switch {
		case r.is == answered && r.code == ok:
			t.late = false
		case r.is == answered && r.code != concurrent && r.code != notCoordinator:
			return m.goTo(s, t, m.machines.expire(t.node))
		}
		return nil
	}
	if r.is == silent && round[i].Step == txn.End && m.rules.Holes.OptimisticEnd {
		r = reply{answered, ok}
	}
	t.got[i] = r
	for i := range round {
		if t.got[i].is == notYet {
			return nil
		}
	}
	if t.v2 && round[0].Step == txn.End && r == (reply{answered, ok}) {
		t.epoch, t.seq = epoch, 0
	}
	to := m.machines.step(t.node, t.got)
	t.got = [2]reply{}
	return m.goTo(s, t, to)
}

// goTo makes a state of the machine the present one, and acts on its verdict.
func (m *model) goTo(s *state, t *tenure, n uint8) error {
	out := m.machines.nodes[n].out
	if out.Verdict == txn.Open || t.ahead { // a verdict on what is begun ahead is heard by the commit
		t.node = n
		if m.rules.Holes.DataFirst {
			m.postpone(t)
		}
		return nil
	}
	at := t.at
	t.dropMachine()
	defer t.settle()
	switch out.Verdict {
	case txn.Committed:
		t.fresh = !out.Renew || m.rules.Holes.IgnoreDirty
		t.advance(at)
		return s.final(at)
	case txn.Stale:
		t.end(stale)
	case txn.Fenced, txn.Doubt:
		m.restart(t, out, at)
	case txn.Refused:
		return fmt.Errorf("%w: the process stops for a person to act, after the answer to %s", ErrBrokeLive, out.Step)
	case txn.Open:
	}
	return nil
}

// dropMachine forgets a transaction.
func (t *tenure) dropMachine() {
	t.node, t.ahead, t.at, t.behind, t.got, t.late, t.v2 = 0, false, [2]int8{}, false, [2]reply{}, false, false
}

// restart is what follows on a verdict that asks for a new epoch.
func (m *model) restart(t *tenure, out txn.Outcome, at [2]int8) {
	h := m.rules.Holes
	byEnd := out.Verdict == txn.Fenced && out.Step == txn.End
	byProduce := out.Verdict == txn.Doubt && out.Step == txn.Produce
	switch {
	case t.ending:
	case byProduce && h.SecondAfterDoubt:
		t.phase = aborting
		t.seq-- // the batch was not acknowledged: the next one gets its sequence
		return
	case byEnd && h.BlindAfterFenced:
		t.phase, t.keep = takingEpoch, true
		return
	case byEnd && h.CommittedIfFenced:
		t.advance(at)
		t.phase, t.keep = takingEpoch, true
		return
	}
	t.end(takingEpoch)
}

// advance moves the positions behind what is committed.
func (t *tenure) advance(at [2]int8) {
	for p, from := range at {
		if from != none && t.parts[p].status == open {
			t.parts[p].at = from + 1
		}
	}
}

// postpone tells the machine that the offsets are sent, and sends them before the end instead.
func (m *model) postpone(t *tenure) {
	for i, r := range m.machines.nodes[t.node].round {
		if r.Step == txn.CommitOffsets && t.got[i].is == notYet {
			t.got[i], t.late = reply{is: answered, code: ok}, true
		}
	}
}
