package txn

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

const (
	exchangeTime = 300 * time.Millisecond // after which an exchange counts as silent
	commitTime   = 8 * time.Second
	source       = "in"
	target       = "out"
	consumers    = "g"
)

// txnKeys are the requests that a transaction consists of, the new epoch before it included.
var txnKeys = []kmsg.Key{kmsg.InitProducerID, kmsg.AddOffsetsToTxn, kmsg.AddPartitionsToTxn, kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn}

// rig is a cluster, a process on it and the process' driver.
type rig struct {
	t      *testing.T
	c      *kafkatest.Cluster
	host   *kafkatest.Host
	client *broker.Client
	d      *Driver

	version broker.TxnVersion // that the cluster offers
	ahead   bool              // every transaction is begun ahead of its commit
}

func newRig(t *testing.T, brokers int, version broker.TxnVersion, more ...kfake.Opt) *rig {
	t.Helper()
	c := kafkatest.Start(t, kafkatest.Options{
		Brokers: brokers, TxnVersion: int16(version), Topics: map[string]int32{source: 2, target: 3}, Trace: true, Kfake: more,
	})
	r := &rig{t: t, c: c, version: version}
	r.host, r.client = r.process("p")
	r.d = NewDriver(r.client, consumers+"/p")
	return r
}

// process is another process' network and client.
func (r *rig) process(name string) (*kafkatest.Host, *broker.Client) {
	h := r.c.Host(name)
	client := broker.New(broker.Config{Brokers: r.c.Addrs(), Dial: h.Dial, Timeout: exchangeTime, Topics: []string{target}})
	r.t.Cleanup(client.Close)
	return h, client
}

func (r *rig) init() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), commitTime)
	defer cancel()
	if err := r.d.Init(ctx); err != nil {
		r.t.Fatal(err)
	}
}

// transaction is the n-th one, from 1: two records for each partition, and both offsets at 10n. Partition 0 gets a
// second batch.
func transaction(n int) Commit {
	c := Commit{Member: broker.Member{Group: consumers, Generation: -1}}
	for p := range int32(2) {
		c.Offsets = append(c.Offsets, broker.Offset{TopicPartition: broker.TopicPartition{Topic: source, Partition: p}, At: int64(10 * n), Metadata: fmt.Sprint("after ", n)})
	}
	for _, p := range []int32{0, 1, 2, 0} {
		var b batch.Builder
		for i := range 2 {
			b.Append(&batch.Record{Time: 1764000000000, Value: fmt.Appendf(nil, "%02d.%d.%d", n, len(c.Batches), i)})
		}
		c.Batches = append(c.Batches, broker.Batch{
			TopicPartition: broker.TopicPartition{Topic: target, Partition: p}, Bytes: b.Seal(batch.Options{Transactional: true})})
	}
	return c
}

// records are the values of transaction(n), sorted.
func records(n int) []string {
	var all []string
	for b := range 4 {
		for i := range 2 {
			all = append(all, fmt.Sprintf("%02d.%d.%d", n, b, i))
		}
	}
	return all
}

func (r *rig) commit(n int) Outcome {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), commitTime)
	defer cancel()
	if r.ahead {
		r.d.Open(ctx, consumers)
	}
	return r.d.Commit(ctx, transaction(n))
}

func (r *rig) mustCommit(n int) Outcome {
	r.t.Helper()
	o := r.commit(n)
	if o.Verdict != Committed {
		r.t.Fatalf("transaction %d: %v", n, o.Err(transaction(n)))
	}
	return o
}

// visible is what read_committed shows, sorted; the order within a partition is checked on the way.
func (r *rig) visible() []string {
	r.t.Helper()
	var all []string
	last := map[int32]string{}
	for _, m := range r.c.ReadCommitted(target) {
		v := string(m.Value)
		if v < last[m.Partition] {
			r.t.Errorf("partition %d: %s comes behind %s", m.Partition, v, last[m.Partition])
		}
		last[m.Partition] = v
		all = append(all, v)
	}
	slices.Sort(all)
	return all
}

// holds checks that exactly these transactions are visible, each record once, and the last one's offsets committed.
func (r *rig) holds(ns ...int) {
	r.t.Helper()
	var want []string
	last := 0
	for _, n := range ns {
		want = append(want, records(n)...)
		last = n
	}
	slices.Sort(want)
	if got := r.visible(); !slices.Equal(got, want) {
		r.t.Errorf("read_committed shows\n%s\nwant\n%s", strings.Join(got, " "), strings.Join(want, " "))
	}
	r.offsetsAre(last)
}

func (r *rig) offsetsAre(n int) {
	r.t.Helper()
	want := map[int32]kafkatest.Offset{}
	if n > 0 {
		for p := range int32(2) {
			want[p] = kafkatest.Offset{At: int64(10 * n), Metadata: fmt.Sprint("after ", n)}
		}
	}
	if got := r.c.CommittedOffsets(consumers, source); !maps.Equal(got, want) {
		r.t.Errorf("committed offsets are %v, want %v", got, want)
	}
}

// oncePerRecord checks that not even an aborted copy of a record is in the log.
func (r *rig) oncePerRecord() {
	r.t.Helper()
	seen := map[string]int{}
	for _, m := range r.c.ReadAll(target) {
		if seen[string(m.Value)]++; seen[string(m.Value)] > 1 {
			r.t.Errorf("record %s is in the log %d times", m.Value, seen[string(m.Value)])
		}
	}
}

// before runs f as soon as a request of this API leaves the host, before a broker can see it. Others of that API that
// leave at the same time wait for it.
func (r *rig) before(key kmsg.Key, f func()) {
	var once sync.Once
	r.host.Before(func(q kafkatest.Request) {
		if q.Key == key {
			once.Do(f)
		}
	})
}
