package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/meanstream/meanstream/test/shapes"
)

// TestLoadsKilledAtEachEffect: files are loaded into a river that flows, each of them by a process that is killed before or
// after one of its effects, by a second that goes on, and by a third that has nothing to do or brings the rest.
func TestLoadsKilledAtEachEffect(t *testing.T) {
	for i, s := range shapes.All() {
		if !s.Lines {
			continue
		}
		version := int16(1 + i%2)
		scenario(t, fmt.Sprintf("%s, transactions of version %d", s.Name, version), options{shape: i, two: i%2 == 0, txnVersion: version, idle: -1}, func(r *river) {
			p, reader, sink := r.play(), r.processor("p1"), r.sink("s1")
			var names []string
			for n, key := range loadProtocol() {
				for _, before := range []bool{true, false} {
					name := fmt.Sprint("load-", key.Name(), "-", before)
					names = append(names, name)
					p.files(fileLoad{name: name, seed: uint64(n), lines: 40, files: 2, rate: 60, topic: r.topics[n%len(r.topics)], keyed: i%2 == 0})
					p.bring(name, name+".0")
					p.at(name+".0", key, 1+n/2%2, before, func(*process) { p.kill(name + ".0") })
				}
			}
			r.flow(uint64(i), 5*time.Second)
			for _, name := range names {
				p.bring(name, name+".1")
			}
			r.flow(uint64(i+10), 10*time.Second)
			p.finishLoads()
			settle()
			r.end(reader, sink)
			p.judgeLoads()
			if killed := len(p.gone); killed != len(names) {
				t.Errorf("%d of %d loads were killed", killed, len(names))
			}
		})
	}
}
