package worker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/pkg/partial"
)

const (
	rigSources = 4
	rigOutputs = 3
)

// rig is an imitation of Kafka with the processor's topics.
type rig struct {
	t       *testing.T
	cluster *kafkatest.Cluster
	client  *kgo.Client
	adm     *kadm.Client
	log     *zap.Logger
}

func newRig(t *testing.T, opts ...kfake.Opt) *rig {
	c := kafkatest.Start(t, kafkatest.Options{Topics: map[string]int32{"records": rigSources, "partials": rigOutputs, "rejects": rigSources}, Kfake: opts})
	client := c.Client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	log := zap.NewNop()
	if testing.Verbose() {
		log = zaptest.NewLogger(t)
	}
	return &rig{t: t, cluster: c, client: client, adm: kadm.NewClient(client), log: log}
}

// processor is a running one.
type processor struct {
	*kafkatest.Host
	stop context.CancelFunc
	done chan error
}

// End stops it as SIGTERM does, and tells how it ended.
func (p *processor) End() error {
	p.stop()
	return <-p.done
}

// Ended waits until it ends by itself, and tells how.
func (p *processor) Ended() error {
	select {
	case err := <-p.done:
		return err
	case <-time.After(time.Minute):
		p.stop()
		return errors.Join(errors.New("it did not end by itself within a minute"), <-p.done)
	}
}

func (r *rig) start(name string, change func(*Settings)) *processor {
	ctx, cancel := context.WithCancel(context.Background())
	p := &processor{Host: r.cluster.Host(name), stop: cancel, done: make(chan error, 1)}
	topic := func(name string, n int) broker.NewTopic {
		return broker.NewTopic{Name: name, Partitions: n, Replication: 1}
	}
	s := Settings{
		Config: Config{Log: r.log, Metrics: NewMetrics(prometheus.NewRegistry()), Group: "processor", SinkGroup: "sink", Rule: testRule(r.t)},
		Broker: broker.Config{Brokers: r.cluster.Addrs(), ClientID: name, Dial: p.Dial},
		Flush:  time.Second, Ready: func(bool, string) {},
		Records: []broker.NewTopic{topic("records", rigSources)}, Partials: topic("partials", rigOutputs), Rejects: topic("rejects", rigSources),
	}
	s.Rule.MaxFuture = 0
	if change != nil {
		change(&s)
	}
	go func() { p.done <- Serve(ctx, s) }()
	return p
}

// send appends n ordinary records to every partition.
func (r *rig) send(n int) {
	r.t.Helper()
	for p := range int32(rigSources) {
		for i := range n {
			value := fmt.Appendf(nil, `{"timestamp":%d,"value":1,"category":"c%d"}`, time.Now().Unix(), i)
			rec := &kgo.Record{Topic: "records", Partition: p, Value: value, Timestamp: time.Now()}
			if err := r.client.ProduceSync(context.Background(), rec).FirstErr(); err != nil {
				r.t.Fatalf("send to %d: %v", p, err)
			}
		}
	}
}

// partials are all committed ones of a partials partition.
func (r *rig) partials(partition int32) (all []*partial.Partial) {
	r.t.Helper()
	for _, m := range r.cluster.ReadCommitted("partials") {
		if m.Partition != partition {
			continue
		}
		p, err := partial.Decode(m.Value)
		if err != nil {
			r.t.Fatalf("read the partial at %d/%d: %v", m.Partition, m.Offset, err)
		}
		all = append(all, p)
	}
	return all
}

// kept is what the partials of a partition say was kept, and how often a source was opened. The spans must join.
func (r *rig) kept(partition int32) (kept int64, firsts map[int32]int) {
	r.t.Helper()
	firsts = map[int32]int{}
	to := map[int32]int64{}
	for _, p := range r.partials(partition) {
		for _, s := range p.Sources {
			kept += s.Kept
			if s.First {
				firsts[s.Partition]++
			} else if s.From != to[s.Partition] {
				r.t.Errorf("source %d: a span begins at %d, the one before ended at %d", s.Partition, s.From, to[s.Partition])
			}
			to[s.Partition] = s.To
		}
	}
	return kept, firsts
}

// remembered is what is committed for each partition.
func (r *rig) remembered() map[int32]checkpoint.Source {
	r.t.Helper()
	all := map[int32]checkpoint.Source{}
	for p, o := range r.cluster.CommittedOffsets("processor", "records") {
		named, err := checkpoint.Decode(o.Metadata)
		if err != nil {
			r.t.Fatalf("read the metadata of partition %d: %v", p, err)
		}
		if all[p], err = checkpoint.ParseSource(named.Body); err != nil {
			r.t.Fatalf("read the metadata of partition %d: %v", p, err)
		}
	}
	return all
}

// remake deletes a topic and makes it again.
func (r *rig) remake(topic string, partitions int32) {
	r.t.Helper()
	ctx := context.Background()
	if _, err := r.adm.DeleteTopics(ctx, topic); err != nil {
		r.t.Fatalf("delete %s: %v", topic, err)
	}
	if _, err := r.adm.CreateTopics(ctx, partitions, 1, nil, topic); err != nil {
		r.t.Fatalf("make %s again: %v", topic, err)
	}
}
