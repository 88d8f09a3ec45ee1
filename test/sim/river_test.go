// Package sim runs the real loops of generator, processor and sink on an imitation of Kafka whose network misbehaves,
// under a fake clock; the verdict is the oracle's, which shares no code with what it judges.
package sim

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/services/processor/worker"
	"github.com/meanstream/meanstream/services/sink/merger"
	"github.com/meanstream/meanstream/test/shapes"
)

// Shape of the simulated river.
const (
	recordsTopic  = "records"
	partialsTopic = "partials"
	resultsTopic  = "results"
	rejectsTopic  = "rejects"
	sources       = 4
	moreTopic     = "more" // a second source topic, where there are two; first by name
	moreSources   = 3
	outputs       = 3
	windowSize    = 10 * time.Second
	lateness      = 2 * time.Second
)

// river is a cluster, and the processes that were started on it.
type river struct {
	t       *testing.T
	cluster *kafkatest.Cluster
	log     *zap.Logger
	client  *kgo.Client
	shape   shapes.Shape
	setting setting   // of processors that start from now on
	given   []setting // that were started with
	lies    sync.Mutex
	honest  map[spot]time.Time // when a record was sent whose own time is a lie
	all     sync.WaitGroup
	options options
	topics  []string        // that those read who are started from now on
	over    context.Context // ends when the play is over
	finish  context.CancelFunc
}

// options are what a test changes about the river.
type options struct {
	brokers   int
	exitAtEnd bool
	idle      time.Duration // --idle-after; 0: five seconds; negative: never
	closeIdle time.Duration // --close-idle-after; 0: never

	txnVersion int16 // of transactions, as the brokers have it; 0: 2
	two        bool  // source topics
	shape      int   // of the messages, one of shapes
	loads      bool  // files are loaded, however long that takes: no sink leaves out who is quiet until they are in

	seed   uint64        // of what is drawn in the network
	spread time.Duration // see kafkatest.Options
	trace  bool
}

// spot is where a record stands.
type spot struct {
	broker.TopicPartition
	offset int64
}

func start(t *testing.T, o options) *river {
	t.Helper()
	topics := map[string]int32{recordsTopic: sources, partialsTopic: outputs, resultsTopic: outputs, rejectsTopic: sources}
	read := []string{recordsTopic}
	if o.two {
		topics[moreTopic] = moreSources
		read = append(read, moreTopic)
	}
	c := kafkatest.Start(t, kafkatest.Options{Brokers: max(o.brokers, 1), Topics: topics, TxnVersion: o.txnVersion, Seed: o.seed, Spread: o.spread, Trace: o.trace})
	log := zap.NewNop()
	if testing.Verbose() {
		log = zaptest.NewLogger(t)
	}
	over, finish := context.WithCancel(context.Background())
	s := usual()
	s.shape = o.shape
	return &river{t: t, cluster: c, log: log, options: o, client: c.Client(kgo.RecordPartitioner(kgo.ManualPartitioner())),
		shape: shapes.All()[o.shape], setting: s, honest: map[spot]time.Time{}, topics: read, over: over, finish: finish}
}

// process is one simulated process.
type process struct {
	*kafkatest.Host
	name string
	stop context.CancelFunc
	done chan struct{}
	err  error
}

// Stop ends a process as SIGTERM does, and waits for it.
func (p *process) Stop() {
	p.stop()
	<-p.done
}

// Crash ends a process as kill -9 does: nothing it still tries reaches anybody.
func (p *process) Crash() {
	p.Kill()
	p.stop()
}

func (r *river) launch(name string, serve func(ctx context.Context, b broker.Config, log *zap.Logger) error) *process {
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{Host: r.cluster.Host(name), name: name, stop: cancel, done: make(chan struct{})}
	r.all.Go(func() {
		defer close(p.done)
		p.err = serve(ctx, broker.Config{Brokers: r.cluster.Addrs(), ClientID: name, Dial: p.Dial}, r.log.Named(name))
	})
	return p
}

// read are the source topics, as those are told who are started now.
func (r *river) read() (all []broker.NewTopic) {
	for _, name := range r.topics {
		all = append(all, topic(name, sources))
	}
	return all
}

// places are the source partitions that there are at the start.
func (r *river) places() []broker.TopicPartition { return places(r.options.two) }

