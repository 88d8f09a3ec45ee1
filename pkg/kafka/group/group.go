package group

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/txn"
)

// Times that together keep a promise: progress is back within the session timeout and two seconds of a kill -9.
const (
	sessionTimeout  = 6 * time.Second
	heartbeat       = 500 * time.Millisecond
	memberTimeout   = 2 * time.Second // kafka-go's default of five seconds would eat the session
	joinBackoff     = 250 * time.Millisecond
	commitTimeout   = 8 * time.Second // below the transaction timeout of ten seconds
	flushOnRevoke   = 4 * time.Second // below the session timeout: no heartbeat is sent meanwhile
	watchPartitions = 2 * time.Second
	slowEpoch       = 10 * time.Second // a new epoch takes milliseconds, and a dead owner's transaction ends within these
)

// Position is where reading one partition goes on.
type Position struct {
	broker.TopicPartition
	Offset int64            // the next offset to fetch; -1: nothing was ever committed
	Named  checkpoint.Named // who committed it, and what its service remembers
	Err    error            // the metadata could not be read
}

// Flush is what a shift wants to have committed.
type Flush struct {
	Offsets []Position // Named.Writer is filled in by the committer
	Batches []broker.Batch
}

// Worker reads one partition.
type Worker interface {
	// Run works until ctx ends, and then returns nil. An error stops the whole process: it must say what to do.
	Run(ctx context.Context) error
}

// Shift is the work of one tenure, from the take-over of its partitions to its last commit. Collect, Committed and
// Finished are called by one goroutine, the committer; Resume and Open by another.
type Shift interface {
	// Resume decides where to go on from what is committed. Partitions that it can't decide about yet are left out
	// of the answer, with the reason why; they are asked for again.
	Resume(ctx context.Context, committed []Position) (ready []Position, waiting string, err error)
	// Open makes the worker of a partition, after its position has been committed under our name.
	Open(p Position) Worker
	// Collect takes over what the workers hold; false if no position has moved.
	Collect(ctx context.Context) (Flush, bool, error)
	// Committed tells that what was last collected is committed.
	Committed()
	// Finished tells whether there is nothing left to do for any member, ever (exit at end). Called between commits.
	Finished(ctx context.Context) (bool, error)
}

// Config is what a group needs.
type Config struct {
	Client   *broker.Client
	Group    string
	Topics   []string                                 // at least one, each once; in any order
	Instance string                                   // identifies this start of this process, no other has it
	Interval time.Duration                            // the longest a moved position stays uncommitted
	Begin    func(t *Tenure) Shift                    // called at the start of every tenure
	Log      *zap.Logger                              // one line for each thing that changes
	Assigned func(partitions []broker.TopicPartition) // told after each take-over and with nil when partitions are given up; may be nil
	Metrics  *Metrics                                 // nil: nobody asks for them
	Observe  func(Event)                              // told of commits and what became of them; may be nil
}

// Event is what an observer is told of.
type Event struct {
	Commit   txn.Verdict   // of a commit
	Took     time.Duration // how long it took
	Records  int           // batches in it
	Partials int           // positions in it
}

// Group is one member. Use [New].
type Group struct {
	conf   Config
	writer string

	// lock is held by a tenure until its committer has ended. kafka-go runs a function that is started on an ended
	// generation without waiting for it, and a rejoin without a rebalance has the same generation and member id: two
	// tenures side by side would turn the offset back.
	lock sync.Mutex

	version broker.TxnVersion // of transactions, as it was last said; a tenure's

	counted map[string]int32 // partitions by topic that were known before joining; the assignment covers at least these
}

// New makes a member; Run joins.
func New(conf Config) *Group {
	if conf.Assigned == nil {
		conf.Assigned = func([]broker.TopicPartition) {}
	}
	if conf.Observe == nil {
		conf.Observe = func(Event) {}
	}
	if conf.Metrics == nil {
		conf.Metrics = NewMetrics(prometheus.NewRegistry(), "")
	}
	conf.Topics = slices.Sorted(slices.Values(conf.Topics))
	return &Group{conf: conf, writer: conf.Group + "/" + conf.Instance, counted: map[string]int32{}}
}

// Run works until ctx ends or the shift has finished, then returns nil. An error is one that a person must act on.
func (g *Group) Run(ctx context.Context) error {
	pause := firstTrouble
	for ctx.Err() == nil {
		g.count(ctx)
		began := time.Now()
		end := g.join(ctx)
		switch end.kind {
		case endFatal:
			return end.err
		case endFinished:
			return nil
		case endLeave: // everybody rebalances each time: not in a hot loop
			if ctx.Err() != nil {
				return nil
			}
			g.conf.Metrics.inDoubt.Inc()
			g.conf.Log.Warn("a take-over is in doubt, leaving the group and joining as a new member", zap.Error(end.err))
			if time.Since(began) > 10*time.Second {
				pause = firstTrouble
			}
			sleep(ctx, pause)
			pause = min(2*pause, 2*time.Second)
		}
	}
	return nil
}

