package publish

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

const (
	topic    = "records"
	patience = 10 * time.Minute // of the bubble's clock: a test that waits for longer fails instead of hanging
)

// rig is a publisher at work on a cluster that misbehaves.
type rig struct {
	*Publisher
	t     *testing.T
	c     *kafkatest.Cluster
	host  *kafkatest.Host
	added int
	stop  context.CancelFunc
	ended chan struct{} // closed when Run has returned err
	err   error
}

// inBubble runs a test on a fake clock, with a publisher to a topic of so many partitions.
func inBubble(t *testing.T, brokers int, partitions int32, test func(*testing.T, *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, kafkatest.Options{Brokers: brokers, Topics: map[string]int32{topic: partitions}, Trace: true, Seed: 1})
		r := &rig{t: t, c: c, host: c.Host("generator"), ended: make(chan struct{})}
		client := broker.New(broker.Config{Brokers: c.Addrs(), Topics: []string{topic}, Dial: r.host.Dial})
		defer client.Close()
		r.Publisher = New(client, topic, partitions, zap.NewNop())
		var ctx context.Context
		ctx, r.stop = context.WithCancel(t.Context())
		go func() {
			defer close(r.ended)
			r.err = r.Run(ctx)
		}()
		defer func() {
			r.stop()
			<-r.ended
		}()
		test(t, r)
	})
}

// add hands n records over, numbered from where the last ones ended, with a pause behind each.
func (r *rig) add(n int, pause time.Duration, key func(i int) []byte) {
	r.t.Helper()
	for range n {
		rec := Record{Value: strconv.AppendInt(nil, int64(r.added), 10)}
		if key != nil {
			rec.Key = key(r.added)
		}
		if err := r.Add(r.t.Context(), rec); err != nil {
			r.t.Fatalf("add record %d: %v", r.added, err)
		}
		r.added++
		time.Sleep(pause)
	}
}

func (r *rig) flush() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	if err := r.Flush(ctx); err != nil {
		r.t.Fatalf("flush: %v (acknowledged %d of %d)", err, r.Acked(), r.added)
	}
}

// end waits until Run has returned, and gives its error.
func (r *rig) end() error {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(patience):
		r.t.Fatal("Run does not return")
	}
	return r.err
}

// judge reads the topic: each record that was added is there once, and in order within its partition.
func (r *rig) judge() (perPartition map[int32]int) {
	r.t.Helper()
	perPartition = onceInOrder(r.t, r.c.ReadCommitted(topic), r.added)
	if got := r.Acked(); got != int64(r.added) {
		r.t.Errorf("counted %d as acknowledged, want %d", got, r.added)
	}
	if got := r.Unacked(); got != 0 {
		r.t.Errorf("counted %d as not acknowledged, want 0", got)
	}
	return perPartition
}

// onceInOrder wants the numbers 0 to n-1, each once, ascending within each partition.
func onceInOrder(t *testing.T, ms []kafkatest.Message, n int) (perPartition map[int32]int) {
	t.Helper()
	perPartition = map[int32]int{}
	seen, last := map[int]int{}, map[int32]int{}
	for _, m := range ms {
		i, err := strconv.Atoi(string(m.Value))
		if err != nil {
			t.Fatalf("somebody else's record: %q", m.Value)
		}
		seen[i]++
		if before, ok := last[m.Partition]; ok && i <= before {
			t.Errorf("partition %d: record %d comes behind %d", m.Partition, i, before)
		}
		last[m.Partition] = i
		perPartition[m.Partition]++
	}
	lost, doubled := 0, 0
	for i := range n {
		switch {
		case seen[i] == 0:
			lost++
		case seen[i] > 1:
			doubled++
		}
	}
	if lost+doubled > 0 || len(seen) > n {
		t.Errorf("of %d records %d are lost and %d doubled; %d different ones are there", n, lost, doubled, len(seen))
	}
	return perPartition
}

// modulo gives keys by turns.
func modulo(n int) func(int) []byte {
	return func(i int) []byte { return []byte("key " + strconv.Itoa(i%n)) }
}
