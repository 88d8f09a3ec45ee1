package sim

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// requests are all that the protocol of exactly once consists of.
func requests() []kmsg.Key {
	return []kmsg.Key{
		kmsg.InitProducerID, kmsg.OffsetFetch, kmsg.OffsetCommit, kmsg.AddOffsetsToTxn, kmsg.AddPartitionsToTxn,
		kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn, kmsg.Fetch, kmsg.ListOffsets, kmsg.Metadata, kmsg.JoinGroup, kmsg.Heartbeat,
	}
}

// scenario runs the river under a fault and has the oracle judge.
func scenario(t *testing.T, name string, o options, play func(r *river)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			if o.closeIdle == 0 {
				o.closeIdle = 8 * time.Second
			}
			r := start(t, o)
			play(r)
			r.judge()
		})
	})
}

func TestPlainRunsOnOneBrokerAndThree(t *testing.T) {
	for _, brokers := range []int{1, 3} {
		scenario(t, fmt.Sprint(brokers), options{brokers: brokers}, func(r *river) {
			p, s := r.processor("p1"), r.sink("s1")
			r.flow(1, 30*time.Second)
			settle()
			r.end(p, s)
		})
	}
}

func TestRestartsAndReplicasComingAndGoing(t *testing.T) {
	scenario(t, "restarted one after another", options{}, func(r *river) {
		p, s := r.processor("p1"), r.sink("s1")
		for i := range 4 {
			r.flow(uint64(i), 15*time.Second)
			p.Stop()
			p = r.processor(fmt.Sprintf("p%d", i+2))
			r.flow(uint64(i+10), 5*time.Second)
			s.Stop()
			s = r.sink(fmt.Sprintf("s%d", i+2))
		}
		settle()
		r.end(p, s)
	})
	scenario(t, "one to three and back", options{brokers: 3}, func(r *river) {
		p1, s1 := r.processor("p1"), r.sink("s1")
		r.flow(1, 15*time.Second)
		p2, s2 := r.processor("p2"), r.sink("s2")
		r.flow(2, 15*time.Second)
		p3 := r.processor("p3")
		r.flow(3, 15*time.Second)
		p1.Stop()
		s1.Stop()
		r.flow(4, 15*time.Second)
		p3.Stop()
		r.flow(5, 15*time.Second)
		settle()
		r.end(p1, p2, p3, s1, s2)
	})
}

// TestAnAnswerIsLost loses the answer to each kind of request, in both ways, a few times in a run.
func TestAnAnswerIsLost(t *testing.T) {
	for _, key := range requests() {
		for way, how := range map[string]kafkatest.How{"broken": kafkatest.Break, "silent": kafkatest.Silent} {
			scenario(t, key.Name()+" "+way, options{}, func(r *river) {
				p, s := r.processor("p1"), r.sink("s1")
				for _, h := range []*process{p, s} {
					h.On(kafkatest.Rule{Key: key, Nth: 3, Do: kafkatest.LoseAnswer(how)})
					h.On(kafkatest.Rule{Key: key, Nth: 11, Do: kafkatest.DropRequest(how)})
				}
				r.flow(uint64(key), 30*time.Second)
				settle()
				r.end(p, s)
			})
		}
	}
}

// TestALateCopyArrives holds one request of each kind until its sender has gone on, then lets it arrive.
func TestALateCopyArrives(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.InitProducerID, kmsg.OffsetCommit, kmsg.AddOffsetsToTxn, kmsg.AddPartitionsToTxn, kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn} {
		for _, after := range []time.Duration{3 * time.Second, 6500 * time.Millisecond, 12 * time.Second} {
			scenario(t, fmt.Sprint(key.Name(), " after ", after), options{}, func(r *river) {
				p, s := r.processor("p1"), r.sink("s1")
				for _, h := range []*process{p, s} {
					armed := h.On(kafkatest.Rule{Key: key, Nth: 4, Do: kafkatest.HoldRequest()})
					r.all.Go(func() {
						held, err := armed.Held(r.over)
						if err == nil {
							time.Sleep(after)
							held.Release()
						}
					})
				}
				r.flow(uint64(key), 30*time.Second)
				settle()
				r.end(p, s)
			})
		}
	}
}

// TestKilledAroundEveryEffect kills a process just before and just after the n-th request of each kind, with a
// survivor beside it.
func TestKilledAroundEveryEffect(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.InitProducerID, kmsg.OffsetFetch, kmsg.OffsetCommit, kmsg.AddOffsetsToTxn, kmsg.AddPartitionsToTxn, kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn} {
		for _, n := range []int{1, 5} {
			for _, before := range []bool{true, false} {
				scenario(t, fmt.Sprintf("%s %d before=%v", key.Name(), n, before), options{}, func(r *river) {
					p1, s1 := r.processor("p1"), r.sink("s1")
					p2, s2 := r.processor("p2"), r.sink("s2")
					for _, h := range []*process{p1, s1} {
						killAt(h, key, n, before)
					}
					r.flow(uint64(key)*7+uint64(n), 30*time.Second)
					p3, s3 := r.processor("p3"), r.sink("s3")
					settle()
					p1.Crash()
					s1.Crash()
					r.end(p2, s2, p3, s3)
				})
			}
		}
	}
}

