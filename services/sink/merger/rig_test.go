package merger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/window"
)

// rig is an imitation of Kafka with the sink's topics, one partition each, and the test as its only processor.
type rig struct {
	t       *testing.T
	cluster *kafkatest.Cluster
	client  *kgo.Client
	adm     *kadm.Client
	log     *zap.Logger
	topicID [16]byte
	to      int64 // span end of the one source
	started int
}

func newRig(t *testing.T, opts ...kfake.Opt) *rig {
	c := kafkatest.Start(t, kafkatest.Options{Topics: map[string]int32{"records": 1, "partials": 1, "results": 1, "rejects": 1}, Kfake: opts})
	client := c.Client()
	r := &rig{t: t, cluster: c, client: client, adm: kadm.NewClient(client), log: zap.NewNop()}
	if testing.Verbose() {
		r.log = zaptest.NewLogger(t)
	}
	topics, err := r.adm.ListTopics(context.Background(), "records")
	if err != nil {
		t.Fatal(err)
	}
	r.topicID = topics["records"].ID
	return r
}

// sink is a running one.
type sink struct {
	*kafkatest.Host
	stop context.CancelFunc
	done chan error
}

// End stops it as SIGTERM does, and tells how it ended.
func (s *sink) End() error {
	s.stop()
	return <-s.done
}

// Ended waits until it ends by itself, and tells how.
func (s *sink) Ended() error {
	select {
	case err := <-s.done:
		return err
	case <-time.After(time.Minute):
		s.stop()
		return errors.Join(errors.New("it did not end by itself within a minute"), <-s.done)
	}
}

func (r *rig) start(change func(*Settings)) *sink {
	r.started++
	name := fmt.Sprint("sink", r.started)
	ctx, cancel := context.WithCancel(context.Background())
	p := &sink{Host: r.cluster.Host(name), stop: cancel, done: make(chan error, 1)}
	topic := func(name string) broker.NewTopic { return broker.NewTopic{Name: name, Partitions: 1, Replication: 1} }
	s := Settings{
		Config: Config{Log: r.log, Metrics: NewMetrics(prometheus.NewRegistry()), Group: "sink"},
		Broker: broker.Config{Brokers: r.cluster.Addrs(), ClientID: name, Dial: p.Dial},
		Flush:  time.Second, Ready: func(bool, string) {},
		Records: []broker.NewTopic{topic("records")}, Partials: topic("partials"), Results: topic("results"), Rejects: topic("rejects"),
	}
	if change != nil {
		change(&s)
	}
	go func() { p.done <- Serve(ctx, s) }()
	return p
}

// report appends a partial of the next ten records, all in the window that ends at end, each of its own category with
// the prefix; the watermark is mark. Both are in seconds.
func (r *rig) report(mark, end int64, prefix string, categories int) {
	r.t.Helper()
	p := &partial.Partial{
		Group: "processor", Writer: "w", SourcePartitions: 1, Placement: 1, Rule: 1,
		Sources: []partial.Source{{TopicID: r.topicID, First: r.to == 0, From: r.to, To: r.to + 10, Watermark: mark * 1e9, Kept: 10}},
	}
	r.to += 10
	for i := range categories {
		b := window.Bounds{Start: (end - 10) * 1e9, End: end * 1e9}
		p.Entries = append(p.Entries, entry(b, fmt.Sprintf("%s%03d", prefix, i), 1))
	}
	messages, err := p.Encode(500 << 10)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, m := range messages {
		if err := r.client.ProduceSync(context.Background(), &kgo.Record{Topic: "partials", Value: m}).FirstErr(); err != nil {
			r.t.Fatal(err)
		}
	}
}

// results are the category and window end of each result, in their order.
func (r *rig) results() (all []string) {
	r.t.Helper()
	for _, m := range r.cluster.ReadCommitted("results") {
		_, after, _ := strings.Cut(string(m.Value), `"window_end":"`)
		all = append(all, string(m.Key)+" "+after[:len("1970-01-01T00:00:00Z")])
	}
	return all
}
