package sim

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/meanstream/meanstream/test/shapes"
)

// TestEveryShape reads messages of each shape by each of its rules, with a processor and a sink that die, and another
// rule from half-way on.
func TestEveryShape(t *testing.T) {
	for i, s := range shapes.All() {
		scenario(t, s.Name, options{two: i%2 == 0, shape: i}, func(r *river) {
			p, sink := r.processor("p0"), r.sink("s0")
			for k := range s.Keeps {
				r.setting.keeps = k
				next := r.processor(fmt.Sprint("p", k+1))
				if k%2 == 0 {
					p.Crash()
				} else {
					p.Stop()
				}
				p = next
				r.flow(uint64(10*i+k), 60*time.Second/time.Duration(len(s.Keeps)))
				if k == 0 {
					sink.Crash()
					sink = r.sink("s1")
				}
			}
			settle()
			r.end(p, sink)
			r.judgeRejects()
			var reasons []string
			for _, v := range r.outcome().Verdicts {
				reasons = append(reasons, v.Reason)
			}
			for _, want := range s.Reasons {
				if !slices.Contains(reasons, want) {
					t.Errorf("nothing that was sent is %s: the traffic proves nothing about it", want)
				}
			}
		})
	}
}
