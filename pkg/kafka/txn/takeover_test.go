package txn

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// unstable tells whether a stable fetch is refused because a commit hangs.
func unstable(t *testing.T, client *broker.Client) bool {
	t.Helper()
	offsets, code, err := client.OffsetFetch(t.Context(), consumers, broker.AllPartitions(source, 2), true)
	if err != nil || code != broker.OK {
		t.Fatal(code, err)
	}
	return offsets[0].Code == 88 && offsets[1].Code == 88
}

// TestFenceFreesWhatADeadProcessLeft kills a process before every request of its second transaction.
func TestFenceFreesWhatADeadProcessLeft(t *testing.T) {
	for _, key := range txnKeys[1:] {
		t.Run("killed before "+key.Name(), func(t *testing.T) {
			onBrokers(t, func(t *testing.T, r *rig) {
				r.c.Complete(kafkatest.Completing{Inits: 1})
				r.init()
				r.mustCommit(1)
				r.before(key, r.host.Kill)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if o := r.d.Commit(ctx, transaction(2)); o.Verdict != Doubt {
					t.Fatalf("the dead one's transaction is %s", describe(o))
				}
				_, client := r.process("successor")
				// From the moment a record can be in the log, the offsets show whom to fence.
				if hangs := key == kmsg.Produce || key == kmsg.EndTxn; hangs && !unstable(t, client) {
					t.Error("records may be in the log, and no offset is pending")
				}
				if _, err := Fence(t.Context(), client, consumers+"/p"); err != nil {
					t.Fatal(err)
				}
				if unstable(t, client) {
					t.Error("offsets hang after the fence")
				}
				r.holds(1)
				r.d = NewDriver(client, consumers+"/successor")
				r.init()
				r.mustCommit(3)
				r.holds(1, 3) // seen at once: what the dead one left holds no reader up
			})
		})
	}
}

func TestAFencedOneCannotCommit(t *testing.T) {
	for _, key := range txnKeys[1:] {
		t.Run("fenced before "+key.Name(), func(t *testing.T) {
			onBrokers(t, func(t *testing.T, r *rig) {
				r.init()
				_, client := r.process("successor")
				r.before(key, func() {
					if _, err := Fence(t.Context(), client, consumers+"/p"); err != nil {
						t.Error(err)
					}
				})
				o := r.commit(1)
				if o.Verdict != Fenced || !strings.Contains(o.Err(transaction(1)).Error(), "fenced") {
					t.Errorf("the verdict is %s", describe(o))
				}
				r.holds()
				r.init() // taken for dead by mistake: it goes on
				r.mustCommit(2)
				r.holds(2)
			})
		})
	}
}

func TestALeaderThatMoves(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.AddOffsetsToTxn, kmsg.Produce, kmsg.EndTxn} {
		t.Run("before "+key.Name(), func(t *testing.T) {
			onBrokers(t, func(t *testing.T, r *rig) {
				brokers := int32(len(r.c.Addrs()))
				r.init()
				r.mustCommit(1)
				r.before(key, func() {
					for p := range int32(3) {
						if err := r.c.Kfake().MoveTopicPartition(target, p, (p+1)%brokers); err != nil {
							t.Error(err)
						}
					}
				})
				r.mustCommit(2)
				r.mustCommit(3)
				r.holds(1, 2, 3)
				r.oncePerRecord()
			})
		})
	}
}

func TestCoordinatorsThatMove(t *testing.T) {
	for _, key := range txnKeys[1:] {
		t.Run("before "+key.Name(), func(t *testing.T) {
			onBrokers(t, func(t *testing.T, r *rig) {
				r.init()
				r.mustCommit(1)
				r.before(key, func() { r.c.Kfake().RehashCoordinators() })
				r.mustCommit(2)
				r.mustCommit(3)
				r.holds(1, 2, 3)
			})
		})
	}
}

// TestATopicThatMayNotBeSeen: a right that is missing must reach a person, not be tried for ever.
func TestATopicThatMayNotBeSeen(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		r.init()
		c := transaction(1)
		for i := range c.Batches {
			c.Batches[i].Topic = "elsewhere"
		}
		r.host.On(kafkatest.Rule{Key: kmsg.AddPartitionsToTxn, Times: -1, Do: kafkatest.AnswerCode(0)})
		r.c.Kfake().ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
			r.c.Kfake().KeepControl()
			if req.GetVersion() != 12 { // the driver's own look-up
				return nil, nil, false
			}
			resp := req.ResponseKind().(*kmsg.MetadataResponse)
			topic := kmsg.NewMetadataResponseTopic()
			topic.Topic, topic.ErrorCode = kmsg.StringPtr("elsewhere"), 29
			resp.Topics = append(resp.Topics, topic)
			return resp, nil, true
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		o := r.d.Commit(ctx, c)
		if o.Verdict != Refused || !errors.Is(o.Err(c), broker.Code(29)) {
			t.Errorf("the verdict is %s, want refused with 29", describe(o))
		}
	})
}

func TestFenceTellsWhatNoRetryMends(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		r.host.On(kafkatest.Rule{Key: kmsg.InitProducerID, Do: kafkatest.AnswerCode(53)})
		if err := r.d.Init(t.Context()); !errors.Is(err, broker.Code(53)) || !strings.Contains(err.Error(), consumers+"/p") {
			t.Errorf("Init: %v, want the code 53 and the transactional id", err)
		}
		if !r.d.InDoubt() {
			t.Error("without an epoch the driver would send")
		}
	})
}

func TestFenceEndsWithItsContext(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		r.host.Cut()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_, err := Fence(ctx, r.client, "anybody")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 4*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}
