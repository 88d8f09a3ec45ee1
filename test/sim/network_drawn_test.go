package sim

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// strikes arms a rule for one of the next requests of somebody.
func (d *drawing) strikes(kind string, r kafkatest.Rule) {
	_, name := d.any()
	if r.Nth == 0 {
		r.Nth = 1 + d.random.IntN(5)
	}
	text := fmt.Sprintf("%s: %s, %s %d from now", name, r.Do, r.Key.Name(), r.Nth)
	if r.Times > 1 {
		text += fmt.Sprintf(", %d times", r.Times)
	}
	d.add(0, kind, text, func(p *play) { p.arm(name, r) })
}

func (d *drawing) loses() {
	r := kafkatest.Rule{Key: d.key(), Do: kafkatest.LoseAnswer(d.how()), Times: 1 + d.random.IntN(2)}
	if d.random.IntN(2) == 0 {
		r.Do = kafkatest.DropRequest(d.how())
	}
	d.strikes("lost", r)
}

func (d *drawing) duplicates() {
	d.strikes("duplicate", kafkatest.Rule{Key: d.key(), Do: kafkatest.Duplicate()})
}

// lateCopy keeps a request in the network until its sender may have given it up.
func (d *drawing) lateCopy() {
	keys := []kmsg.Key{kmsg.InitProducerID, kmsg.OffsetCommit, kmsg.AddOffsetsToTxn, kmsg.AddPartitionsToTxn, kmsg.TxnOffsetCommit,
		kmsg.Produce, kmsg.EndTxn, kmsg.JoinGroup, kmsg.SyncGroup}
	_, name := d.any()
	key, nth, late := keys[d.random.IntN(len(keys))], 1+d.random.IntN(4), d.between(0, 13*time.Second)
	times, kill := 1, d.random.IntN(4) == 0
	if d.random.IntN(3) == 0 {
		times = 1 + d.random.IntN(4) // what is sent again is late as well
	}
	text := fmt.Sprintf("%s: %d × %s %d from now arrives %s late", name, times, key.Name(), nth, late)
	if kill {
		text += ", its sender is dead by then"
	}
	d.add(0, "late", text, func(p *play) {
		armed := p.arm(name, kafkatest.Rule{Key: key, Nth: nth, Times: times, Do: kafkatest.HoldRequest()})
		if armed == nil {
			return
		}
		for range times {
			p.all.Go(func() {
				held, err := armed.Held(p.over)
				if err != nil {
					return
				}
				if kill {
					p.kill(name)
				}
				p.pause(late)
				held.Release()
			})
		}
	})
}

func (d *drawing) slowRequests() {
	slow := d.between(0, 3*time.Second)
	r := kafkatest.Rule{Key: d.key(), Times: 1 + d.random.IntN(3), Do: kafkatest.DelayAnswer(slow)}
	if d.random.IntN(2) == 0 {
		r.Do = kafkatest.DelayRequest(slow)
	}
	d.strikes("slow-request", r)
}

func (d *drawing) cuts() {
	_, name := d.any()
	lasting := d.between(100*time.Millisecond, 12*time.Second)
	d.add(0, "cut", fmt.Sprintf("%s is cut off for %s", name, lasting), func(p *play) {
		if h := p.living(name); h != nil {
			h.Cut()
			p.later(lasting, h.Heal)
		}
	})
}

func (d *drawing) slowLink() {
	_, name := d.any()
	there, back, lasting := d.between(0, 400*time.Millisecond), d.between(0, 400*time.Millisecond), d.between(2*time.Second, 15*time.Second)
	d.add(0, "slow-link", fmt.Sprintf("%s: requests take %s and answers %s for %s", name, there, back, lasting), func(p *play) {
		if h := p.living(name); h != nil {
			h.Delay(there, back)
			p.later(lasting, func() { h.Delay(0, 0) })
		}
	})
}

// badCable breaks connections again and again.
func (d *drawing) badCable() {
	_, name := d.any()
	r := kafkatest.Rule{Key: kafkatest.AnyKey, Times: -1, Rate: 0.01 + 0.15*d.random.Float64(), Do: kafkatest.LoseAnswer(d.how())}
	lasting := d.between(2*time.Second, 9*time.Second)
	d.add(0, "bad-cable", fmt.Sprintf("%s: %s, %.0f %% of all for %s", name, r.Do, 100*r.Rate, lasting), func(p *play) { p.armFor(name, r, lasting) })
}
