package chaos

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/shapes"
)

// TestTopicsOfOtherShapesByFlagsAlone has topics as teams have them (nested measurements of things, trades, a category in
// a header or in the key, Kafka's own time) averaged by the binaries as they are, by the last of each shape's rules.
func TestTopicsOfOtherShapesByFlagsAlone(t *testing.T) {
	c := start(t)
	for _, s := range shapes.All() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			r := c.in(t).river("shape-"+s.Name, 10*time.Second)
			r.makeTopic(r.topic("records"), 4, "CreateTime")
			r.send(r.some(s, 30_000)...)
			const below = 60
			keep := s.Keeps[len(s.Keeps)-1]
			r.rule.Fields, r.rule.Keep = s.Fields, nil
			keep.Tell(&r.rule, below)
			r.finish(r.sink("--exit-at-end"), r.processor(append(s.Flags(), "--keep", keep.Rule(below), "--exit-at-end")...))
			if want := r.judge(); want.Read() != 30_000 || want.Kept == 0 || want.Filtered == 0 || want.Rejected == 0 {
				t.Errorf("30000 messages were sent, and of each kind there should be some: %+v", want.Counts)
			} else {
				t.Logf("%+v, %d results, %v", want.Counts, len(want.Results), s.Flags())
			}
		})
	}
}

// some draws messages of the last quarter of an hour, for all partitions.
func (r *river) some(s shapes.Shape, n int) []*kgo.Record {
	random := rand.New(rand.NewPCG(13, 1))
	const lasting = 15 * time.Minute
	from := time.Now().Add(-lasting)
	all := make([]*kgo.Record, n)
	for i := range all {
		at := from.Add(lasting / time.Duration(n) * time.Duration(i))
		all[i] = s.Some(random, at)
		all[i].Topic, all[i].Partition, all[i].Timestamp = r.topic("records"), int32(i%4), at
	}
	return all
}
