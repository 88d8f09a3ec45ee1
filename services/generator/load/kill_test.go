package load

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// effects are the requests that a load consists of.
func effects() []kmsg.Key {
	return []kmsg.Key{kmsg.InitProducerID, kmsg.OffsetFetch, kmsg.AddOffsetsToTxn, kmsg.AddPartitionsToTxn, kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn}
}

// TestALoadKilledAtAnyEffectBringsEachLineOnce kills it before a request leaves and after it has had its effect, and starts
// another.
func TestALoadKilledAtAnyEffectBringsEachLineOnce(t *testing.T) {
	for _, version := range []int16{1, 2} {
		for _, key := range effects() {
			for _, n := range []int{1, 4} {
				if n > 1 && (key == kmsg.InitProducerID || key == kmsg.OffsetFetch) {
					continue // there is one
				}
				for _, before := range []bool{true, false} {
					t.Run(fmt.Sprintf("version %d, %v %d, before %t", version, key.Name(), n, before), func(t *testing.T) {
						inBubble(t, version, func(t *testing.T, r *rig) {
							r.write("a.gz", numbers(0, 200))
							r.write("b", numbers(200, 600))
							killed := killAt(r.c.Host("first"), key, n, before)
							first := r.begin("first", nil, "a.gz", "b")
							select {
							case <-killed:
							case <-first.done:
								t.Fatalf("it has ended, and was to be killed: %v", first.err)
							}
							first.crash()
							r.finish("second", "a.gz", "b")
							r.holds(600)
						})
					})
				}
			}
		}
	}
}

// killAt cuts a host off at its nth request of a kind, and tells.
func killAt(h *kafkatest.Host, key kmsg.Key, n int, before bool) chan struct{} {
	killed := make(chan struct{})
	hit := func(q kafkatest.Request) {
		if q.Key == key && q.N == n {
			h.Kill()
			close(killed)
		}
	}
	if before {
		h.Before(hit)
	} else {
		h.After(func(q kafkatest.Request, _ kafkatest.Answer) { hit(q) })
	}
	return killed
}

// faults are what can befall a request.
func faults() []fault {
	return []fault{
		{"the answer is lost and the connection breaks", kafkatest.LoseAnswer(kafkatest.Break)},
		{"the answer is lost in silence", kafkatest.LoseAnswer(kafkatest.Silent)},
		{"the request is lost and the connection breaks", kafkatest.DropRequest(kafkatest.Break)},
		{"the request is lost in silence", kafkatest.DropRequest(kafkatest.Silent)},
		{"the request arrives twice", kafkatest.Duplicate()},
		{"the request arrives when nobody waits for it", kafkatest.DelayRequest(3 * time.Second)},
		{"timed out, and done", kafkatest.AnswerCodeDone(7)},
		{"an unknown server error, and done", kafkatest.AnswerCodeDone(-1)},
		{"the coordinator has moved", kafkatest.AnswerCode(16)},
	}
}

type fault struct {
	name string
	do   kafkatest.Action
}

// TestNoFaultOfARequestLosesOrDoublesALine has a load live with each of them, three times.
func TestNoFaultOfARequestLosesOrDoublesALine(t *testing.T) {
	for i, f := range faults() {
		for j, key := range effects() {
			version := int16(1 + (i+j)%2)
			t.Run(fmt.Sprintf("%v: %s, version %d", key.Name(), f.name, version), func(t *testing.T) {
				inBubble(t, version, func(t *testing.T, r *rig) {
					r.write("a", numbers(0, 600))
					rule := r.c.Host("p").On(kafkatest.Rule{Key: key, Times: 3, Do: f.do})
					if err := r.begin("p", nil, "a").end(); err != nil {
						t.Fatal(err)
					}
					r.holds(600)
					if rule.Hits() == 0 {
						t.Error("the fault never struck")
					}
				})
			})
		}
	}
}

// TestAFenceThatIsNobodysIsSurvived: the brokers say so, too, when they have given a transaction up.
func TestAFenceThatIsNobodysIsSurvived(t *testing.T) {
	for _, key := range effects()[2:] {
		for _, code := range []int16{47, 90} {
			inBubble(t, 2, func(t *testing.T, r *rig) {
				r.write("a", numbers(0, 600))
				rule := r.c.Host("p").On(kafkatest.Rule{Key: key, Nth: 2, Do: kafkatest.AnswerCode(code)})
				if err := r.begin("p", nil, "a").end(); err != nil || rule.Hits() != 1 {
					t.Fatal(key.Name(), err, rule.Hits())
				}
				r.holds(600)
			})
		}
	}
}

// TestADrawnPlayOfLoadsOfOneNameBringsEachLineOnce has several processes begin, die, fall asleep and lose requests, at times
// drawn from a seed, and then one that nothing happens to.
func TestADrawnPlayOfLoadsOfOneNameBringsEachLineOnce(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			inBubble(t, int16(1+seed%2), func(t *testing.T, r *rig) {
				random := rand.New(rand.NewPCG(seed, 11))
				r.write("a.zst", numbers(0, 500))
				r.write("b.gz", numbers(500, 1000))
				var all []*process
				for i := range 5 {
					p := r.begin(fmt.Sprint("p", i), nil, "a.zst", "b.gz")
					all = append(all, p)
					for range 1 + random.IntN(3) {
						time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
						befall(random, all[random.IntN(len(all))])
					}
				}
				time.Sleep(time.Duration(random.IntN(20)) * time.Second)
				r.finish("last", "a.zst", "b.gz")
				for _, p := range all {
					p.crash()
				}
				r.holds(1000)
			})
		})
	}
}

// befall does one thing to a process.
func befall(random *rand.Rand, p *process) {
	switch random.IntN(8) {
	case 0:
		p.host.Kill()
	case 1:
		p.stop()
	case 2:
		p.host.Freeze()
		time.AfterFunc(time.Duration(random.IntN(15))*time.Second, p.host.Thaw)
	default:
		key := effects()[random.IntN(len(effects()))]
		do := []kafkatest.Action{
			kafkatest.LoseAnswer(kafkatest.Break), kafkatest.LoseAnswer(kafkatest.Silent), kafkatest.DropRequest(kafkatest.Silent), kafkatest.Duplicate(),
			kafkatest.DelayRequest(time.Duration(random.IntN(9000)) * time.Millisecond), kafkatest.DelayAnswer(time.Duration(random.IntN(3000)) * time.Millisecond),
		}[random.IntN(6)]
		p.host.On(kafkatest.Rule{Key: key, Nth: 1 + random.IntN(3), Times: 1 + random.IntN(2), Do: do})
	}
}
