package sim

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/test/shapes"
)

// fault is one kind of trouble.
type fault struct {
	kind   string
	weight int
	draw   func(d *drawing)
}

// faults are all kinds of trouble that a run can be drawn from.
func faults() []fault {
	return []fault{
		// processes
		{"birth", 6, (*drawing).another},
		{"stop", 4, (*drawing).stops},
		{"crash", 4, (*drawing).crashes},
		{"crash-at", 10, (*drawing).crashesAt},
		{"freeze", 4, (*drawing).freezes},
		{"freeze-at", 3, (*drawing).freezesAt},
		{"all-asleep", 1, (*drawing).allSleep},
		{"unaware", 3, (*drawing).unaware},
		{"storm", 2, (*drawing).storm},
		{"rejoin", 3, (*drawing).rejoins},
		{"owner-dies", 3, (*drawing).quietOwnerDies},
		{"rule", 3, (*drawing).ruleChanges},
		// network
		{"lost", 6, (*drawing).loses},
		{"duplicate", 2, (*drawing).duplicates},
		{"late", 5, (*drawing).lateCopy},
		{"slow-request", 3, (*drawing).slowRequests},
		{"cut", 3, (*drawing).cuts},
		{"slow-link", 2, (*drawing).slowLink},
		{"bad-cable", 2, (*drawing).badCable},
		// brokers
		{"refusal", 8, (*drawing).refusal},
		{"timed-out", 3, (*drawing).timedOut},
		{"completing", 3, (*drawing).completing},
		{"unstable", 3, (*drawing).unstable},
		{"leader", 2, (*drawing).leaderMoves},
		{"coordinator", 2, (*drawing).coordinatorsMove},
		{"feature", 2, (*drawing).featureChanges},
		{"grown", 1, (*drawing).recordsGrow},
		// what there is to read
		{"silence", 2, (*drawing).silence},
		{"backlog", 2, (*drawing).backlog},
	}
}

// effects are what the protocols of exactly once and of groups consist of.
func effects() []kmsg.Key {
	return append(requests(), kmsg.SyncGroup, kmsg.LeaveGroup, kmsg.FindCoordinator)
}

// protocol is the part of it with which harm can be done: these are drawn more often than what only reads.
func protocol() []kmsg.Key {
	return []kmsg.Key{kmsg.InitProducerID, kmsg.OffsetFetch, kmsg.OffsetCommit, kmsg.AddOffsetsToTxn, kmsg.AddPartitionsToTxn,
		kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn}
}

// key draws a kind of request.
func (d *drawing) key() kmsg.Key {
	keys := protocol()
	switch {
	case d.victim != "":
		keys = loadProtocol()
	case d.random.IntN(3) == 0:
		keys = effects()
	}
	return keys[d.random.IntN(len(keys))]
}

func (d *drawing) how() kafkatest.How {
	return []kafkatest.How{kafkatest.Break, kafkatest.Silent}[d.random.IntN(2)]
}

func (d *drawing) another() {
	kind := []string{"p", "s"}[d.random.IntN(2)]
	if len(d.alive[kind]) < 3 {
		d.birth(kind)
	}
}

func (d *drawing) stops() {
	kind, name := d.any()
	d.dies(kind, name)
	d.add(0, "stop", name+" stops", func(p *play) { p.stop(name) })
}

func (d *drawing) crashes() {
	kind, name := d.any()
	d.dies(kind, name)
	d.add(0, "crash", name+" is killed", func(p *play) { p.crash(name) })
}

// crashesAt kills somebody just before or just after one of its next requests, or their answers, of a kind.
func (d *drawing) crashesAt() {
	kind, name := d.any()
	d.dies(kind, name)
	key, nth, before := d.key(), 1+d.random.IntN(5), d.random.IntN(2) == 0
	d.add(0, "crash-at", fmt.Sprintf("%s is killed %s %s %d from now", name, side(before), key.Name(), nth), func(p *play) {
		p.at(name, key, nth, before, func(*process) { p.kill(name) })
	})
}

func side(before bool) string {
	if before {
		return "before"
	}
	return "after"
}

func (d *drawing) freezes() {
	_, name := d.any()
	asleep := d.between(0, 25*time.Second)
	d.add(0, "freeze", fmt.Sprintf("%s sleeps for %s", name, asleep), func(p *play) {
		if h := p.living(name); h != nil {
			p.freeze(h, asleep)
		}
	})
}

// freezesAt puts somebody to sleep, for longer than its session, with a request just sent or just done.
func (d *drawing) freezesAt() {
	_, name := d.any()
	key, nth, before, asleep := d.key(), 1+d.random.IntN(5), d.random.IntN(2) == 0, d.between(6500*time.Millisecond, 20*time.Second)
	d.add(0, "freeze-at", fmt.Sprintf("%s sleeps for %s %s %s %d from now", name, asleep, side(before), key.Name(), nth), func(p *play) {
		p.at(name, key, nth, before, func(h *process) { p.freeze(h, asleep) })
	})
}

