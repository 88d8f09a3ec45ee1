package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/test/shapes"
)

// event is one thing that happens in a drawn run. What it does was drawn with it: it looks at no dice while the run is
// on, so that any of the events can be left out without changing the others.
type event struct {
	at   time.Duration // since the run began
	kind string
	text string
	do   func(p *play)
}

func (e event) String() string {
	return fmt.Sprintf("%8.3fs  %-14s %s", e.at.Seconds(), e.kind, e.text)
}

// drawn is a whole run.
type drawn struct {
	options options
	events  []event
	last    setting // of the processor that brings everything to its end
}

// drawing is what is known while a run is drawn: who will be alive by then, had nothing been left out.
type drawing struct {
	random  *rand.Rand
	now     time.Duration
	events  []event
	alive   map[string][]string // names, by kind: "p" for processors, "s" for sinks
	born    int
	setting setting
	shapes  *rand.Rand
	two     bool             // source topics
	sources map[string]int32 // partitions of each by then

	victim     string // that any draws, where something is to happen to a process that loads files
	changing   bool   // the rule may change in this run
	quiet      broker.TopicPartition
	quietUntil time.Duration
}

// draw makes the run of a seed: eight stretches of traffic, and some trouble in each.
func draw(seed uint64) drawn {
	d := &drawing{random: rand.New(rand.NewPCG(seed, 1)), alive: map[string][]string{}, setting: usual(),
		sources: map[string]int32{recordsTopic: sources, moreTopic: moreSources}}
	o := options{brokers: 1 + 2*d.random.IntN(2), txnVersion: int16(1 + d.random.IntN(2)), seed: seed, spread: time.Millisecond}
	o.two = rand.New(rand.NewPCG(seed, 2)).IntN(2) == 0 // from dice of its own: the rest is as it would be
	d.two = o.two
	d.shapes = rand.New(rand.NewPCG(seed, 3)) // likewise
	o.shape = d.shapes.IntN(len(shapes.All()))
	d.setting.shape, d.setting.keeps = o.shape, d.shapes.IntN(len(shapes.All()[o.shape].Keeps))
	d.changing = d.random.IntN(4) == 0
	d.birth("p")
	d.now = d.between(0, 100*time.Millisecond)
	d.birth("s")
	for range 8 {
		lasting := d.between(2*time.Second, 8*time.Second)
		d.traffic(lasting)
		d.trouble(lasting)
	}
	if d.random = rand.New(rand.NewPCG(seed, 4)); shapes.All()[o.shape].Lines && d.random.IntN(2) == 0 {
		o.loads = true
		d.loads()
	}
	slices.SortStableFunc(d.events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return drawn{options: o, events: d.events, last: d.setting}
}

// trouble draws one to three faults for a stretch of time, in their order.
func (d *drawing) trouble(lasting time.Duration) {
	begin := d.now
	var times []time.Duration
	for range 1 + d.random.IntN(3) {
		times = append(times, begin+d.between(0, lasting))
	}
	slices.Sort(times)
	for _, d.now = range times {
		d.fault()
	}
	d.now = begin + lasting
}

// fault draws one of all kinds.
func (d *drawing) fault() { d.oneOf(faults()) }

// oneOf draws one of some kinds, each as often as it weighs.
func (d *drawing) oneOf(all []fault) {
	sum := 0
	for _, f := range all {
		sum += f.weight
	}
	for _, f := range all {
		if sum -= f.weight; d.random.IntN(sum+f.weight) < f.weight {
			f.draw(d)
			return
		}
	}
}

// add puts an event on the list, so much later than now.
func (d *drawing) add(after time.Duration, kind, text string, do func(p *play)) {
	d.events = append(d.events, event{at: d.now + after, kind: kind, text: text, do: do})
}

// between draws a time. To the nanosecond: no two things shall happen at once.
func (d *drawing) between(least, most time.Duration) time.Duration {
	return least + time.Duration(d.random.Int64N(int64(most-least)))
}

// place draws a source partition that there is from the beginning.
func (d *drawing) place() broker.TopicPartition {
	all := places(d.two)
	return all[d.random.IntN(len(all))]
}

// name is for the next process of a kind.
func (d *drawing) name(kind string) string {
	d.born++
	return fmt.Sprint(kind, d.born)
}

func (d *drawing) birth(kind string) string {
	name, s := d.name(kind), d.setting
	d.alive[kind] = append(d.alive[kind], name)
	d.add(0, "birth", name+" starts"+with(kind, s), func(p *play) { p.birth(name, s) })
	return name
}

// with tells what a processor starts with, where it is not the usual.
func with(kind string, s setting) string {
	if kind == "p" && s != usual() {
		return " with " + s.String()
	}
	return ""
}

// any draws one of those who live. Where nobody of a kind does, somebody is born; for a victim that is too young to
// matter, but not for long.
func (d *drawing) any() (kind, name string) {
	if d.victim != "" {
		return "l", d.victim
	}
	kind = []string{"p", "s"}[d.random.IntN(2)]
	if len(d.alive[kind]) == 0 {
		return kind, d.birth(kind)
	}
	return kind, d.alive[kind][d.random.IntN(len(d.alive[kind]))]
}

// dies takes a process off the list of those who live.
func (d *drawing) dies(kind, name string) {
	d.alive[kind] = slices.DeleteFunc(d.alive[kind], func(n string) bool { return n == name })
}
