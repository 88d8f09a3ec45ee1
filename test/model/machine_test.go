package model

import (
	"fmt"
	"testing"

	"github.com/meanstream/meanstream/pkg/kafka/txn"
)

// possible is what the modelled brokers may answer.
func possible() []txn.Answer {
	all := []txn.Answer{{Silent: true}}
	for _, code := range []int8{ok, notCoordinator, illegalGeneration, outOfOrder, invalidEpoch, invalidTxnState, concurrent, fencedProducer} {
		all = append(all, txn.Answer{Code: int16(code)})
	}
	return all
}

// rounds lists all answers to a round of some requests.
func rounds(requests int) [][]txn.Answer {
	all := [][]txn.Answer{{}}
	for range requests {
		var longer [][]txn.Answer
		for _, before := range all {
			for _, a := range possible() {
				longer = append(longer, append(before[:len(before):len(before)], a))
			}
		}
		all = longer
	}
	return all
}

// TestMachinesThatAskForTheSameGoOnAlike: the search keeps one machine of all that look alike. Whatever led to it, the
// same answers must lead to machines that look alike again.
func TestMachinesThatAskForTheSameGoOnAlike(t *testing.T) {
	for _, version := range []txn.Version{txn.V1, txn.V2} {
		future := map[string][]string{}
		var visit func(answers [][]txn.Answer, again int)
		visit = func(answers [][]txn.Answer, again int) {
			m := drive(version, answers, false)
			round, here := m.Next(), fmt.Sprint(known(answers), outline(m))
			var then []string
			if filled := append(answers[:len(answers):len(answers)], nil); !known(answers) {
				then = append(then, outline(drive(version, filled, false)))
				visit(filled, again)
			}
			late := drive(version, answers, true).Outcome()
			then = append(then, fmt.Sprint(late.Verdict, late.Dirty))
			for _, r := range rounds(len(round)) {
				longer := append(answers[:len(answers):len(answers)], r)
				next := fmt.Sprint(known(answers), outline(drive(version, longer, false)))
				then = append(then, next)
				switch {
				case len(round) == 0:
				case next != here:
					visit(longer, again)
				case again > 0:
					visit(longer, again-1)
				}
			}
			if before, ok := future[here]; !ok {
				future[here] = then
			} else if fmt.Sprint(before) != fmt.Sprint(then) {
				t.Fatalf("%s goes on as %v, and by another way there as %v", here, before, then)
			}
		}
		visit(nil, 1)
		if len(future) < 10 {
			t.Errorf("only %d machines are different", len(future))
		}
	}
}