func killAt(p *process, key kmsg.Key, n int, before bool) {
	if before {
		p.Before(func(q kafkatest.Request) {
			if q.Key == key && q.N == n {
				p.Kill()
			}
		})
		return
	}
	p.After(func(q kafkatest.Request, _ kafkatest.Answer) {
		if q.Key == key && q.N == n {
			p.Kill()
		}
	})
}

// TestAZombieWakes freezes a process for longer than its session, so that others take over, then lets it go on.
func TestAZombieWakes(t *testing.T) {
	for _, asleep := range []time.Duration{2 * time.Second, 8 * time.Second, 25 * time.Second} {
		scenario(t, asleep.String(), options{}, func(r *river) {
			p1, s1 := r.processor("p1"), r.sink("s1")
			p2, s2 := r.processor("p2"), r.sink("s2")
			r.flow(1, 13*time.Second)
			for _, h := range []*process{p1, s1} {
				h.Freeze()
			}
			r.flow(2, asleep)
			for _, h := range []*process{p1, s1} {
				h.Thaw()
			}
			r.flow(3, 20*time.Second)
			settle()
			r.end(p1, p2, s1, s2)
		})
	}
}

// TestRefusals has the brokers refuse requests as real ones do.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		key  kmsg.Key
		code int16
	}{
		{kmsg.AddPartitionsToTxn, 51}, {kmsg.AddOffsetsToTxn, 51}, {kmsg.EndTxn, 51}, {kmsg.InitProducerID, 51}, {kmsg.Produce, 19}, {kmsg.Produce, 6},
		{kmsg.Produce, 14}, {kmsg.TxnOffsetCommit, 14}, {kmsg.TxnOffsetCommit, 16}, {kmsg.AddOffsetsToTxn, 16}, {kmsg.EndTxn, 15}, {kmsg.OffsetFetch, 16},
		{kmsg.OffsetCommit, 16}, {kmsg.TxnOffsetCommit, 22}, {kmsg.TxnOffsetCommit, 25}, {kmsg.EndTxn, 47}, {kmsg.Produce, 47}, {kmsg.Produce, 45}, {kmsg.EndTxn, 48},
		{kmsg.ListOffsets, 6}, {kmsg.Fetch, 6}, {kmsg.Metadata, 5}, {kmsg.FindCoordinator, 15}, {kmsg.Heartbeat, 27}, {kmsg.OffsetCommit, 27},
	} {
		scenario(t, fmt.Sprintf("%s %d", c.key.Name(), c.code), options{}, func(r *river) {
			p, s := r.processor("p1"), r.sink("s1")
			for _, h := range []*process{p, s} {
				h.On(kafkatest.Rule{Key: c.key, Nth: 2, Times: 3, Do: kafkatest.AnswerCode(c.code)})
				h.On(kafkatest.Rule{Key: c.key, Nth: 17, Do: kafkatest.AnswerCode(c.code)})
			}
			r.flow(uint64(c.code), 30*time.Second)
			settle()
			r.end(p, s)
		})
	}
}

// TestEffectsBehindATimeout answers "timed out" though the broker has done what was asked.
func TestEffectsBehindATimeout(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.Produce, kmsg.TxnOffsetCommit, kmsg.EndTxn, kmsg.OffsetCommit} {
		scenario(t, key.Name(), options{}, func(r *river) {
			p, s := r.processor("p1"), r.sink("s1")
			for _, h := range []*process{p, s} {
				h.On(kafkatest.Rule{Key: key, Nth: 3, Do: kafkatest.AnswerCodeDone(7)})
			}
			r.flow(9, 30*time.Second)
			settle()
			r.end(p, s)
		})
	}
}

// TestADeadOwnersEndArrivesLate kills an owner whose EndTxn is still in the network, and lets it arrive when others
// have taken over: its transaction must not take effect beside theirs.
func TestADeadOwnersEndArrivesLate(t *testing.T) {
	for _, n := range []int{1, 4} {
		for _, after := range []time.Duration{7 * time.Second, 8500 * time.Millisecond} {
			scenario(t, fmt.Sprintf("commit %d, %s later", n, after), options{}, func(r *river) {
				p0, s0 := r.processor("p0"), r.sink("s0")
				r.flow(1, 8*time.Second)
				p0.Stop()
				s0.Stop()
				var dead []*process
				for _, h := range []*process{r.processor("p1"), r.sink("s1")} {
					dead = append(dead, h)
					armed := h.On(kafkatest.Rule{Key: kmsg.EndTxn, Nth: n, Do: kafkatest.HoldRequest()})
					r.all.Go(func() {
						if held, err := armed.Held(r.over); err == nil {
							h.Kill()
							time.Sleep(after)
							held.Release()
						}
					})
				}
				p2, s2 := r.processor("p2"), r.sink("s2")
				r.flow(2, 40*time.Second)
				settle()
				for _, h := range dead {
					h.Crash()
				}
				r.end(p0, s0, p2, s2)
			})
		}
	}
}
