package group

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOneMemberReadsEverythingAndItsStopFlushes(t *testing.T) {
	onStage(t, 3, func(s *stage) {
		m := s.member("a")
		leaves := requests[*kmsg.LeaveGroupRequest](m)
		m.start()
		s.stream(3, 5*time.Second)
		s.send(3)
		time.Sleep(20 * time.Millisecond) // it is read, and no commit is due
		began := time.Now()
		m.end()
		if took := time.Since(began); took > time.Second {
			t.Errorf("the stop took %s", took)
		}
		if len(leaves()) != 1 {
			t.Error("it did not leave the group, which must wait for its session to end")
		}
		s.verify()
	})
}

func TestARebalanceLosesAndDoublesNothing(t *testing.T) {
	onStage(t, 4, func(s *stage) {
		a := s.member("a").start()
		s.stream(4, 3*time.Second)
		b := s.member("b").start()
		s.stream(4, 3*time.Second)
		a.end()
		s.stream(4, 3*time.Second)
		b.end()
		s.verify()
	})
}

// kafka-go ends the generation on a lost heartbeat, and joining again without a rebalance gives the same generation
// and member: the old tenure must be over before the new one begins, and what it sent must not count twice.
func TestARejoinWithoutARebalanceLosesAndDoublesNothing(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		a, b := s.member("a").start(), s.member("b").start()
		s.stream(2, 3*time.Second)
		for _, m := range []*member{a, b} {
			m.On(kafkatest.Rule{Key: kmsg.Heartbeat, Times: -1, Rate: 0.3, Do: kafkatest.LoseAnswer(kafkatest.Break)})
		}
		s.stream(2, 20*time.Second)
		a.end()
		b.end()
		s.verify()
	})
}

func TestACommitInDoubtIsReadAgainUnderANewEpoch(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn} {
		t.Run(key.Name(), func(t *testing.T) {
			onStage(t, 2, func(s *stage) {
				m := s.member("a")
				lost := m.On(kafkatest.Rule{Key: key, Times: -1, Rate: 0.3, Do: kafkatest.LoseAnswer(kafkatest.Silent)})
				fenced := m.On(kafkatest.Rule{Key: key, Times: -1, Rate: 0.1, Do: kafkatest.AnswerCode(90)})
				m.start()
				s.stream(2, 40*time.Second)
				if lost.Hits() == 0 || fenced.Hits() == 0 {
					t.Errorf("%d answers lost, %d refused", lost.Hits(), fenced.Hits())
				}
				lost.Remove() // or the last commit might be in doubt, for the next owner to repeat
				fenced.Remove()
				s.stream(2, 10*time.Second)
				m.end()
				s.verify()
			})
		})
	}
}

func TestPartitionsThatAreAddedGetAnOwner(t *testing.T) {
	nothing := func(*stage, *member) {}
	for _, c := range []struct {
		name          string
		arrange, then func(s *stage, m *member)
	}{
		{"while everything runs", nothing, func(s *stage, _ *member) { add(s) }},
		{"between the assignment and our look at the topic", func(s *stage, m *member) {
			var once sync.Once
			m.After(func(r kafkatest.Request, _ kafkatest.Answer) {
				if r.Key == kmsg.SyncGroup {
					once.Do(func() { add(s) })
				}
			})
		}, nothing},
		{"while a commit is in doubt", nothing, func(s *stage, m *member) {
			m.On(kafkatest.Rule{Key: kmsg.EndTxn, Do: kafkatest.AnswerCode(90)})
			add(s)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, 2, func(s *stage) {
				m := s.member("a")
				c.arrange(s, m)
				m.start()
				s.stream(2, 3*time.Second)
				c.then(s, m)
				s.client = s.producer() // one that has not learnt yet how many there are
				s.stream(4, 6*time.Second)
				if joins := m.Sent(kmsg.JoinGroup); joins > 3 {
					t.Errorf("joined %d times", joins)
				}
				m.end()
				s.verify()
			})
		})
	}
}

// add makes it four partitions.
func add(s *stage) {
	if _, err := kadm.NewClient(s.client).UpdatePartitions(context.Background(), 4, "in"); err != nil {
		s.t.Error(err)
	}
}

// A broker that has not heard of the newest partitions yet must not make us forget those that are assigned to us.
func TestAnAssignedPartitionThatABrokerDoesNotKnowYetIsWaitedFor(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		k := s.cluster.Kfake()
		var looks atomic.Int32
		k.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
			k.KeepControl()
			if r.GetVersion() != 12 { // kafka-go's own, or the test's
				return nil, nil, false
			}
			if n := looks.Add(1); n < 2 || n > 3 {
				return nil, nil, false
			}
			resp := r.ResponseKind().(*kmsg.MetadataResponse)
			topic := kmsg.NewMetadataResponseTopic()
			topic.Topic, topic.TopicID = kmsg.StringPtr("in"), k.TopicInfo("in").TopicID
			topic.Partitions = append(topic.Partitions, kmsg.NewMetadataResponseTopicPartition())
			resp.Topics = append(resp.Topics, topic)
			return resp, nil, true
		})
		m := s.member("a").start()
		s.stream(2, 5*time.Second)
		m.end()
		s.verify()
	})
}

func TestOfSeveralEndingsTheGravestCounts(t *testing.T) {
	for _, kinds := range [][]endKind{
		{endRound, endLeave}, {endLeave, endRound}, {endGeneration, endRound, endLeave}, {endGeneration, endLeave, endGeneration},
	} {
		r := &round{over: make(chan struct{}, 1)}
		for _, k := range kinds {
			r.end(ending{kind: k})
		}
		if want := slices.Max(kinds); r.ended.kind != want {
			t.Errorf("%v: %v counts", kinds, r.ended.kind)
		}
	}
}
