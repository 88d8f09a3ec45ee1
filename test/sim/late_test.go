package sim

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// TestALateCopyMeetsTheNextTransaction holds a request of one transaction in the network until its sender is amid the
// next, where it does the most harm.
func TestALateCopyMeetsTheNextTransaction(t *testing.T) {
	for _, c := range []struct {
		late, until kmsg.Key
		copies      int // held: one, or all that there are until the sender gives up
	}{
		{kmsg.EndTxn, kmsg.Produce, 1},
		{kmsg.TxnOffsetCommit, kmsg.EndTxn, 1},
		{kmsg.AddPartitionsToTxn, kmsg.Produce, 1},
		{kmsg.Produce, kmsg.Produce, -1},
		{kmsg.Produce, kmsg.EndTxn, -1},
		{kmsg.TxnOffsetCommit, kmsg.EndTxn, -1},
	} {
		for _, version := range []int16{1, 2} { // of transactions: the second brings a new epoch with every end
			scenario(t, fmt.Sprintf("%s before %s, %d, version %d", c.late.Name(), c.until.Name(), c.copies, version), options{}, func(r *river) {
				r.cluster.FinalizeTxnVersion(version)
				p, s := r.processor("p1"), r.sink("s1")
				arrived := []<-chan struct{}{r.hold(p, c.late, c.until, c.copies), r.hold(s, c.late, c.until, c.copies)}
				r.flow(uint64(c.late), 40*time.Second)
				for _, done := range arrived {
					select {
					case <-done:
					default:
						r.t.Error("no late copy arrived: this test can't fail")
					}
				}
				settle()
				r.end(p, s)
			})
		}
	}
}

// hold keeps the third request of a kind, or all from then on until nine seconds later, and lets the first of them arrive
// before the first request of another kind that is sent in a later transaction. The channel closes when it has.
func (r *river) hold(h *process, late, until kmsg.Key, copies int) <-chan struct{} {
	armed := h.On(kafkatest.Rule{Key: late, Nth: 3, Times: copies, Do: kafkatest.HoldRequest()})
	done := make(chan struct{})
	var mu sync.Mutex
	var held *kafkatest.Held
	next := false // a later transaction has begun
	r.all.Go(func() {
		first, err := armed.Held(r.over)
		if err != nil {
			return
		}
		if copies < 0 { // the sender gives up after eight seconds
			time.Sleep(9 * time.Second)
			armed.Remove()
		}
		mu.Lock()
		defer mu.Unlock()
		held, next = first, copies < 0
	})
	h.After(func(q kafkatest.Request, _ kafkatest.Answer) {
		mu.Lock()
		defer mu.Unlock()
		next = next || held != nil && q.Key == kmsg.EndTxn
	})
	h.Before(func(q kafkatest.Request) {
		mu.Lock()
		now := held != nil && next && q.Key == until
		first := held
		if now {
			held = nil
		}
		mu.Unlock()
		if now {
			first.Release()
			_, _ = first.Answer(r.over) // the request waits until the copy has had its effect
			close(done)
		}
	})
	return done
}

// TestAMemberDoesNotKnowThatItWasReplaced has heartbeats answered by somebody who does not know either, so that the
// member goes on at full strength for long after others have taken its partitions over.
func TestAMemberDoesNotKnowThatItWasReplaced(t *testing.T) {
	for _, kind := range []string{"processor", "sink"} {
		scenario(t, kind, options{}, func(r *river) {
			p1, s1 := r.processor("p1"), r.sink("s1")
			p2, s2 := r.processor("p2"), r.sink("s2")
			r.flow(1, 13*time.Second)
			unaware := map[string]*process{"processor": p1, "sink": s1}[kind]
			lie := unaware.On(kafkatest.Rule{Key: kmsg.Heartbeat, Times: -1, Do: kafkatest.AnswerCode(0)})
			r.flow(2, 15*time.Second)
			lie.Remove()
			r.flow(3, 10*time.Second)
			settle()
			r.end(p1, p2, s1, s2)
		})
	}
}

// TestARejoinMeetsACommitOfTheFormerLife loses a heartbeat of a member whose commit is slow to get its epoch: it joins
// again under the same generation, without a rebalance. If its new life did not wait for the old one to end, it would
// commit the same records, and the old one, with its newer epoch, after it.
func TestARejoinMeetsACommitOfTheFormerLife(t *testing.T) {
	scenario(t, "again and again", options{}, func(r *river) {
		r.cluster.FinalizeTxnVersion(1) // in which a commit that was resent asks for an epoch before the next one
		p1, s := r.processor("p1"), r.sink("s1")
		r.flow(1, 3*time.Second)
		p2 := r.processor("p2") // who leads the group makes it rebalance by joining: not this one
		r.flow(2, 5*time.Second)
		joins := p1.Sent(kmsg.JoinGroup)
		for i := range 5 {
			p2.On(kafkatest.Rule{Key: kmsg.TxnOffsetCommit, Do: kafkatest.LoseAnswer(kafkatest.Break)})
			init := p2.On(kafkatest.Rule{Key: kmsg.InitProducerID, Do: kafkatest.DelayRequest(1900 * time.Millisecond)})
			r.all.Go(func() {
				if init.Wait(r.over, 1) == nil {
					p2.On(kafkatest.Rule{Key: kmsg.Heartbeat, Do: kafkatest.LoseAnswer(kafkatest.Break)})
				}
			})
			r.flow(uint64(i), 8*time.Second)
		}
		if p1.Sent(kmsg.JoinGroup) != joins || p2.Sent(kmsg.JoinGroup) < 6 {
			r.t.Errorf("the group rebalanced, or nobody joined again: this test can't fail")
		}
		settle()
		r.end(p1, p2, s)
	})
}

// TestALateNamingTurnsNothingBack holds the commit by which a process puts its name on partitions until it has committed
// much more, lets it arrive, and kills the process before it can commit again.
func TestALateNamingTurnsNothingBack(t *testing.T) {
	scenario(t, "and another takes over", options{}, func(r *river) {
		s := r.sink("s1")
		p1 := r.processor("p1")
		late := p1.On(kafkatest.Rule{Key: kmsg.OffsetCommit, Do: kafkatest.HoldRequest()})
		r.flow(1, 20*time.Second)
		held, err := late.Held(r.over)
		if err != nil {
			r.t.Fatal(err)
		}
		held.Release()
		if _, err := held.Answer(r.over); err != nil {
			r.t.Fatal(err)
		}
		p1.Kill()
		p2 := r.processor("p2")
		r.flow(2, 20*time.Second)
		settle()
		p1.Crash()
		r.end(p2, s)
	})
}

// TestTheNextOwnerJudgesAsTheLastOneDid: what is late does not depend on who reads it.
func TestTheNextOwnerJudgesAsTheLastOneDid(t *testing.T) {
	scenario(t, "a late record is the first that it reads", options{}, func(r *river) {
		p1, s := r.processor("p1"), r.sink("s1")
		r.flow(1, 15*time.Second)
		p1.Stop()
		for p := range int32(sources) {
			r.send(p, measurement(time.Now().Add(-2*windowSize), 50, "late"))
		}
		p2 := r.processor("p2")
		r.flow(2, 15*time.Second)
		settle()
		r.end(p2, s)
	})
}
