package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// fileLoad is files that are loaded beside the rest of the traffic.
type fileLoad struct {
	name  string
	seed  uint64 // of what is in the lines
	lines int
	files int
	rate  int // lines a second
	topic string
	keyed bool // a line's category is its key
}

func (l fileLoad) String() string {
	return fmt.Sprintf("%s: %d lines of %d files to %s, %d a second, with keys: %t", l.name, l.lines, l.files, l.topic, l.rate, l.keyed)
}

// loads draws one load or two, at any time of the run, and the trouble of the processes that bring them in.
func (d *drawing) loads() {
	until := d.now
	for i := range 1 + d.random.IntN(2) {
		d.now = d.between(0, until*3/4)
		d.load(fmt.Sprint("load-", i))
	}
	d.now = until
}

// load draws one: something happens to each of its processes, and after a while comes the next, whatever the last one is
// at. The one that brings it to its end comes when all is calm.
func (d *drawing) load(name string) {
	l := fileLoad{name: name, seed: d.random.Uint64(), lines: 60 + d.random.IntN(140), files: 1 + d.random.IntN(3), rate: 30 + d.random.IntN(60),
		topic: d.place().Topic, keyed: d.random.IntN(2) == 0}
	d.add(0, "load", "files are there: "+l.String(), func(p *play) { p.files(l) })
	for n := range 2 + d.random.IntN(3) {
		d.victim = fmt.Sprint(name, ".", n)
		begins := d.victim
		d.add(0, "load", begins+" starts", func(p *play) { p.bring(name, begins) })
		for range 1 + d.random.IntN(2) {
			d.now += d.between(0, 900*time.Millisecond)
			d.oneOf(loadFaults())
		}
		d.now += d.between(0, 5*time.Second)
	}
	d.victim = ""
}

// loadFaults are those that can befall who loads files. A death at an effect is what they are there to survive.
func loadFaults() []fault {
	return []fault{
		{"crash-at", 12, (*drawing).crashesAt},
		{"crash", 1, (*drawing).crashes},
		{"stop", 1, (*drawing).stops},
		{"freeze", 2, (*drawing).freezes},
		{"freeze-at", 3, (*drawing).freezesAt},
		{"lost", 5, (*drawing).loses},
		{"duplicate", 2, (*drawing).duplicates},
		{"late", 4, (*drawing).lateCopy},
		{"slow-request", 2, (*drawing).slowRequests},
		{"cut", 2, (*drawing).cuts},
		{"slow-link", 1, (*drawing).slowLink},
		{"bad-cable", 2, (*drawing).badCable},
		{"refusal", 3, (*drawing).refusal},
		{"timed-out", 3, (*drawing).timedOut},
	}
}

// loadProtocol is what a load asks of brokers.
func loadProtocol() []kmsg.Key {
	return slices.DeleteFunc(protocol(), func(k kmsg.Key) bool { return k == kmsg.OffsetCommit })
}

// final are refusals of which a load must take it that a person is needed.
func final(code int16) bool { return slices.Contains([]int16{3, 22, 25, 27}, code) }
