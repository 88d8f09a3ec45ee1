package sim

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// crowd appends records of so many long categories to partition 0, all of one window, and then one that lets it close:
// a backlog that a processor takes in one flush.
func (r *river) crowd(categories int) {
	r.t.Helper()
	at := time.Now().Truncate(windowSize).Add(-2 * windowSize)
	var all []*kgo.Record
	add := func(at time.Time, category string) {
		all = append(all, &kgo.Record{Topic: recordsTopic, Value: []byte(measurement(at, float64(len(all)), category)), Timestamp: time.Now()})
	}
	for i := range categories {
		add(at, fmt.Sprintf("%s%d", strings.Repeat("x", 1000), i))
	}
	add(at.Add(windowSize+lateness), "closes it")
	// Plain, so that a fetch is of as many bytes as it says.
	client := r.cluster.Client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err := client.ProduceSync(context.Background(), all...).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}

// TestACrowdOfCategories makes partials of several chunks, which come in several fetches, and a closing of several
// transactions, in the midst of which the sink is killed.
func TestACrowdOfCategories(t *testing.T) {
	for _, n := range []int{0, 2, 4} {
		scenario(t, fmt.Sprint("killed at commit ", n), options{}, func(r *river) {
			r.crowd(6000)
			p := r.processor("p1")
			time.Sleep(5 * time.Second)
			first := r.sink("s1")
			killAt(first, kmsg.EndTxn, n, false)
			r.flow(1, 5*time.Second)
			second := r.sink("s2")
			settle()
			if n > 0 {
				first.Crash()
			} else {
				first.Stop()
			}
			r.end(p, second)
			chunks := 0
			for _, m := range r.cluster.ReadCommitted(partialsTopic) {
				if len(m.Value) > 500<<10 {
					chunks++
				}
			}
			if chunks < outputs {
				r.t.Errorf("%d partials are too large for one message, want %d: this test shows nothing", chunks, outputs)
			}
		})
	}
}

// TestASinkDiesAmidItsReplay kills a second sink, which is slow to read one partition again, at its first commit of the
// others: nothing may be committed then of what it has not read again.
func TestASinkDiesAmidItsReplay(t *testing.T) {
	scenario(t, "slow in one partition", options{}, func(r *river) {
		r.crowd(6000)
		p := r.processor("p1")
		time.Sleep(5 * time.Second)
		first := r.sink("s1")
		killAt(first, kmsg.EndTxn, 2, false)
		r.flow(1, 5*time.Second)
		second := r.sink("s2")
		second.On(kafkatest.Rule{Key: kmsg.Fetch, Match: fetches(partialsTopic, 0), Times: -1, Do: kafkatest.DelayAnswer(time.Second)})
		killAt(second, kmsg.EndTxn, 1, false)
		r.flow(2, 15*time.Second)
		third := r.sink("s3")
		settle()
		first.Crash()
		second.Crash()
		r.end(p, third)
	})
}

// fetches matches requests for one partition.
func fetches(topic string, partition int32) func(kafkatest.Request) bool {
	return func(q kafkatest.Request) bool {
		req, err := q.Parse()
		fetch, ok := req.(*kmsg.FetchRequest)
		return err == nil && ok && fetch.Topics[0].Topic == topic && fetch.Topics[0].Partitions[0].Partition == partition
	}
}

// TestPartialsGetMorePartitions: the placement was pinned at the group's first start. Whoever starts later, with
// partition 0 or without, spreads categories over as many partitions as everybody else.
func TestPartialsGetMorePartitions(t *testing.T) {
	scenario(t, "while everything runs", options{}, func(r *river) {
		p1, s := r.processor("p1"), r.sink("s1")
		r.flow(1, 12*time.Second)
		if _, err := kadm.NewClient(r.client).CreatePartitions(context.Background(), 2, partialsTopic); err != nil {
			r.t.Fatal(err)
		}
		p2 := r.processor("p2") // the other half of the partitions
		r.flow(2, 15*time.Second)
		p1.Stop()
		p3 := r.processor("p3")
		r.flow(3, 15*time.Second)
		settle()
		r.end(p2, p3, s)
		for _, m := range r.cluster.ReadAll(partialsTopic) {
			if m.Partition >= outputs {
				r.t.Fatalf("something was written to partials/%d, which was added later", m.Partition)
			}
		}
	})
}
