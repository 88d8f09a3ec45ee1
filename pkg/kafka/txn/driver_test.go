package txn

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// onBrokers runs f in a bubble, on one broker and on three, in both versions of transactions.
func onBrokers(t *testing.T, f func(t *testing.T, r *rig)) {
	for _, n := range []int{1, 3} {
		for _, v := range []broker.TxnVersion{broker.TxnV1, broker.TxnV2} {
			t.Run(fmt.Sprintf("on %d brokers, %s", n, v), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { f(t, newRig(t, n, v)) })
			})
		}
	}
}

func TestTransactionsFollowEachOther(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		r.init()
		epoch := r.d.Producer().Epoch
		for n := 1; n <= 5; n++ {
			if o := r.mustCommit(n); o.Dirty {
				t.Errorf("transaction %d is dirty without a fault", n)
			}
		}
		r.holds(1, 2, 3, 4, 5)
		r.oncePerRecord()
		if n := r.host.Sent(kmsg.InitProducerID); n != 1 {
			t.Errorf("five undisturbed transactions and %d InitProducerID", n)
		}
		want := epoch
		if r.version == broker.TxnV2 {
			want += 5 // each has one of its own
		}
		if got := r.d.Producer().Epoch; got != want {
			t.Errorf("the epoch went from %d to %d, want %d", epoch, got, want)
		}
		if n := r.host.Sent(kmsg.EndTxn); n != 5 {
			t.Errorf("%d EndTxn for five transactions", n)
		}
	})
}

func TestOffsetsAloneAreCommitted(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		r.init()
		c := transaction(1)
		c.Batches = nil
		if o := r.d.Commit(t.Context(), c); o.Verdict != Committed {
			t.Fatal(o.Err(c))
		}
		r.offsetsAre(1)
		if n := r.host.Sent(kmsg.Produce) + r.host.Sent(kmsg.AddPartitionsToTxn); n != 0 {
			t.Errorf("%d requests about partitions, of which there are none", n)
		}
	})
}

// fault is something that happens once to one request.
type fault struct {
	name  string
	do    kafkatest.Action
	doubt bool // and a new epoch must follow
}

func faults() []fault {
	all := []fault{
		{"its answer is lost and the connection breaks", kafkatest.LoseAnswer(kafkatest.Break), true},
		{"its answer is lost in silence", kafkatest.LoseAnswer(kafkatest.Silent), true},
		{"it is lost and the connection breaks", kafkatest.DropRequest(kafkatest.Break), true},
		{"it is lost in silence", kafkatest.DropRequest(kafkatest.Silent), true},
		{"it is done and times out", kafkatest.AnswerCodeDone(requestTimedOut), true},
		{"it is done and an unknown error answered", kafkatest.AnswerCodeDone(unknownServerError), true},
		{"its answer is slow", kafkatest.DelayAnswer(exchangeTime / 2), false},
	}
	for _, code := range []int16{concurrentTxns, coordinatorLoading, coordinatorUnavailable, notCoordinator} {
		all = append(all, fault{fmt.Sprintf("it is refused with %d", code), kafkatest.AnswerCode(code), false})
	}
	// Written, but not replicated in time: what a coordinator answers as 15.
	return append(all, fault{"it is done and 15 answered", kafkatest.AnswerCodeDone(coordinatorUnavailable), false})
}

// TestOneFaultOnEachRequest is the whole table: every request of a transaction meets every fault, at the first
// transaction and at a later one; all transactions commit, each exactly once.
func TestOneFaultOnEachRequest(t *testing.T) {
	for _, key := range txnKeys {
		for _, f := range faults() {
			t.Run(key.Name()+": "+f.name, func(t *testing.T) {
				onBrokers(t, func(t *testing.T, r *rig) { oneFault(t, r, key, f, 1) })
			})
			t.Run(key.Name()+" of a transaction begun ahead: "+f.name, func(t *testing.T) {
				onBrokers(t, func(t *testing.T, r *rig) {
					r.ahead = true
					oneFault(t, r, key, f, 1)
				})
			})
		}
	}
}

func TestOneFaultOnALaterBatch(t *testing.T) {
	for _, f := range append(faults(),
		fault{"another leads", kafkatest.AnswerCode(notLeader), false},
		fault{"it is appended and another leads", kafkatest.AnswerCodeDone(notLeader), false},
		fault{"replicas are missing", kafkatest.AnswerCode(notEnoughReplicas), false},
		fault{"it is appended and replicas are missing", kafkatest.AnswerCodeDone(notEnoughAfterAppend), true}) {
		t.Run(f.name, func(t *testing.T) {
			onBrokers(t, func(t *testing.T, r *rig) { oneFault(t, r, kmsg.Produce, f, 2) })
		})
	}
}

func oneFault(t *testing.T, r *rig, key kmsg.Key, f fault, nth int) {
	armed := r.host.On(kafkatest.Rule{Key: key, Nth: nth, Do: f.do})
	r.init()
	first := r.mustCommit(1)
	r.holds(1)
	inits := r.host.Sent(kmsg.InitProducerID)
	second := r.mustCommit(2)
	r.holds(1, 2)
	r.mustCommit(3)
	r.holds(1, 2, 3)
	r.oncePerRecord()
	if armed.Hits() != 1 {
		t.Fatalf("the fault met %d requests, not one", armed.Hits())
	}
	inDoubt := f.doubt && key != kmsg.InitProducerID
	if first.Dirty != inDoubt || second.Dirty {
		t.Errorf("dirty: first %v, second %v; want %v, false", first.Dirty, second.Dirty, inDoubt)
	}
	// In version 2 the end of the first has brought a new epoch already.
	want := inDoubt && r.version == broker.TxnV1
	if renewed := r.host.Sent(kmsg.InitProducerID) > inits; renewed != want || first.Renew != want {
		t.Errorf("InitProducerID before the second transaction: %v, asked for: %v, want %v", renewed, first.Renew, want)
	}
}

// TestManyFaults has every tenth request of each kind meet a fault, for two hundred transactions.
func TestManyFaults(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		r.c.Complete(kafkatest.Completing{Refusals: 2, Ends: 1})
		for i, f := range faults() {
			r.host.On(kafkatest.Rule{Key: txnKeys[i%len(txnKeys)], Rate: 0.1, Times: -1, Do: f.do})
			r.host.On(kafkatest.Rule{Key: txnKeys[(i+3)%len(txnKeys)], Rate: 0.05, Times: -1, Do: f.do})
		}
		r.init()
		var done []int
		for n := 1; n <= 90; n++ {
			r.ahead = n%2 == 0
			o := r.commit(n)
			if o.Verdict == Committed {
				done = append(done, n)
				continue
			}
			t.Logf("transaction %d: %v", n, o.Err(transaction(n)))
			r.init()
			if r.settled() == n {
				done = append(done, n)
			}
		}
		if len(done) < 80 {
			t.Errorf("only %d of 90 transactions got through", len(done))
		}
		r.holds(done...)
	})
}

// settled is the transaction whose offsets are committed.
func (r *rig) settled() int {
	return int(r.c.CommittedOffsets(consumers, source)[0].At / 10)
}
