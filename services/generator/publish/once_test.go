package publish

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// faults are what can befall single requests without a record being lost or doubled.
var faults = []struct {
	name string
	do   kafkatest.Action
}{
	{"the answer is lost and the connection breaks", kafkatest.LoseAnswer(kafkatest.Break)},
	{"the answer is lost in silence", kafkatest.LoseAnswer(kafkatest.Silent)},
	{"the request is lost and the connection breaks", kafkatest.DropRequest(kafkatest.Break)},
	{"the request is lost in silence", kafkatest.DropRequest(kafkatest.Silent)},
	{"the request arrives twice", kafkatest.Duplicate()},
	{"the request arrives late, the next try before it is given up", kafkatest.DelayRequest(7 * time.Second)},
	{"the answer arrives when nobody waits for it", kafkatest.DelayAnswer(7 * time.Second)},
	{"timed out, and appended", kafkatest.AnswerCodeDone(7)},
	{"timed out, and not appended", kafkatest.AnswerCode(7)},
	{"an unknown server error, and appended", kafkatest.AnswerCodeDone(-1)},
	{"too few replicas after the append", kafkatest.AnswerCodeDone(20)},
	{"the leader was deposed after the append", kafkatest.AnswerCodeDone(6)},
	{"the leader's disk failed after the append", kafkatest.AnswerCodeDone(56)},
	{"not the leader", kafkatest.AnswerCode(6)},
	{"no leader", kafkatest.AnswerCode(5)},
	{"unknown partition", kafkatest.AnswerCode(3)},
	{"damaged on its way", kafkatest.AnswerCode(2)},
	{"too few replicas", kafkatest.AnswerCode(19)},
	{"the coordinator loads", kafkatest.AnswerCode(14)},
	{"concurrent transactions", kafkatest.AnswerCode(51)},
	{"fenced leader epoch", kafkatest.AnswerCode(74)},
	{"over the quota", kafkatest.AnswerCode(89)},
	{"it was there already", kafkatest.AnswerCodeDone(46)},
	{"the producer id is unknown", kafkatest.AnswerCode(59)},
	{"the sequence is out of order", kafkatest.AnswerCode(45)},
	{"the producer epoch is unknown", kafkatest.AnswerCode(47)},
}

func TestNoFaultOfARequestLosesOrDoublesARecord(t *testing.T) {
	for _, tc := range faults {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, 3, 6, func(t *testing.T, r *rig) {
				rule := r.host.On(kafkatest.Rule{Key: kmsg.Produce, Nth: 3, Times: 4, Do: tc.do})
				r.add(300, time.Millisecond, nil)
				r.add(300, time.Millisecond, modulo(20))
				r.flush()
				r.judge()
				if rule.Hits() != 4 {
					t.Errorf("the fault struck %d times, want 4", rule.Hits())
				}
			})
		})
	}
}

func TestNoFaultOfAnyRequestAtAnyRateLosesOrDoublesARecord(t *testing.T) {
	for _, rate := range []float64{0.1, 0.5} {
		for _, tc := range faults[:12] {
			t.Run(fmt.Sprintf("%s, rate %g", tc.name, rate), func(t *testing.T) {
				inBubble(t, 3, 6, func(t *testing.T, r *rig) {
					r.host.On(kafkatest.Rule{Key: kmsg.Produce, Times: -1, Rate: rate, Do: tc.do})
					r.host.On(kafkatest.Rule{Key: kmsg.Metadata, Times: -1, Rate: rate, Do: kafkatest.LoseAnswer(kafkatest.Break)})
					r.add(1000, time.Millisecond, nil)
					r.flush()
					r.judge()
				})
			})
		}
	}
}

func TestACopyThatComesLongAfterTheAcknowledgementIsRecognised(t *testing.T) {
	inBubble(t, 1, 1, func(t *testing.T, r *rig) {
		rule := r.host.On(kafkatest.Rule{Key: kmsg.Produce, Nth: 2, Do: kafkatest.HoldRequest()})
		r.add(50, time.Millisecond, nil)
		held, err := rule.Held(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r.add(1000, 10*time.Millisecond, nil)
		r.flush()
		held.Release()
		if _, err := held.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.add(50, time.Millisecond, nil)
		r.flush()
		r.judge()
	})
}

func TestLeadersThatMoveLoseAndDoubleNothing(t *testing.T) {
	inBubble(t, 3, 6, func(t *testing.T, r *rig) {
		for i := range int32(12) {
			r.add(100, time.Millisecond, nil)
			if err := r.c.Kfake().MoveTopicPartition(topic, i%6, (i+i/6+1)%3); err != nil {
				t.Fatal(err)
			}
		}
		r.flush()
		r.judge()
	})
}

func TestAMinuteWithoutBrokersLosesAndDoublesNothing(t *testing.T) {
	for _, fault := range []struct {
		name       string
		begin, end func(*kafkatest.Host)
	}{
		{"cut", (*kafkatest.Host).Cut, (*kafkatest.Host).Heal}, {"frozen", (*kafkatest.Host).Freeze, (*kafkatest.Host).Thaw},
	} {
		t.Run(fault.name, func(t *testing.T) {
			inBubble(t, 3, 6, func(t *testing.T, r *rig) {
				r.add(200, time.Millisecond, nil)
				fault.begin(r.host)
				r.add(600, 100*time.Millisecond, nil)
				synctest.Wait()
				if r.Unacked() < 500 {
					t.Errorf("%d wait for the brokers, want the minute's", r.Unacked())
				}
				healed := time.Now()
				fault.end(r.host)
				r.add(200, time.Millisecond, nil)
				r.flush()
				if took := time.Since(healed); took > 20*time.Second {
					t.Errorf("flushed %s after the brokers were back", took)
				}
				r.judge()
			})
		})
	}
}

func TestAPartitionThatRefusesHoldsUpNoOther(t *testing.T) {
	inBubble(t, 2, 2, func(t *testing.T, r *rig) {
		rule := r.host.On(kafkatest.Rule{Key: kmsg.Produce, Times: -1, Do: kafkatest.AnswerCode(19),
			Match: func(q kafkatest.Request) bool { return q.Broker == r.c.Addrs()[1] }})
		var slow int64 // records for the partition that refuses
		r.add(1000, 10*time.Millisecond, func(i int) []byte {
			key := modulo(10)(i)
			if r.choose(key).number == 1 {
				slow++
			}
			return key
		})
		time.Sleep(3 * time.Second)
		if got := r.Acked(); slow == 0 || got != 1000-slow {
			t.Errorf("acknowledged %d, want all %d of the partition that works", got, 1000-slow)
		}
		rule.Remove()
		r.flush()
		r.judge()
	})
}

func TestWhatIsTooMuchForOneRequestGoesInSeveral(t *testing.T) {
	inBubble(t, 1, 40, func(t *testing.T, r *rig) {
		r.host.Cut() // so that much gathers
		value := make([]byte, 100<<10)
		largest := 0
		r.host.Before(func(q kafkatest.Request) {
			if q.Key == kmsg.Produce {
				largest = max(largest, len(q.Body))
			}
		})
		for range 160 {
			if err := r.Add(t.Context(), Record{Value: value}); err != nil {
				t.Fatal(err)
			}
		}
		r.host.Heal()
		r.flush()
		if largest > requestBytes+requestBytes/100 || largest < requestBytes/2 {
			t.Errorf("the largest request had %d bytes, want at most about %d", largest, requestBytes)
		}
		if got := len(r.c.ReadCommitted(topic)); got != 160 {
			t.Errorf("%d records arrived, want 160", got)
		}
	})
}
