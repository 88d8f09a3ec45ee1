package group

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// The smallest shift there can be: it copies. Every commit writes to "out", for each partition that moved, the span
// that was read and the values in it, so that what comes out shows what was lost, doubled or read twice.

// stage is a cluster and the members that were started on it.
type stage struct {
	t       *testing.T
	cluster *kafkatest.Cluster
	client  *kgo.Client
	sent    []int // by partition, how many
	members sync.WaitGroup
	version int16 // of transactions, that the cluster has at first
	eager   bool  // workers ask for a commit after every fetch
}

// onStage plays on a cluster of each transaction version.
func onStage(t *testing.T, partitions int32, play func(s *stage)) {
	t.Helper()
	for _, version := range []int16{1, 2} {
		t.Run(fmt.Sprint("transaction version ", version), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := kafkatest.Start(t, kafkatest.Options{TxnVersion: version, Topics: map[string]int32{"in": partitions, "out": 1}})
				s := &stage{t: t, cluster: c, sent: make([]int, 8), version: version}
				s.client = s.producer()
				play(s)
				s.members.Wait()
			})
		})
	}
}

// producer sends to the partition that a record names.
func (s *stage) producer() *kgo.Client {
	return s.cluster.Client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
}

// member is one process.
type member struct {
	*kafkatest.Host
	stage *stage
	stop  context.CancelFunc
	done  chan struct{}
	err   error

	client *broker.Client
	g      *Group
	said   *observer.ObservedLogs
}

// member prepares a process; what is to happen to it is arranged before start.
func (s *stage) member(name string) *member {
	core, said := observer.New(zap.InfoLevel)
	if testing.Verbose() {
		core = zapcore.NewTee(core, zaptest.NewLogger(s.t).Core())
	}
	log := zap.New(core).Named(name)
	m := &member{Host: s.cluster.Host(name), stage: s, done: make(chan struct{}), said: said}
	m.client = broker.New(broker.Config{Brokers: s.cluster.Addrs(), ClientID: name, Dial: m.Dial, Timeout: 2 * time.Second})
	m.g = New(Config{
		Client: m.client, Group: "g", Topics: []string{"in"}, Instance: name, Interval: 500 * time.Millisecond, Log: log,
		Begin: func(t *Tenure) Shift { return &toy{stage: s, t: t, workers: map[int32]*toyWorker{}} },
	})
	return m
}

// start lets it join.
func (m *member) start() *member {
	ctx, cancel := context.WithCancel(m.stage.t.Context())
	m.stop = cancel
	m.stage.members.Go(func() {
		defer m.client.Close()
		defer close(m.done)
		m.err = m.g.Run(ctx)
	})
	return m
}

// end stops a member as SIGTERM does, and waits for it.
func (m *member) end() {
	m.stage.t.Helper()
	m.stop()
	<-m.done
	if m.err != nil {
		m.stage.t.Errorf("a member ended: %v", m.err)
	}
}

// crash ends a member as kill -9 does.
func (m *member) crash() {
	m.Kill()
	m.stop()
}

// send appends one value to each of so many partitions.
func (s *stage) send(partitions int) {
	s.t.Helper()
	for p := range partitions {
		r := &kgo.Record{Topic: "in", Partition: int32(p), Value: fmt.Append(nil, s.sent[p])}
		if err := s.client.ProduceSync(s.t.Context(), r).FirstErr(); err != nil {
			s.t.Fatal(err)
		}
		s.sent[p]++
	}
}

// stream sends for a while.
func (s *stage) stream(partitions int, d time.Duration) {
	s.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		s.send(partitions)
	}
}

