package model

import (
	"fmt"

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
	answers [][]txn.Answer // round by round
	round   []txn.Request  // what it asks for
	out     txn.Outcome
	next    map[[2]reply]uint8
	expired uint8 // 0: not asked for yet
}

// The machines of commits that begin, in version 1 and in version 2.
const (
	started  uint8 = 1
	started2 uint8 = 2
)

func newMachines() *machines {
	ms := &machines{nodes: []*machine{{}}, known: map[string]uint8{}}
	ms.number(txn.V1, nil, false)
	ms.number(txn.V2, nil, false)
	return ms
}

// drive gives answers to a new machine, as [txn.Driver] does.
func drive(v txn.Version, answers [][]txn.Answer, expire bool) *txn.Machine {
	m := txn.Begin([]txn.Place{{Topic: "partials"}})
	m.Version = v
	for _, round := range answers {
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

// number finds the state that answers lead to.
func (ms *machines) number(v txn.Version, answers [][]txn.Answer, expire bool) uint8 {
	m := drive(v, answers, expire)
	key := outline(m)
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
	round := make([]txn.Answer, len(from.round))
	for i := range round {
		round[i] = txn.Answer{Code: int16(got[i].code), Silent: got[i].is == silent}
	}
	answers := append(from.answers[:len(from.answers):len(from.answers)], round)
	to := ms.number(from.version, answers, false)
	from.next[got] = to
	return to
}

// expire tells a machine that its time is over.
func (ms *machines) expire(n uint8) uint8 {
	m := ms.nodes[n]
	if m.expired == 0 {
		m.expired = ms.number(m.version, m.answers, true)
	}
	return m.expired
}
