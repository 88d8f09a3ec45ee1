package sim

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/services/generator/load"
)

// play is a drawn run while it is on.
type play struct {
	*river
	partitions map[string]int32 // of each source topic by now
	loads      []*loaded

	mu      sync.Mutex // what follows is looked at in hooks as well
	current int        // the event that happens now
	born    map[string]*process
	gone    map[string]bool // stopped or killed
	healing []*healing
	struck  map[int]bool // events that have done something
	armed   []armed
}

// armed is a rule that an event has armed.
type armed struct {
	event int
	rule  *kafkatest.Armed
}

// healing is the end of some trouble.
type healing struct {
	timer *time.Timer
	once  sync.Once
	heal  func()
}

// play is a run in which nothing has happened yet.
func (r *river) play() *play {
	p := &play{river: r, partitions: map[string]int32{}, born: map[string]*process{}, gone: map[string]bool{}, struck: map[int]bool{}}
	for _, at := range r.places() {
		p.partitions[at.Topic]++
	}
	return p
}

// perform plays a drawn run and has the oracle judge. It returns which of the events have done anything.
func (r *river) perform(d drawn, kept []int) []int {
	p := r.play()
	begin := time.Now()
	for _, i := range kept {
		time.Sleep(d.events[i].at - time.Since(begin))
		p.mu.Lock()
		p.current = i
		p.mu.Unlock()
		if testing.Verbose() {
			p.t.Logf("event %d: %s", i, d.events[i])
		}
		d.events[i].do(p)
	}
	p.calm()
	if p.options.loads {
		p.finishLoads()
		p.stopSinks() // which wait for the quiet
		p.options.idle, p.options.closeIdle = usualIdle, usualCloseIdle
	}
	// Whatever happened, one of each that nothing happens to must bring everything to its end.
	p.birth("p-last", d.last)
	p.birth("s-last", d.last)
	settle()
	time.Sleep(20 * time.Second)
	var alive []*process
	p.mu.Lock()
	for name, h := range p.born {
		if !p.gone[name] && name[0] != 'l' { // loads have ended
			alive = append(alive, h)
		}
	}
	p.mu.Unlock()
	p.end(alive...)
	p.judge()
	p.judgeRejects()
	p.judgeLoads()
	return p.strikes()
}

// there are the source partitions that there are by now.
func (p *play) there() (all []broker.TopicPartition) {
	for _, topic := range p.topics {
		all = append(all, broker.AllPartitions(topic, p.partitions[topic])...)
	}
	return all
}

// calm ends all trouble.
func (p *play) calm() {
	p.mu.Lock()
	healing, armed := p.healing, p.armed
	p.mu.Unlock()
	for _, h := range healing {
		h.timer.Stop()
		h.once.Do(h.heal)
	}
	for _, a := range armed {
		a.rule.Remove()
	}
}

// strikes lists the events that have done something.
func (p *play) strikes() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.armed {
		if a.rule.Hits() > 0 {
			p.struck[a.event] = true
		}
	}
	var all []int
	for i := range p.struck {
		all = append(all, i)
	}
	return all
}

// did notes that the present event has done something.
func (p *play) did() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.struck[p.current] = true
}

// living is a process that was born and is not gone; nil if there is none of that name.
func (p *play) living(name string) *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.born[name]; h != nil && !p.gone[name] {
		p.struck[p.current] = true
		return h
	}
	return nil
}

// leave takes a process off those who live; false if it is not among them.
func (p *play) leave(name string) (*process, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.born[name]
	if h == nil || p.gone[name] {
		return nil, false
	}
	p.gone[name] = true
	return h, true
}

func (p *play) birth(name string, s setting) {
	p.did()
	var h *process
	if name[0] == 'p' {
		p.setting = s
		h = p.processor(name)
	} else {
		h = p.sink(name)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.born[name] = h
}

// stop has a process end by itself, and does not wait for it: it may have been frozen or cut off.
func (p *play) stop(name string) {
	h, ok := p.leave(name)
	if !ok {
		return
	}
	p.did()
	h.stop()
	p.all.Go(func() {
		<-h.done
		if h.err != nil && !errors.Is(h.err, load.ErrTakenOver) {
			p.t.Errorf("%s: %v", name, h.err)
		}
	})
}

// stopSinks stops all of them, and waits until they have ended.
func (p *play) stopSinks() {
	var all []string
	p.mu.Lock()
	for name := range p.born {
		if name[0] == 's' && !p.gone[name] {
			all = append(all, name)
		}
	}
	p.mu.Unlock()
	slices.Sort(all)
	for _, name := range all {
		p.stop(name)
	}
	for _, name := range all {
		<-p.born[name].done
	}
}

func (p *play) crash(name string) {
	if p.kill(name) {
		p.did()
	}
}

// kill is crash when the present event may be another than the one to blame; false if there was nobody to kill.
func (p *play) kill(name string) bool {
	h, ok := p.leave(name)
	if ok {
		h.Crash()
	}
	return ok
}

// crashOwner kills whoever reads a source partition now.
func (p *play) crashOwner(at broker.TopicPartition) {
	info := p.cluster.Kfake().GroupInfo("processor")
	if info == nil {
		return
	}
	for _, m := range info.Members {
		if slices.Contains(m.Assignment[at.Topic], at.Partition) {
			p.crash(m.ClientID)
		}
	}
}

// at does something to a process just before or just after the nth of its requests of a kind from now on.
func (p *play) at(name string, key kmsg.Key, nth int, before bool, do func(h *process)) {
	h := p.living(name)
	if h == nil {
		return
	}
	n := h.Sent(key) + nth
	p.mu.Lock()
	event := p.current
	delete(p.struck, event) // it has yet to strike
	p.mu.Unlock()
	strike := func(q kafkatest.Request) {
		if q.Key != key || q.N != n || p.over.Err() != nil {
			return
		}
		p.mu.Lock()
		p.struck[event] = true
		p.mu.Unlock()
		do(h)
	}
	if before {
		h.Before(strike)
	} else {
		h.After(func(q kafkatest.Request, _ kafkatest.Answer) { strike(q) })
	}
}

// arm arms a rule for a process; nil if it is gone.
func (p *play) arm(name string, r kafkatest.Rule) *kafkatest.Armed {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.born[name]
	if h == nil || p.gone[name] {
		return nil
	}
	rule := h.On(r)
	p.armed = append(p.armed, armed{p.current, rule})
	return rule
}

func (p *play) armFor(name string, r kafkatest.Rule, lasting time.Duration) {
	if rule := p.arm(name, r); rule != nil {
		p.later(lasting, rule.Remove)
	}
}

func (p *play) freeze(h *process, asleep time.Duration) {
	h.Freeze()
	p.later(asleep, h.Thaw)
}

// later ends some trouble after a while, or when the last act begins.
func (p *play) later(after time.Duration, heal func()) {
	h := &healing{heal: heal}
	p.mu.Lock()
	defer p.mu.Unlock()
	h.timer = time.AfterFunc(after, func() { h.once.Do(h.heal) })
	p.healing = append(p.healing, h)
}

// pause lets time pass, until the play is over.
func (p *play) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-p.over.Done():
	}
}