// verify compares what is committed in "out" with what was sent: each partition's spans join, and hold every value
// once and in order.
func (s *stage) verify() {
	s.t.Helper()
	next := make([]int64, len(s.sent))
	got := make([][]string, len(s.sent))
	for _, m := range s.cluster.ReadCommitted("out") {
		var p, from, to int64
		head, list, _ := strings.Cut(string(m.Value), ":")
		if _, err := fmt.Sscanf(head, "%d %d %d", &p, &from, &to); err != nil {
			s.t.Fatalf("%q: %v", m.Value, err)
		}
		if from != next[p] {
			s.t.Errorf("partition %d: a span begins at %d, the last one ended at %d", p, from, next[p])
		}
		next[p] = to
		got[p] = append(got[p], strings.Fields(list)...)
	}
	for p, n := range s.sent {
		var want []string
		for i := range n {
			want = append(want, fmt.Sprint(i))
		}
		if !slices.Equal(got[p], want) {
			at := 0
			for at < min(len(want), len(got[p])) && want[at] == got[p][at] {
				at++
			}
			s.t.Errorf("partition %d: %d values came out, want %d; value %d is the first that is wrong", p, len(got[p]), n, at)
		}
	}
	for p, o := range s.cluster.CommittedOffsets("g", "in") {
		if o.At != next[p] {
			s.t.Errorf("partition %d: %d is committed, its last span ends at %d", p, o.At, next[p])
		}
	}
}

// requests collects those of one API, parsed.
func requests[R kmsg.Request](m *member) func() []R {
	var mu sync.Mutex
	var all []R
	var zero R
	m.Before(func(r kafkatest.Request) {
		if int16(r.Key) != zero.Key() {
			return
		}
		p, err := r.Parse()
		if err != nil {
			m.stage.t.Errorf("%v: %v", r, err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, p.(R))
	})
	return func() []R {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

type toy struct {
	stage *stage
	t     *Tenure

	mu      sync.Mutex
	workers map[int32]*toyWorker
}

func (s *toy) Resume(_ context.Context, committed []Position) ([]Position, string, error) {
	var ready []Position
	for _, p := range committed {
		if p.Err != nil {
			return nil, "", p.Err
		}
		p.Offset = max(p.Offset, 0)
		ready = append(ready, p)
	}
	return ready, "", nil
}

func (s *toy) Open(p Position) Worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &toyWorker{toy: s, partition: p.Partition, from: p.Offset, to: p.Offset}
	s.workers[p.Partition] = w
	return w
}

func (s *toy) Collect(context.Context) (Flush, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var f Flush
	var b batch.Builder
	for p := range s.t.Topics[0].Partitions() {
		if w := s.workers[p]; w != nil {
			w.handOver(&f, &b)
		}
	}
	if len(f.Offsets) == 0 {
		return f, false, nil
	}
	f.Batches = []broker.Batch{{TopicPartition: broker.TopicPartition{Topic: "out"}, Bytes: b.Seal(batch.Options{})}}
	return f, true, nil
}

func (s *toy) Committed() {}

func (s *toy) Finished(context.Context) (bool, error) { return false, nil }

type toyWorker struct {
	toy       *toy
	partition int32

	mu       sync.Mutex
	from, to int64
	values   []string
}

func (w *toyWorker) handOver(f *Flush, b *batch.Builder) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.from == w.to {
		return
	}
	b.Append(&batch.Record{Value: fmt.Appendf(nil, "%d %d %d:%s", w.partition, w.from, w.to, strings.Join(w.values, " "))})
	f.Offsets = append(f.Offsets, Position{TopicPartition: broker.TopicPartition{Topic: "in", Partition: w.partition}, Offset: w.to, Named: checkpoint.Named{}})
	w.from, w.values = w.to, nil
}

func (w *toyWorker) Run(ctx context.Context) error {
	fetcher := w.toy.t.Client.NewFetcher()
	var walker batch.Walker
	var r batch.Record
	for ctx.Err() == nil {
		got, err := fetcher.Fetch(ctx, broker.FetchRequest{TopicPartition: broker.TopicPartition{Topic: "in", Partition: w.partition},
			Offset: w.to, MaxBytes: 1 << 20, MaxWait: 100 * time.Millisecond})
		if err != nil || got.Code != broker.OK {
			sleep(ctx, 50*time.Millisecond)
			continue
		}
		w.mu.Lock()
		walker.Reset(got.Records, w.to, got.Aborted, true)
		for walker.Next() {
			for walker.Record(&r) {
				w.values = append(w.values, string(r.Value))
			}
		}
		if w.to = walker.Position(); w.from != w.to {
			w.toy.t.Moved()
		}
		if w.mu.Unlock(); w.toy.stage.eager {
			w.toy.t.Due()
		}
	}
	return nil
}