func places(two bool) []broker.TopicPartition {
	all := broker.AllPartitions(recordsTopic, sources)
	if two {
		all = append(all, broker.AllPartitions(moreTopic, moreSources)...)
	}
	return all
}

func topic(name string, n int) broker.NewTopic {
	return broker.NewTopic{Name: name, Partitions: n, Replication: 1}
}

func (r *river) processor(name string) *process {
	counts, err := r.setting.rule()
	if err != nil {
		r.t.Fatal(err)
	}
	r.given = append(r.given, r.setting)
	read := r.read()
	return r.launch(name, func(ctx context.Context, b broker.Config, log *zap.Logger) error {
		return worker.Serve(ctx, worker.Settings{
			Config: worker.Config{
				Log: log, Metrics: worker.NewMetrics(prometheus.NewRegistry()), Group: "processor", SinkGroup: "sink",
				Rule:     counts,
				MaxAhead: 1000, ExitAtEnd: r.options.exitAtEnd,
			},
			Broker: b, Flush: time.Second, Ready: func(bool, string) {},
			Records: read, Partials: topic(partialsTopic, outputs), Rejects: topic(rejectsTopic, sources),
		})
	})
}

func (r *river) sink(name string) *process {
	idle, closeIdle := max(cmp.Or(r.options.idle, 5*time.Second), 0), r.options.closeIdle // they change in a run
	read := r.read()
	return r.launch(name, func(ctx context.Context, b broker.Config, log *zap.Logger) error {
		return merger.Serve(ctx, merger.Settings{
			Config: merger.Config{
				Log: log, Metrics: merger.NewMetrics(prometheus.NewRegistry()), Group: "sink",
				IdleAfter: idle, CloseIdleAfter: closeIdle, ExitAtEnd: r.options.exitAtEnd,
			},
			Broker: b, Flush: time.Second, Ready: func(bool, string) {},
			Records: read, Partials: topic(partialsTopic, outputs),
			Results: topic(resultsTopic, outputs), Rejects: topic(rejectsTopic, sources),
		})
	})
}

// send appends a value to a partition of records.
func (r *river) send(partition int32, value string) {
	r.t.Helper()
	r.sendTo(broker.TopicPartition{Topic: recordsTopic, Partition: partition}, value)
}

// sendTo appends a value to a partition of a source topic.
func (r *river) sendTo(p broker.TopicPartition, value string) {
	r.t.Helper()
	r.put(r.client, p, &kgo.Record{Value: []byte(value)})
}

// put has a client append messages to a partition, with the time that it is where they don't say another.
func (r *river) put(client *kgo.Client, p broker.TopicPartition, all ...*kgo.Record) {
	r.t.Helper()
	now := time.Now()
	var lies []*kgo.Record
	for _, rec := range all {
		rec.Topic, rec.Partition = p.Topic, p.Partition
		switch {
		case rec.Timestamp.IsZero():
			rec.Timestamp = now
		case !rec.Timestamp.Equal(now):
			lies = append(lies, rec)
		}
	}
	if err := client.ProduceSync(context.Background(), all...).FirstErr(); err != nil {
		r.t.Fatalf("send to %s: %v", p.Name(), err)
	}
	r.lies.Lock()
	defer r.lies.Unlock()
	for _, rec := range lies {
		r.honest[spot{p, rec.Offset}] = now
	}
}

// measurement is one ordinary record.
func measurement(at time.Time, value float64, category string) string {
	return fmt.Sprintf(`{"timestamp":%d.%03d,"value":%g,"category":%q}`, at.Unix(), at.Nanosecond()/1e6, value, category)
}

// end stops whoever still runs and fails for any error.
func (r *river) end(ps ...*process) {
	r.t.Helper()
	r.finish()
	for _, p := range ps {
		p.stop()
	}
	r.all.Wait()
	for _, p := range ps {
		if p.err != nil {
			r.t.Errorf("%s: %v", p.name, p.err)
		}
	}
}

// results are the values of the results topic, by partition and in their order.
func (r *river) results() []byte {
	var all bytes.Buffer
	for _, m := range r.cluster.ReadCommitted(resultsTopic) {
		fmt.Fprintf(&all, "%s\n", m.Value)
	}
	return all.Bytes()
}