// allSleep is a clock that jumps for everybody: virtual machines that were paused together.
func (d *drawing) allSleep() {
	asleep := d.between(time.Second, 40*time.Second)
	names := append(append([]string(nil), d.alive["p"]...), d.alive["s"]...)
	d.add(0, "all-asleep", fmt.Sprintf("everybody sleeps for %s", asleep), func(p *play) {
		for _, name := range names {
			if h := p.living(name); h != nil {
				p.freeze(h, asleep)
			}
		}
	})
}

// unaware has somebody's heartbeats answered in the coordinator's place, so that it goes on at full strength when others
// have its partitions.
func (d *drawing) unaware() {
	kind, name := d.any()
	d.birth(kind)
	lasting := d.between(6*time.Second, 16*time.Second)
	d.add(time.Second, "unaware", fmt.Sprintf("%s does not learn for %s that it was replaced", name, lasting), func(p *play) {
		p.armFor(name, kafkatest.Rule{Key: kmsg.Heartbeat, Times: -1, Do: kafkatest.AnswerCode(0)}, lasting)
	})
}

// storm has members come and go faster than a group can settle.
func (d *drawing) storm() {
	kind := []string{"p", "s"}[d.random.IntN(2)]
	begin, s := d.now, d.setting
	for range 2 + d.random.IntN(4) {
		name := d.name(kind)
		d.add(0, "storm", name+" comes"+with(kind, s), func(p *play) { p.birth(name, s) })
		stays := d.between(200*time.Millisecond, 3*time.Second)
		if d.random.IntN(2) == 0 {
			d.add(stays, "storm", name+" goes", func(p *play) { p.stop(name) })
		} else {
			d.add(stays, "storm", name+" is killed", func(p *play) { p.crash(name) })
		}
		d.now += d.between(100*time.Millisecond, 1500*time.Millisecond)
	}
	d.now = begin
}

// rejoins has somebody join again under the same generation while its former life is slow to get an epoch.
func (d *drawing) rejoins() {
	_, name := d.any()
	slow, beat := d.between(0, 1900*time.Millisecond), 1+d.random.IntN(3)
	d.add(0, "rejoin", fmt.Sprintf("%s loses a heartbeat while an epoch takes %s", name, slow), func(p *play) {
		p.arm(name, kafkatest.Rule{Key: kmsg.TxnOffsetCommit, Do: kafkatest.LoseAnswer(kafkatest.Break)})
		p.arm(name, kafkatest.Rule{Key: kmsg.InitProducerID, Do: kafkatest.DelayRequest(slow)})
		p.arm(name, kafkatest.Rule{Key: kmsg.Heartbeat, Nth: beat, Do: kafkatest.LoseAnswer(kafkatest.Break)})
	})
}

// quietOwnerDies leaves a partition alone for long, kills its owner, and sends a record there before the group knows.
func (d *drawing) quietOwnerDies() {
	if d.now < d.quietUntil {
		return
	}
	d.quiet, d.quietUntil = d.place(), d.now+22*time.Second
	quiet, s := d.quiet, d.setting
	dies := d.between(10*time.Second, 20*time.Second)
	d.add(dies, "owner-dies", fmt.Sprintf("the owner of %s, which is quiet, is killed", quiet.Name()), func(p *play) { p.crashOwner(quiet) })
	d.add(dies+d.between(0, 5*time.Second), "owner-dies", "a record is sent to "+quiet.Name(), func(p *play) {
		p.put(p.client, quiet, p.shape.Plain(time.Now(), 4, "waited for"))
	})
	heir := d.name("p")
	d.add(dies+d.between(0, 8*time.Second), "owner-dies", heir+" starts", func(p *play) { p.birth(heir, s) })
}

// ruleChanges restarts the processors one after another with another rule.
func (d *drawing) ruleChanges() {
	if !d.changing {
		d.fault()
		return
	}
	all := settings()
	s := all[d.random.IntN(len(all))]
	s.shape, s.keeps = d.setting.shape, d.shapes.IntN(len(shapes.All()[d.setting.shape].Keeps))
	d.setting = s
	begin, old := d.now, d.alive["p"]
	d.alive["p"] = nil
	for _, name := range old {
		d.add(0, "rule", name+" stops for another rule", func(p *play) { p.stop(name) })
		d.now += d.between(0, time.Second)
		next := d.name("p")
		d.alive["p"] = append(d.alive["p"], next)
		d.add(0, "rule", next+" starts with "+s.String(), func(p *play) { p.birth(next, s) })
		d.now += d.between(0, 4*time.Second)
	}
	d.now = begin
}
