package group

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// versions are the lines about the version of transactions.
func (m *member) versions() []string {
	var all []string
	for _, e := range m.said.All() {
		if strings.HasPrefix(e.Message, "transaction version") {
			all = append(all, e.Message)
		}
	}
	return all
}

func TestTheVersionOfTransactionsIsSaidAtTheStartAndWhenItChanges(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		first, other := "transaction version 1", "transaction version 2"
		if s.version == 2 {
			first, other = other, first
		}
		m := s.member("a").start()
		time.Sleep(3 * time.Second) // nothing to read yet
		if got := m.versions(); !slices.Equal(got, []string{first}) {
			t.Errorf("at the start: %q", got)
		}
		s.stream(2, 3*time.Second)
		s.cluster.FinalizeTxnVersion(3 - s.version)
		s.stream(2, 3*time.Second)
		m.On(kafkatest.Rule{Key: kmsg.EndTxn, Do: kafkatest.AnswerCode(90)}) // another round
		s.stream(2, 3*time.Second)
		s.stream(2, slowEpoch)
		if m.slowEpochs() > 0 {
			t.Error("it says that an epoch is waited for, which came at once")
		}
		m.end()
		if got := m.versions(); !slices.Equal(got, []string{first, other}) {
			t.Errorf("in all: %q", got)
		}
		s.verify()
	})
}

// The level goes up and down while members come, go, lose answers and are fenced.
func TestARollingChangeOfTheVersionLosesAndDoublesNothing(t *testing.T) {
	onStage(t, 3, func(s *stage) {
		a := s.member("a")
		for _, key := range []kmsg.Key{kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn, kmsg.ApiVersions} {
			a.On(kafkatest.Rule{Key: key, Times: 8, Rate: 0.2, Do: kafkatest.LoseAnswer(kafkatest.Break)})
			a.On(kafkatest.Rule{Key: key, Times: 3, Rate: 0.1, Do: kafkatest.DelayRequest(700 * time.Millisecond)})
		}
		a.start()
		for i, level := range []int16{1, 2, 0, 2, 1, 2} {
			s.cluster.FinalizeTxnVersion(level)
			if i%2 == 0 {
				b := s.member(string(rune('b' + i))).start()
				s.stream(3, 4*time.Second)
				b.end()
			}
			s.stream(3, 3*time.Second)
		}
		s.stream(3, 10*time.Second)
		a.end()
		// A look-up whose answer is lost hides a change: how often it is said depends on which are.
		if got := a.versions(); len(got) < 2 {
			t.Errorf("only these versions were used: %q", got)
		}
		s.verify()
	})
}

// slowEpochs is how often it was said that a new epoch is waited for.
func (m *member) slowEpochs() int {
	n := 0
	for _, e := range m.said.All() {
		if strings.HasPrefix(e.Message, "still waiting for a new epoch") && e.ContextMap()["transactional id"] == "g/a" {
			n++
		}
	}
	return n
}

func TestALongWaitForAnEpochIsSaid(t *testing.T) {
	onStage(t, 1, func(s *stage) {
		m := s.member("a")
		busy := m.On(kafkatest.Rule{Key: kmsg.InitProducerID, Times: -1, Do: kafkatest.AnswerCode(51)})
		m.start()
		time.Sleep(time.Minute)
		if n := m.slowEpochs(); n != 1 {
			t.Errorf("said %d times in a minute, want once", n)
		}
		busy.Remove()
		s.stream(1, 3*time.Second)
		m.end()
		s.verify()
	})
}
