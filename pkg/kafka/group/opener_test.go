package group

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// TestATransactionIsBegunWhenSomethingHasMoved, and not before; what is begun is committed at the next interval.
func TestATransactionIsBegunWhenSomethingHasMoved(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		m := s.member("a").start()
		s.stream(2, 2*time.Second)
		time.Sleep(5 * time.Second)
		begun := m.Sent(kmsg.AddOffsetsToTxn)
		if ended := m.Sent(kmsg.EndTxn); begun != ended {
			t.Errorf("with nothing to do %d transactions are begun, %d ended", begun, ended)
		}
		for range 20 {
			time.Sleep(10 * time.Millisecond) // whatever the phase of the ticker
			s.send(1)
			time.Sleep(60 * time.Millisecond)
			if m.Sent(kmsg.AddOffsetsToTxn) == begun {
				t.Error("a position has moved, and no transaction is begun")
			}
			time.Sleep(time.Second)
			if ended := m.Sent(kmsg.EndTxn); m.Sent(kmsg.AddOffsetsToTxn) != ended {
				t.Errorf("%d transactions are begun, %d ended", m.Sent(kmsg.AddOffsetsToTxn), ended)
			}
			begun = m.Sent(kmsg.AddOffsetsToTxn)
		}
		m.end()
		s.verify()
	})
}

// TestNothingIsBegunAheadWhereACommitIsFarOff: it would be aborted by its coordinator first.
func TestNothingIsBegunAheadWhereACommitIsFarOff(t *testing.T) {
	onStage(t, 1, func(s *stage) {
		m := s.member("a")
		m.g.conf.Interval = 3 * time.Second
		m.start()
		time.Sleep(4 * time.Second)
		for range 5 {
			begun := m.Sent(kmsg.AddOffsetsToTxn)
			s.send(1)
			time.Sleep(200 * time.Millisecond)
			if m.Sent(kmsg.AddOffsetsToTxn) != begun && m.Sent(kmsg.EndTxn) == begun {
				t.Error("a transaction is open, and its commit is up to three seconds away")
			}
			time.Sleep(3 * time.Second)
		}
		m.end()
		s.verify()
	})
}

// TestWhatIsCommittedAtOnceLeavesNothingBegun: a move that is told when its commit is due already must not open another
// transaction, which nothing would be committed with.
func TestWhatIsCommittedAtOnceLeavesNothingBegun(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		s.eager = true
		m := s.member("a").start()
		s.stream(2, 2*time.Second)
		for range 50 {
			s.send(2)
			time.Sleep(400 * time.Millisecond)
			if begun, ended := m.Sent(kmsg.AddOffsetsToTxn), m.Sent(kmsg.EndTxn); begun != ended {
				t.Errorf("%d transactions are begun, %d ended", begun, ended)
			}
		}
		m.end()
		s.verify()
	})
}

// TestACoordinatorThatStaysBusyIsNotAskedInAHotLoop, neither ahead nor by the commit.
func TestACoordinatorThatStaysBusyIsNotAskedInAHotLoop(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		m := s.member("a").start()
		s.stream(2, 2*time.Second)
		busy := m.On(kafkatest.Rule{Key: kmsg.AddOffsetsToTxn, Times: -1, Do: kafkatest.AnswerCode(51)})
		s.send(2)
		time.Sleep(3 * time.Second)
		if n := busy.Hits(); n < 10 || n > 60 {
			t.Errorf("asked %d times within 3s", n)
		}
		busy.Remove()
		s.stream(2, 2*time.Second)
		m.end()
		s.verify()
	})
}
