package sim

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/pkg/partial"
)

// errBrokeSteady is the promise that memory is bounded, whatever arrives.
var errBrokeSteady = errors.New("broke steady: more was held than is allowed")

// TestRecordsGetMorePartitions while everything runs: they are read from their beginning, and no window closes before
// what they bring, although nobody who reads knows of them at first.
func TestRecordsGetMorePartitions(t *testing.T) {
	grows(t, options{}, broker.TopicPartition{Topic: recordsTopic, Partition: sources})
}

// grows adds two partitions to a topic; next is the first of them.
func grows(t *testing.T, o options, next broker.TopicPartition) {
	scenario(t, "two more", o, func(r *river) {
		p1, p2, s := r.processor("p1"), r.processor("p2"), r.sink("s1")
		r.flow(1, 15*time.Second)
		var slow []*kafkatest.Armed
		for _, h := range []*process{p1, p2} { // a second longer than it takes the sink to close a window
			slow = append(slow, h.On(kafkatest.Rule{Key: kmsg.Metadata, Times: -1, Do: kafkatest.DelayAnswer(1900 * time.Millisecond)}))
		}
		end := time.Now().Truncate(windowSize).Add(windowSize)
		r.flow(2, time.Until(end.Add(lateness-500*time.Millisecond)))
		if _, err := kadm.NewClient(r.client).CreatePartitions(context.Background(), 2, next.Topic); err != nil {
			r.t.Fatal(err)
		}
		r.client = r.cluster.Client(kgo.RecordPartitioner(kgo.ManualPartitioner())) // one that knows of them
		r.sendTo(next, measurement(end.Add(-time.Second), 2, "new"))
		next.Partition++
		r.sendTo(next, measurement(end.Add(-time.Second), 3, "new"))
		places := r.places()
		for i := range 150 {
			r.sendTo(places[i%len(places)], measurement(time.Now(), 1, "C"))
			time.Sleep(50 * time.Millisecond)
		}
		for _, rule := range slow {
			rule.Remove()
		}
		r.flow(3, 10*time.Second)
		settle()
		r.end(p1, p2, s)
	})
}

// TestAFloodOfCategoriesCostsFlushes gives a processor more than it may hold, in one backlog: it comes out in pieces.
func TestAFloodOfCategoriesCostsFlushes(t *testing.T) {
	scenario(t, "of twenty-four megabytes", options{}, func(r *river) { // whatever the first commit takes, more is left than may be held
		r.crowd(24000)
		p, s := r.processor("p1"), r.sink("s1")
		settle()
		r.end(p, s)
		const allowed = 10 << 20                       // what is held, and a fetch
		flush, bytes := map[int32]int{}, map[int]int{} // every flush sends a partial to every partition
		for _, m := range r.cluster.ReadCommitted(partialsTopic) {
			p, err := partial.Decode(m.Value)
			if err != nil {
				r.t.Fatal(err)
			}
			bytes[flush[m.Partition]] += len(m.Value)
			if p.Chunk == p.Chunks-1 {
				flush[m.Partition]++
			}
		}
		for n, size := range bytes {
			if size > allowed {
				r.t.Errorf("%v: flush %d is of %d bytes, want %d at most", errBrokeSteady, n, size, allowed)
			}
		}
	})
}
