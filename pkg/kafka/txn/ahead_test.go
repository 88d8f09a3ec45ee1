package txn

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// TestACommitDoesNotWaitForWhatWasBegunAhead: its transaction is open, so that nothing more is asked to open it.
func TestACommitDoesNotWaitForWhatWasBegunAhead(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		r.init()
		for n := 1; n <= 3; n++ {
			for range 2 { // the second time there is nothing left to ask
				if !r.d.Open(t.Context(), consumers) {
					t.Error("it asks to be called again")
				}
			}
			if sent := r.host.Sent(kmsg.AddOffsetsToTxn); sent != n {
				t.Errorf("%d AddOffsetsToTxn ahead of commit %d", sent, n)
			}
			time.Sleep(time.Second)
			if o := r.mustCommit(n); o.Dirty {
				t.Errorf("transaction %d is dirty without a fault", n)
			}
			if sent := r.host.Sent(kmsg.AddOffsetsToTxn); sent != n {
				t.Errorf("%d AddOffsetsToTxn with commit %d", sent, n)
			}
		}
		r.holds(1, 2, 3)
		r.oncePerRecord()
		if n := r.host.Sent(kmsg.InitProducerID); n != 1 {
			t.Errorf("three undisturbed transactions and %d InitProducerID", n)
		}
	})
}

// TestABusyCoordinatorIsAskedAgain: who begins ahead has time, and does not wait there.
func TestABusyCoordinatorIsAskedAgain(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		r.init()
		r.mustCommit(1)
		r.host.On(kafkatest.Rule{Key: kmsg.AddOffsetsToTxn, Times: 2, Do: kafkatest.AnswerCode(concurrentTxns)})
		for _, want := range []bool{false, false, true} {
			if got := r.d.Open(t.Context(), consumers); got != want {
				t.Errorf("open: %v, want %v", got, want)
			}
		}
		if o := r.mustCommit(2); o.Dirty {
			t.Error("a refusal is not doubt")
		}
		r.holds(1, 2)
	})
}

// TestWhatWasBegunAheadAndGivenUpIsFenced: a process that slept beyond the transaction timeout reads again, as if it had
// been taken for dead.
func TestWhatWasBegunAheadAndGivenUpIsFenced(t *testing.T) {
	for _, s := range []struct {
		name    string
		happens func(r *rig)
	}{
		{"by who takes over", func(r *rig) {
			_, other := r.process("q")
			if _, err := Fence(r.t.Context(), other, consumers+"/p"); err != nil {
				r.t.Error(err)
			}
		}},
		{"by its coordinator", func(*rig) { time.Sleep(Timeout + 15*time.Second) }},
	} {
		t.Run(s.name, func(t *testing.T) {
			onBrokers(t, func(t *testing.T, r *rig) {
				r.init()
				r.mustCommit(1)
				r.d.Open(t.Context(), consumers)
				s.happens(r)
				if o := r.commit(2); o.Verdict != Fenced {
					t.Errorf("it is %s, want fenced", describe(o))
				}
				r.holds(1)
				r.init()
				r.mustCommit(2)
				r.holds(1, 2)
				r.oncePerRecord()
			})
		})
	}
}

// TestWhatIsBegunAheadAndNeverCommittedHoldsNobodyUp: neither readers nor who takes the partitions over.
func TestWhatIsBegunAheadAndNeverCommittedHoldsNobodyUp(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		r.init()
		r.mustCommit(1)
		r.d.Open(t.Context(), consumers)
		r.holds(1)
		_, client := r.process("q")
		successor := NewDriver(client, consumers+"/q")
		began := time.Now()
		if err := successor.Init(t.Context()); err != nil {
			t.Fatal(err)
		}
		if o := successor.Commit(t.Context(), transaction(2)); o.Verdict != Committed {
			t.Fatal(o.Err(transaction(2)))
		}
		r.holds(1, 2)
		if took := time.Since(began); took > time.Second {
			t.Errorf("a successor waited %s", took)
		}
	})
}

// TestALateAddOffsetsOfWhatWasBegunAhead: a copy of the request that opened transaction 1 arrives when 2 is under way.
func TestALateAddOffsetsOfWhatWasBegunAhead(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		r.ahead = true
		o, code := r.late(kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit, func() {})
		if o.Verdict != Committed || r.broken(true) {
			t.Errorf("transaction 2 is %s, visible %v", describe(o), r.visible())
		}
		if broker.Code(code) == broker.OK {
			t.Error("a copy from before the new epoch was accepted")
		}
	})
}
