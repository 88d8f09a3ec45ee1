package sim

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// TestASecondBackfillWaitsForAllSources: the end marks of the first run mean nothing for the second, in which a good part
// of one partition is committed before anything of the others is read.
func TestASecondBackfillWaitsForAllSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, options{exitAtEnd: true})
		r.load(1, 500, time.Now().Add(-time.Hour))
		p, s := r.processor("p1"), r.sink("s1")
		wait(p, s)
		r.end(p, s)

		for p := range int32(sources) {
			r.send(p, measurement(time.Now().Add(-10*windowSize), float64(p), "waited for"))
		}
		r.crowd(9000) // in partition 0, of a later window: several flushes
		p, s = r.processor("p2"), r.sink("s2")
		for other := int32(1); other < sources; other++ {
			p.On(kafkatest.Rule{Key: kmsg.Fetch, Match: fetches(recordsTopic, other), Times: -1, Do: kafkatest.DelayAnswer(1900 * time.Millisecond)})
		}
		wait(p, s)
		r.end(p, s)
		r.judge()
	})
}