// join is one life as a member: until ctx ends, or until the member must leave to be rid of a late request.
func (g *Group) join(ctx context.Context) ending {
	conns := &connections{dial: g.conf.Client.Config().Dial}
	cg, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: g.conf.Group, Brokers: g.conf.Client.Config().Brokers, Topics: g.conf.Topics,
		GroupBalancers: balancers(g.conf.Topics),
		Dialer: &kafka.Dialer{
			ClientID: g.conf.Client.Config().ClientID, Timeout: memberTimeout, DialFunc: conns.Dial,
		},
		HeartbeatInterval: heartbeat, SessionTimeout: sessionTimeout, RebalanceTimeout: sessionTimeout,
		JoinGroupBackoff: joinBackoff, Timeout: memberTimeout, StartOffset: kafka.FirstOffset,
	})
	if err != nil {
		return ending{kind: endFatal, err: fmt.Errorf("join group %q: %w", g.conf.Group, err)}
	}
	// Two may want to leave at once; the second waits for the first. (Not by sync.Once: who waits for its mutex is not
	// at rest for a fake clock.)
	var leaving atomic.Bool
	left := make(chan struct{})
	leave := func() {
		if !leaving.CompareAndSwap(false, true) {
			<-left
			return
		}
		defer close(left)
		// A join that waits for the others would outlast our grace.
		cut := time.AfterFunc(flushOnRevoke+memberTimeout, conns.Close)
		_ = cg.Close()
		cut.Stop()
		conns.Close()
	}
	defer leave()
	stop := context.AfterFunc(ctx, leave)
	defer stop()
	return g.generations(ctx, cg)
}

// generations works through one generation after another.
func (g *Group) generations(ctx context.Context, cg *kafka.ConsumerGroup) ending {
	voice, failing := NewVoice(g.conf.Log, fmt.Sprintf("joining group %q", g.conf.Group)), false
	for {
		gen, err := cg.Next(ctx)
		if ctx.Err() != nil || errors.Is(err, kafka.ErrGroupClosed) {
			return ending{kind: endGeneration}
		}
		if err != nil {
			if fatal := g.refused(err); fatal != nil {
				return ending{kind: endFatal, err: fatal}
			}
			g.conf.Metrics.failures.Inc()
			voice.fails(err, !failing)
			failing = true
			continue
		}
		if failing {
			voice.works()
		}
		failing = false
		done := make(chan ending, 1)
		gen.Start(func(gctx context.Context) { done <- g.tenure(gctx, ctx, gen) })
		end := <-done
		if end.kind != endGeneration {
			return end
		}
	}
}

// refused turns an error of joining that no retry mends into one that says what to do.
func (g *Group) refused(err error) error {
	var code kafka.Error
	if !errors.As(err, &code) {
		return nil
	}
	switch code {
	case kafka.GroupAuthorizationFailed:
		return fmt.Errorf("join group %q: not allowed: grant Read on the group to this user: %w", g.conf.Group, err)
	case kafka.TopicAuthorizationFailed:
		return fmt.Errorf("join group %q: not allowed to see topic %s: grant Describe and Read on it: %w", g.conf.Group, quoted(g.conf.Topics), err)
	case kafka.InconsistentGroupProtocol, kafka.InvalidGroupId:
		return fmt.Errorf("join group %q: it is in use by another kind of consumer: choose another --group: %w", g.conf.Group, err)
	case kafka.InvalidSessionTimeout:
		return fmt.Errorf("join group %q: the broker does not allow a session timeout of %s: set group.min.session.timeout.ms to at most that: %w", g.conf.Group, sessionTimeout, err)
	}
	return nil
}

// connections are those of kafka-go's group code, kept so that they can be cut when its waiting must end.
type connections struct {
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	mu     sync.Mutex
	closed bool
	open   map[net.Conn]struct{}
}

// Dial implements kafka.Dialer's DialFunc.
func (c *connections) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	dial := c.dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: memberTimeout}).DialContext
	}
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	if c.open == nil {
		c.open = map[net.Conn]struct{}{}
	}
	t := &tracked{Conn: conn, from: c}
	c.open[t] = struct{}{}
	return t, nil
}

// Close cuts what is open and refuses what comes.
func (c *connections) Close() {
	c.mu.Lock()
	open := c.open
	c.open, c.closed = nil, true
	c.mu.Unlock()
	for conn := range open {
		_ = conn.Close()
	}
}

type tracked struct {
	net.Conn
	from *connections
}

func (t *tracked) Close() error {
	t.from.mu.Lock()
	delete(t.from.open, t)
	t.from.mu.Unlock()
	return t.Conn.Close()
}
