package model

import (
	"fmt"
	"slices"

	"github.com/meanstream/meanstream/pkg/kafka/txn"
)

// machines are the states of [txn.Machine], found by driving the real one. A machine can't be copied, so each state keeps
// the answers that lead to it, and a step gives them to a new machine, and then its own.
//
// Two machines count as one state if they ask for the same and say the same; the number of the try is left out, for a
// driver never passes on the answer to an earlier try. TestMachinesThatAskForTheSameGoOnAlike holds that to account.
type machines struct {
	nodes []*machine
	known map[string]uint8
}

// machine is one state. Its number 0 is kept for "no commit under way".
type machine struct {
	version txn.Version
	answers [][]txn.Answer // round by round; nil: here it became known what the transaction consists of
	round   []txn.Request  // what it asks for
	out     txn.Outcome
	next    map[[2]reply]uint8
	filled  uint8 // 0: not asked for yet, or known already
	expired uint8 // 0: not asked for yet
}

// The machines of transactions that are begun ahead, in version 1 and in version 2. A commit that begins fills one in.
const (
	opened  uint8 = 1
	opened2 uint8 = 2
)

func newMachines() *machines {
	ms := &machines{nodes: []*machine{{}}, known: map[string]uint8{}}
	ms.number(txn.V1, nil, false)
	ms.number(txn.V2, nil, false)
	return ms
}

// drive gives answers to a new machine, as [txn.Driver] does.
func drive(v txn.Version, answers [][]txn.Answer, expire bool) *txn.Machine {
	m := txn.Ahead()
	m.Version = v
	for _, round := range answers {
		if round == nil {
			m.Fill([]txn.Place{{Topic: "partials"}})
			continue
		}
		for i, r := range m.Next() {
			m.Answer(r, round[i])
		}
	}
	if expire && m.Outcome().Verdict == txn.Open {
		m.Expire()
	}
	return m
}

// outline is what can be seen of a machine from now on.
func outline(m *txn.Machine) string {
	out := m.Outcome()
	text := fmt.Sprintf("version %d, %s, dirty %v, renew %v", m.Version, out.Verdict, out.Dirty, out.Renew)
	if out.Verdict != txn.Open {
		text += ", by " + out.Step.String()
	}
	for _, r := range m.Next() {
		text += ", " + r.Step.String()
	}
	return text
}

// known tells whether it became known what the transaction consists of.
func known(answers [][]txn.Answer) bool {
	return slices.ContainsFunc(answers, func(round []txn.Answer) bool { return round == nil })
}

// number finds the state that answers lead to.
func (ms *machines) number(v txn.Version, answers [][]txn.Answer, expire bool) uint8 {
	m := drive(v, answers, expire)
	key := fmt.Sprint(known(answers), outline(m))
	n, ok := ms.known[key]
	if !ok {
		n = uint8(len(ms.nodes))
		ms.known[key] = n
		ms.nodes = append(ms.nodes, &machine{version: v, answers: answers, round: m.Next(), out: m.Outcome(), next: map[[2]reply]uint8{}})
	}
	return n
}

// step gives a machine the answers to all that it asked for.
func (ms *machines) step(n uint8, got [2]reply) uint8 {
	from := ms.nodes[n]
	if to, ok := from.next[got]; ok {
		return to
	}
	round := make([]txn.Answer, len(from.round)) // never nil
	for i := range round {
		round[i] = txn.Answer{Code: int16(got[i].code), Silent: got[i].is == silent}
	}
	answers := append(from.answers[:len(from.answers):len(from.answers)], round)
	to := ms.number(from.version, answers, false)
	from.next[got] = to
	return to
}

// fill tells a machine that was started ahead what the transaction consists of.
func (ms *machines) fill(n uint8) uint8 {
	m := ms.nodes[n]
	if m.filled == 0 {
		m.filled = ms.number(m.version, append(m.answers[:len(m.answers):len(m.answers)], nil), false)
	}
	return m.filled
}

// expire tells a machine that its time is over.
func (ms *machines) expire(n uint8) uint8 {
	m := ms.nodes[n]
	if m.expired == 0 {
		m.expired = ms.number(m.version, m.answers, true)
	}
	return m.expired
}
