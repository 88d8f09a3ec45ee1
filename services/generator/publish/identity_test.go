package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

func TestBrokersThatForgotTheIdWithNothingInDoubtGetAnother(t *testing.T) {
	for _, code := range []int16{45, 59} {
		inBubble(t, 1, 2, func(t *testing.T, r *rig) {
			sequences := r.sequences()
			r.add(100, time.Millisecond, nil)
			r.flush()
			r.host.On(kafkatest.Rule{Key: kmsg.Produce, Do: kafkatest.AnswerCode(code)})
			r.add(100, time.Millisecond, nil)
			r.flush()
			if got := r.host.Sent(kmsg.InitProducerID); got != 2 {
				t.Errorf("code %d: took an id %d times, want 2", code, got)
			}
			sequences.judge(t)
			r.judge()
		})
	}
}

// sequences are what a host's batches were numbered with, by producer id and partition.
type sequences map[[2]int64][]int32

// sequences watches what the host sends; without faults that make it send a batch again.
func (r *rig) sequences() sequences {
	s := sequences{}
	r.host.Before(func(q kafkatest.Request) {
		if q.Key != kmsg.Produce {
			return
		}
		req, err := q.Parse()
		if err != nil {
			r.t.Error(err)
			return
		}
		for _, p := range req.(*kmsg.ProduceRequest).Topics[0].Partitions {
			var b kmsg.RecordBatch
			if err := b.ReadFrom(p.Records); err != nil {
				r.t.Error(err)
			}
			at := [2]int64{b.ProducerID, int64(p.Partition)}
			s[at] = append(s[at], b.FirstSequence, b.NumRecords)
		}
	})
	return s
}

// judge wants each partition to be numbered from 0 under each id: a broker that never saw the id may refuse anything else.
func (s sequences) judge(t *testing.T) {
	t.Helper()
	for at, pairs := range s {
		next := int32(0)
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] != next {
				t.Errorf("producer %d, partition %d: sequence %d, want %d", at[0], at[1], pairs[i], next)
			}
			next = pairs[i] + pairs[i+1]
		}
	}
}

func TestAForgottenIdWithTheBatchInDoubtStopsThePublisher(t *testing.T) {
	doubts := map[string]kafkatest.Action{
		"unanswered": kafkatest.LoseAnswer(kafkatest.Break),
		"timed out":  kafkatest.AnswerCodeDone(7),
		"refused by a leader that may have appended it": kafkatest.AnswerCodeDone(6),
	}
	for name, doubt := range doubts {
		for _, code := range []int16{45, 59} {
			t.Run(fmt.Sprintf("%s, then code %d", name, code), func(t *testing.T) {
				inBubble(t, 1, 1, func(t *testing.T, r *rig) {
					r.host.On(kafkatest.Rule{Key: kmsg.Produce, Nth: 2, Do: doubt})
					r.host.On(kafkatest.Rule{Key: kmsg.Produce, Nth: 2, Do: kafkatest.AnswerCode(code)})
					r.add(20, time.Millisecond, nil)
					r.flush()
					r.add(5, 0, nil)
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					if err := r.Flush(ctx); !errors.Is(err, ErrInDoubt) {
						t.Errorf("Flush: %v, want %v", err, ErrInDoubt)
					}
					if err := r.Add(t.Context(), Record{}); !errors.Is(err, ErrInDoubt) {
						t.Errorf("Add: %v, want %v", err, ErrInDoubt)
					}
					err := r.end()
					if !errors.Is(err, ErrInDoubt) || !strings.Contains(err.Error(), "records/0") {
						t.Errorf("Run: %v, want %v and the partition", err, ErrInDoubt)
					}
					onceInOrder(t, r.c.ReadCommitted(topic), 25)
				})
			})
		}
	}
}

// With one identity for all, the new one that partition 1 needs would send partition 0's batch again as a stranger's.
func TestAForgottenIdOfOnePartitionLeavesTheDoubtOfAnotherAlone(t *testing.T) {
	at := func(r *rig, broker int) func(kafkatest.Request) bool {
		return func(q kafkatest.Request) bool { return q.Broker == r.c.Addrs()[broker] }
	}
	for name, doubt := range map[string]kafkatest.Action{
		"answered later": kafkatest.LoseAnswer(kafkatest.Silent), "answered before": kafkatest.AnswerCodeDone(7),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 2, 2, func(t *testing.T, r *rig) {
				r.add(100, time.Millisecond, modulo(10))
				r.flush()
				lost := r.host.On(kafkatest.Rule{Key: kmsg.Produce, Match: at(r, 0), Do: doubt})
				forgot := r.host.On(kafkatest.Rule{Key: kmsg.Produce, Match: at(r, 1), Times: 2, Do: kafkatest.AnswerCode(59)})
				r.add(100, 0, modulo(10))
				r.flush()
				r.add(100, time.Millisecond, modulo(10))
				r.flush()
				r.judge()
				if lost.Hits() != 1 || forgot.Hits() != 2 {
					t.Errorf("doubts %d, forgotten %d times; want 1 and 2", lost.Hits(), forgot.Hits())
				}
			})
		})
	}
}

func TestWhatNoRetryMendsStopsThePublisherAndSaysWhatWould(t *testing.T) {
	for _, tc := range []struct {
		name string
		key  kmsg.Key
		code int16
		want string
	}{
		{"no right to write", kmsg.Produce, 29, `grant Write on topic "records"`},
		{"batch too large", kmsg.Produce, 10, `raise max.message.bytes of topic "records" to 262144`},
		{"record list too large", kmsg.Produce, 18, `raise max.message.bytes of topic "records"`},
		{"refused timestamp", kmsg.Produce, 32, `set message.timestamp.type=LogAppendTime on topic "records", or raise its message.timestamp.before.max.ms and message.timestamp.after.max.ms`},
		{"a record without a key in a compacted topic", kmsg.Produce, 87, `must be without cleanup.policy=compact`},
		{"no right to be idempotent", kmsg.InitProducerID, 31, `grant IdempotentWrite on the cluster`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, 1, 1, func(t *testing.T, r *rig) {
				r.host.On(kafkatest.Rule{Key: tc.key, Times: -1, Do: kafkatest.AnswerCode(tc.code)})
				r.add(1, 0, nil)
				err := r.end()
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("Run: %v, want %q in it", err, tc.want)
				}
				if got := r.Flush(t.Context()); got == nil || got.Error() != err.Error() {
					t.Errorf("Flush: %v, want Run's %v", got, err)
				}
			})
		})
	}
}

func TestTakingAnIdIsTriedUntilItIsGiven(t *testing.T) {
	inBubble(t, 1, 1, func(t *testing.T, r *rig) {
		r.host.On(kafkatest.Rule{Key: kmsg.InitProducerID, Times: 3, Do: kafkatest.AnswerCode(15)})
		r.host.On(kafkatest.Rule{Key: kmsg.InitProducerID, Times: 3, Do: kafkatest.LoseAnswer(kafkatest.Break)})
		r.add(10, 0, nil)
		r.flush()
		r.judge()
	})
}
