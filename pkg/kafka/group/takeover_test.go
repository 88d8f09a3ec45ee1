package group

import (
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// hangs starts a member that dies with its first commit behind one API's answer, and returns when that was.
func hangs(s *stage, name string, key kmsg.Key) time.Time {
	m := s.member(name)
	died := make(chan time.Time, 1)
	m.Before(func(r kafkatest.Request) {
		if r.Key == key && len(s.cluster.ReadCommitted("out")) > 0 {
			m.crash()
			select {
			case died <- time.Now():
			default:
			}
		}
	})
	m.start()
	s.stream(2, 3*time.Second)
	return <-died
}

// The promise: progress is back within the session timeout and two seconds of a kill -9, wherever it hit.
func TestADeadWritersHangingCommitIsFencedByTheNameItLeft(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.AddPartitionsToTxn, kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn} {
		t.Run("dead before "+key.Name(), func(t *testing.T) {
			onStage(t, 2, func(s *stage) {
				died := hangs(s, "dead", key)
				b := s.member("b")
				inits := requests[*kmsg.InitProducerIDRequest](b)
				b.start()
				before := len(s.cluster.ReadCommitted("out"))
				for len(s.cluster.ReadCommitted("out")) == before && time.Since(died) < time.Minute {
					time.Sleep(50 * time.Millisecond)
				}
				if took := time.Since(died); took > sessionTimeout+2*time.Second {
					t.Errorf("progress was back after %s", took)
				}
				s.stream(2, 2*time.Second)
				b.end()
				s.verify()
				fenced := 0
				for _, r := range inits() {
					if r.TransactionalID != nil && *r.TransactionalID == "g/dead" {
						fenced++
					}
				}
				if pending := key == kmsg.Produce || key == kmsg.EndTxn; pending && fenced != 1 {
					t.Errorf("the dead writer was fenced %d times, want once", fenced)
				}
			})
		})
	}
}

// A member that was replaced may not have heard of it: what hangs then is its successor's, which it must leave alone.
func TestAMemberThatWasReplacedFencesNobody(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		hangs(s, "dead", kmsg.EndTxn)
		const ours = 3 // the version of the question before a fencing; the group client's heartbeats are of another
		asked := 0
		s.cluster.Kfake().ControlKey(int16(kmsg.Heartbeat), func(r kmsg.Request) (kmsg.Response, error, bool) {
			s.cluster.Kfake().KeepControl()
			if r.GetVersion() != ours {
				return nil, nil, false
			}
			asked++
			resp := r.ResponseKind().(*kmsg.HeartbeatResponse)
			resp.ErrorCode = 22
			return resp, nil, true
		})
		b := s.member("b")
		inits := requests[*kmsg.InitProducerIDRequest](b)
		b.start()
		time.Sleep(9 * time.Second) // the dead one's session ends after six
		for _, r := range inits() {
			if r.TransactionalID != nil && *r.TransactionalID == "g/dead" {
				t.Error("fenced by a member whose generation is over")
			}
		}
		if asked == 0 {
			t.Error("nobody asked whether the generation stands")
		}
		b.end()
	})
}

func TestNothingIsReadBeforeOurNameIsCommitted(t *testing.T) {
	onStage(t, 3, func(s *stage) {
		m := s.member("a")
		var mu sync.Mutex
		named := map[int32]bool{}
		m.After(func(r kafkatest.Request, a kafkatest.Answer) {
			if r.Key != kmsg.OffsetCommit {
				return
			}
			req, err := r.Parse()
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, p := range req.(*kmsg.OffsetCommitRequest).Topics[0].Partitions {
				named[p.Partition] = true
			}
		})
		m.Before(func(r kafkatest.Request) {
			if r.Key != kmsg.Fetch {
				return
			}
			req, err := r.Parse()
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if p := req.(*kmsg.FetchRequest).Topics[0].Partitions[0].Partition; !named[p] {
				t.Errorf("partition %d is read without our name on it", p)
			}
		})
		m.start()
		s.stream(3, 3*time.Second)
		m.end()
		if len(named) != 3 {
			t.Errorf("named %v", named)
		}
		s.verify()
	})
}

func TestANamingWithoutAnswerMakesUsAnotherMember(t *testing.T) {
	for name, do := range map[string]kafkatest.Action{
		"silence":                 kafkatest.LoseAnswer(kafkatest.Silent),
		"a broken connection":     kafkatest.DropRequest(kafkatest.Break),
		"the code of a timeout":   kafkatest.AnswerCode(7),
		"an unknown server error": kafkatest.AnswerCodeDone(-1),
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 2, func(s *stage) {
				m := s.member("a")
				namings, commits := requests[*kmsg.OffsetCommitRequest](m), requests[*kmsg.TxnOffsetCommitRequest](m)
				leaves := requests[*kmsg.LeaveGroupRequest](m)
				m.On(kafkatest.Rule{Key: kmsg.OffsetCommit, Do: do})
				m.start()
				s.stream(2, 10*time.Second)
				if len(commits()) == 0 || commits()[0].MemberID == namings()[0].MemberID {
					t.Errorf("%d commits, the first one of the member whose naming is in doubt: %v", len(commits()), len(commits()) > 0)
				}
				if n := len(leaves()); n != 1 {
					t.Errorf("left %d times", n)
				}
				m.end()
				s.verify()
			})
		})
	}
}

func TestNamingsThatNeverWorkDoNotLoopHot(t *testing.T) {
	onStage(t, 1, func(s *stage) {
		m := s.member("a")
		m.On(kafkatest.Rule{Key: kmsg.OffsetCommit, Times: -1, Do: kafkatest.DropRequest(kafkatest.Break)})
		m.start()
		time.Sleep(time.Minute)
		if n := m.Sent(kmsg.JoinGroup); n > 80 || n < 10 {
			t.Errorf("joined %d times in a minute", n)
		}
		m.end()
	})
}

// A commit in doubt asks for a new epoch in the same generation; a naming in doubt beside it must not be forgotten for
// that: its late copy, of a member and generation that still stand, would turn the offset back.
func TestANamingInDoubtIsNotForgottenForACommitInDoubt(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		s.cluster.Hold88("g", "in", 1, 2*time.Second) // partition 0 goes ahead, partition 1 is named later
		m := s.member("a")
		late := m.On(kafkatest.Rule{Key: kmsg.OffsetCommit, Nth: 2, Do: kafkatest.HoldRequest()})
		commits := requests[*kmsg.OffsetCommitRequest](m)
		m.start()
		s.send(2)
		held, err := late.Held(s.t.Context())
		if err != nil {
			t.Fatal(err)
		}
		m.On(kafkatest.Rule{Key: kmsg.EndTxn, Do: kafkatest.AnswerCode(90)})
		s.stream(2, 3*time.Second)
		held.Release()
		s.stream(2, 3*time.Second)
		all := commits()
		if last := all[len(all)-1]; len(all) < 3 || last.MemberID == all[1].MemberID {
			t.Errorf("%d namings, the last one of the same member", len(all))
		}
		m.end()
		s.verify()
	})
}
