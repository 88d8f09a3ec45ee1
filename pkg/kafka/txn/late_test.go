package txn

import (
	"context"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// The schedules of this file hold a copy of a request of transaction 1 in the network and let it arrive in the middle
// of transaction 2. Each runs twice: as the driver is, and with the new epoch between the two taken away. Without it
// the copy must do its damage, or the test would prove nothing.

// forget makes the driver go on as if nothing had been in doubt.
func (r *rig) forget() { r.d.fresh, r.d.over = true, false }

// broken tells whether the records of transaction n and its offsets disagree, or its offsets were turned back.
func (r *rig) broken(committed bool) bool {
	r.t.Helper()
	want, at := records(1), 1
	if committed {
		want, at = append(want, records(2)...), 2
	}
	slices.Sort(want)
	offsets := r.c.CommittedOffsets(consumers, source)
	return !slices.Equal(r.visible(), want) || offsets[0].At != int64(10*at) || offsets[1].At != int64(10*at)
}

// arrive releases what is held and waits until the broker has handled it.
func (r *rig) arrive(held *kafkatest.Held) int16 {
	held.Release()
	a, err := held.Answer(r.t.Context())
	if err != nil {
		r.t.Error(err)
		return 0
	}
	resp, err := a.Parse()
	if err != nil {
		r.t.Error(err)
		return 0
	}
	switch resp := resp.(type) {
	case *kmsg.EndTxnResponse:
		return resp.ErrorCode
	case *kmsg.TxnOffsetCommitResponse:
		return resp.Topics[0].Partitions[0].ErrorCode
	case *kmsg.ProduceResponse:
		return resp.Topics[0].Partitions[0].ErrorCode
	case *kmsg.AddPartitionsToTxnResponse:
		return resp.Topics[0].Partitions[0].ErrorCode
	case *kmsg.AddOffsetsToTxnResponse:
		return resp.ErrorCode
	}
	return 0
}

func TestALateCopyOfACommittedTransaction(t *testing.T) {
	for _, s := range []struct {
		name  string
		late  kmsg.Key
		until kmsg.Key // the copy arrives just before transaction 2 sends its first of these
		harms bool     // if transaction 2 is on the same epoch
	}{
		{"EndTxn arrives when the next one's offsets are pending", kmsg.EndTxn, kmsg.Produce, true},
		{"TxnOffsetCommit arrives behind the next one's own", kmsg.TxnOffsetCommit, kmsg.EndTxn, true},
		{"TxnOffsetCommit arrives before the next one's own", kmsg.TxnOffsetCommit, kmsg.TxnOffsetCommit, false},
		// The resend was appended: its sequence is known, whatever the epoch.
		{"Produce arrives before the next one's own", kmsg.Produce, kmsg.Produce, false},
		{"Produce arrives behind the next one's own", kmsg.Produce, kmsg.EndTxn, false},
		{"AddPartitionsToTxn arrives", kmsg.AddPartitionsToTxn, kmsg.Produce, false},
		{"AddOffsetsToTxn arrives", kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit, false},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Run("as the driver is", func(t *testing.T) {
				onBrokers(t, func(t *testing.T, r *rig) {
					o, code := r.late(s.late, s.until, func() {})
					if o.Verdict != Committed || r.broken(true) {
						t.Errorf("transaction 2 is %s, visible %v, offsets %v", describe(o), r.visible(), r.c.CommittedOffsets(consumers, source))
					}
					if code == 0 {
						t.Error("a copy from before the new epoch was accepted")
					}
				})
			})
			t.Run("without the new epoch", func(t *testing.T) {
				onBrokers(t, func(t *testing.T, r *rig) {
					o, _ := r.late(s.late, s.until, r.forget)
					harms := s.harms && r.version == broker.TxnV1 // the end itself has brought a new epoch
					if got := r.broken(o.Verdict == Committed); got != harms {
						t.Errorf("harm done: %v, want %v; transaction 2 is %s, visible %v, offsets %v", got, harms, describe(o),
							r.visible(), r.c.CommittedOffsets(consumers, source))
					}
				})
			})
		})
	}
}

