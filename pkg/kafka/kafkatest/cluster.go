package kafkatest

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// firstPort is where the brokers listen on the virtual network: 9092, 9093, ...
const firstPort = 9092

// Options describe a cluster. The zero value is one broker without topics.
type Options struct {
	Brokers int // how many; 0 is one. Their ids begin at 0
	// TxnVersion is the level of transaction.version that the cluster has finalized: 1 or 2; 0 is 2, as on a fresh
	// cluster of today. As on a real one it says what clients are offered; the requests of version 2 work below it.
	TxnVersion int16
	Topics     map[string]int32 // topics to create, with their numbers of partitions; partition p is led by broker p % Brokers
	Seed       uint64           // decides which requests a Rule with a Rate meets, and Spread; same seed, same requests
	Spread     time.Duration    // see spread.go: every request and answer takes up to so long, each another time
	Trace      bool             // keep a log of every request; printed when the test fails
	Kfake      []kfake.Opt      // anything else of kfake's, e.g. kfake.BrokerConfigs
}

// Cluster is kfake on a network of its own.
type Cluster struct {
	t      testing.TB
	kf     *kfake.Cluster
	net    kfake.VirtualNetwork
	addrs  []string
	seed   uint64
	spread time.Duration
	rules  ruleSet
	trace  trace
	held   offsetHolds
	again  refusals

	ctx  context.Context // ends with the cluster
	stop context.CancelFunc
	wg   sync.WaitGroup // every goroutine of every link

	mu    sync.Mutex
	hosts map[string]*Host
}

// Start starts a cluster that ends with t. Inside a synctest bubble nothing of it outlives the bubble; the clients are
// the test's own to close.
func Start(t testing.TB, opts Options) *Cluster {
	t.Helper()
	n := max(opts.Brokers, 1)
	c := &Cluster{t: t, seed: opts.Seed, spread: opts.Spread, hosts: map[string]*Host{}}
	c.ctx, c.stop = context.WithCancel(context.Background())
	c.trace.begin(opts.Trace)
	kopts := []kfake.Opt{kfake.ListenFn(c.net.Listen)}
	ports := make([]int, n)
	for i := range ports {
		ports[i] = firstPort + i
	}
	kopts = append(kopts, kfake.Ports(ports...))
	kf, err := kfake.NewCluster(append(kopts, opts.Kfake...)...)
	if err != nil {
		t.Fatalf("start kfake with %d brokers: %v", n, err)
	}
	c.kf = kf
	t.Cleanup(c.close)
	c.addrs = kf.ListenAddrs()
	if err := checkLayout(kf); err != nil {
		t.Fatal(err)
	}
	c.createTopics(opts.Topics, n)
	c.stableFetches()
	c.refuseAdds()
	if opts.TxnVersion != 0 {
		c.FinalizeTxnVersion(opts.TxnVersion)
	}
	return c
}

// createTopics makes topics in their order, and takes the chance out of kfake's leaders, so that in every run the same
// topics have the same ids, and the same requests go to the same brokers. (kfake walks its seed topics as a Go map.)
func (c *Cluster) createTopics(topics map[string]int32, brokers int) {
	for _, topic := range slices.Sorted(maps.Keys(topics)) {
		if err := c.kf.CreateTopic(topic, topics[topic], nil); err != nil {
			c.t.Fatalf("create topic %q: %v", topic, err)
		}
		for p := range topics[topic] {
			if err := c.kf.MoveTopicPartition(topic, p, p%int32(brokers)); err != nil {
				c.t.Fatalf("move partition %d of topic %q to broker %d: %v", p, topic, p%int32(brokers), err)
			}
		}
	}
}

// Addrs are the brokers' addresses, "localhost:9092" and on, to be dialled through a Host.
func (c *Cluster) Addrs() []string { return slices.Clone(c.addrs) }

// Kfake is the fake itself, for what it does well alone: moving leaders, rehashing coordinators, creating topics,
// deleting records. Its own Control on OffsetFetch, AddPartitionsToTxn, AddOffsetsToTxn, EndTxn and InitProducerID runs
// after ours and misses what ours has answered.
func (c *Cluster) Kfake() *kfake.Cluster { return c.kf }

// On arms a rule for the requests of all hosts, counted together. A host's own rules are asked first.
func (c *Cluster) On(r Rule) *Armed { return c.rules.arm(c.ctx, r) }

// Host is the host of that name, made on first mention.
func (c *Cluster) Host(name string) *Host {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.hosts[name]
	if h == nil {
		h = newHost(c, name)
		c.hosts[name] = h
	}
	return h
}

// Client is a franz-go client on a network without faults, for what the test itself has to send or to know. It closes
// with the test.
func (c *Cluster) Client(opts ...kgo.Opt) *kgo.Client {
	c.t.Helper()
	cl, err := c.newClient(opts...)
	if err != nil {
		c.t.Fatalf("make a client for the test: %v", err)
	}
	c.t.Cleanup(cl.Close)
	return cl
}

func (c *Cluster) newClient(opts ...kgo.Opt) (*kgo.Client, error) {
	own := []kgo.Opt{kgo.SeedBrokers(c.addrs...), kgo.Dialer(c.net.DialContext)}
	return kgo.NewClient(append(own, opts...)...)
}

// connect opens a faultless connection to a broker.
func (c *Cluster) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := c.net.DialContext(ctx, network, addr)
	if err != nil {
		return nil, fmt.Errorf("dial broker %s on the virtual network: %w", addr, err)
	}
	return conn, nil
}

// close ends the links before the brokers, so that no link takes a closing broker for news to tell its client.
func (c *Cluster) close() {
	c.stop()
	c.mu.Lock()
	for _, h := range c.hosts {
		h.Cut()
	}
	c.mu.Unlock()
	c.wg.Wait()
	c.kf.Close()
	if c.t.Failed() {
		for _, line := range c.trace.lines() {
			c.t.Log(line)
		}
	}
}

// Trace is what happened so far, one line a request: fake time since the start, host, broker, API, outcome. It is empty
// unless Options.Trace is set.
func (c *Cluster) Trace() []string { return c.trace.lines() }

// TraceSum stands for all answers so far that could matter to anybody: two runs with the same sum had the same requests
// answered by the same brokers at the same times with the same codes. 0 unless Options.Trace is set.
func (c *Cluster) TraceSum() uint64 {
	c.trace.mu.Lock()
	defer c.trace.mu.Unlock()
	return c.trace.sum
}