// late runs the two transactions, and returns how the second ended and what the late copy was answered.
func (r *rig) late(key, until kmsg.Key, between func()) (Outcome, int16) {
	r.t.Helper()
	armed := r.host.On(kafkatest.Rule{Key: key, Do: kafkatest.HoldRequest()})
	r.init()
	if o := r.mustCommit(1); !o.Dirty {
		r.t.Error("transaction 1 is not dirty though a request was held")
	}
	held, err := armed.Held(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	between()
	code := int16(0)
	r.before(until, func() { code = r.arrive(held) })
	return r.commit(2), code
}

// TestALateProduceOfATransactionThatCameToNothing is the schedule that loses data: transaction 1 ends without its
// batch, transaction 2 uses the batch's sequence, and the broker takes 2's batch for a copy of 1's while 2's offsets
// are committed.
func TestALateProduceOfATransactionThatCameToNothing(t *testing.T) {
	for _, until := range []kmsg.Key{kmsg.Produce, kmsg.EndTxn} {
		t.Run("as the driver is, before the next "+until.Name(), func(t *testing.T) {
			onBrokers(t, func(t *testing.T, r *rig) {
				r.init()
				held := r.giveUp()
				r.init()
				code := int16(0)
				r.before(until, func() { code = r.arrive(held) })
				r.mustCommit(2)
				r.holds(2)
				if code == 0 {
					t.Error("a batch from before the new epoch was accepted")
				}
			})
		})
	}
	t.Run("without the new epoch", func(t *testing.T) {
		onBrokers(t, func(t *testing.T, r *rig) {
			r.init()
			held := r.giveUp()
			next, _, err := r.client.EndTxn(t.Context(), r.d.producer, false)
			if err != nil {
				t.Fatal(err)
			}
			r.forget()
			r.d.producer, r.d.sequence = next, map[broker.TopicPartition]int32{}
			r.before(kmsg.Produce, func() { r.arrive(held) })
			r.mustCommit(2)
			// In version 2 the abort has brought a new epoch, too.
			if whole := slices.Equal(r.visible(), records(2)); whole != (r.version == broker.TxnV2) {
				t.Errorf("all records are there: %v; does this schedule still show anything?", whole)
			}
			r.offsetsAre(2)
		})
	})
}

// giveUp runs transaction 1 with its first Produce held until its time is over.
func (r *rig) giveUp() *kafkatest.Held {
	r.t.Helper()
	first := r.host.On(kafkatest.Rule{Key: kmsg.Produce, Do: kafkatest.HoldRequest()})
	rest := r.host.On(kafkatest.Rule{Key: kmsg.Produce, Times: -1, Do: kafkatest.DropRequest(kafkatest.Silent)})
	defer rest.Remove()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Second)
	defer cancel()
	if o := r.d.Commit(ctx, transaction(1)); o.Verdict != Doubt || !o.Dirty || o.Step != Produce {
		r.t.Fatalf("transaction 1 is %s at %s, want in doubt at Produce", describe(o), o.Step)
	}
	held, err := first.Held(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return held
}

// TestALateInitFencesUsAndLosesNothing: the new epoch's own request may come late as well.
func TestALateInitFencesUsAndLosesNothing(t *testing.T) {
	for _, until := range []kmsg.Key{kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn} {
		t.Run("before "+until.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 3, broker.TxnV2)
				armed := r.host.On(kafkatest.Rule{Key: kmsg.InitProducerID, Do: kafkatest.HoldRequest()})
				r.init()
				held, err := armed.Held(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				r.before(until, func() { r.arrive(held) })
				if o := r.commit(1); o.Verdict != Fenced {
					t.Errorf("transaction 1 is %s, want fenced by our own late request", describe(o))
				}
				r.init()
				r.holds()
				r.mustCommit(2)
				r.holds(2)
			})
		})
	}
}

func TestAfterDoubtNothingIsSentUntilInit(t *testing.T) {
	for name, f := range map[string]kafkatest.Rule{
		"in doubt": {Key: kmsg.EndTxn, Times: -1, Do: kafkatest.LoseAnswer(kafkatest.Silent)},
		"fenced":   {Key: kmsg.Produce, Do: kafkatest.AnswerCode(invalidProducerEpoch)},
		"stale":    {Key: kmsg.TxnOffsetCommit, Do: kafkatest.AnswerCode(illegalGeneration)},
		"refused":  {Key: kmsg.AddPartitionsToTxn, Do: kafkatest.AnswerCode(29)},
		"no epoch": {Key: kmsg.InitProducerID, Nth: 2, Times: -1, Do: kafkatest.DropRequest(kafkatest.Break)},
	} {
		t.Run(name, func(t *testing.T) {
			onBrokers(t, func(t *testing.T, r *rig) {
				armed := r.host.On(f)
				r.init()
				if name == "no epoch" { // the first one is dirty, and then no new epoch is to be had
					if r.version == broker.TxnV2 {
						return // it asks for none
					}
					r.host.On(kafkatest.Rule{Key: kmsg.Produce, Do: kafkatest.LoseAnswer(kafkatest.Break)})
					r.mustCommit(1)
				}
				if o := r.commit(1); o.Verdict == Committed {
					t.Fatal("it went well")
				}
				armed.Remove()
				before := r.sent()
				o := r.commit(2)
				if !r.d.InDoubt() || o.Verdict != Doubt || o.Err(transaction(2)) == nil || !maps.Equal(before, r.sent()) {
					t.Errorf("then: in doubt %v, %s, sent %v, before %v", r.d.InDoubt(), describe(o), r.sent(), before)
				}
				r.init()
				settled := r.settled() // lost answers of EndTxn: the first one was committed
				r.mustCommit(2)
				if settled == 1 {
					r.holds(1, 2)
				} else {
					r.holds(2)
				}
			})
		})
	}
}

func (r *rig) sent() map[kmsg.Key]int {
	all := map[kmsg.Key]int{}
	for _, key := range txnKeys {
		all[key] = r.host.Sent(key)
	}
	return all
}
