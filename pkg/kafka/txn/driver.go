package txn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// Timeout is how long the coordinator lets a transaction of ours stay open before it aborts it by itself.
const Timeout = 10 * time.Second

// Bounds of the pauses between tries.
const (
	firstPause = time.Millisecond
	maxPause   = 100 * time.Millisecond
)

// Commit is all that one transaction changes: offsets of the source topics (at least one, or nobody could see whom to
// fence), and batches that are sealed but not stamped.
//
// The batches' bytes are stamped in place. After an outcome that is Dirty or not Committed a connection may still be
// reading them: whoever made them must then abandon them, not reuse them.
type Commit struct {
	Member  broker.Member
	Offsets []broker.Offset
	Batches []broker.Batch
}

// Driver runs the transactions of one transactional id, one after another. It is not safe for concurrent use.
type Driver struct {
	Watch Watch // set before Init

	client   *broker.Client
	producer broker.Producer
	sequence map[broker.TopicPartition]int32
	fresh    bool     // nothing on this epoch is in doubt
	over     bool     // the last transaction did not end well: what was held must be read again
	ahead    *Machine // of the next transaction, where it is open already

	cluster broker.TxnVersion // what the coordinator last said; 0 before it said anything
	ending  broker.TxnVersion // in which the present transaction ends
	next    broker.Producer   // the identity that its end has brought
}

// Watch is told of what a driver does beside the outcomes of its commits, by the goroutine that uses the driver. Either
// may be nil.
type Watch struct {
	Retried func(api string) // a request is about to be sent once more; api is Kafka's name for it
	Renewed func()           // a new epoch was taken
}

// NewDriver makes one; [Driver.Init] comes first.
func NewDriver(client *broker.Client, txnID string) *Driver {
	return &Driver{client: client, producer: broker.Producer{TxnID: txnID}}
}

// Producer is the identity of the next transaction, or of the present one.
func (d *Driver) Producer() broker.Producer { return d.producer }

// Version is what the coordinator last said about the version of our transactions: 0 before it said anything.
func (d *Driver) Version() broker.TxnVersion { return d.cluster }

// Init takes a new epoch, which settles whatever was open under this transactional id: afterwards a transaction of
// an earlier epoch is either committed or aborted, and stays so. It tries until ctx ends. After an error the driver is
// in doubt: our own attempt may have fenced the epoch that we still know.
func (d *Driver) Init(ctx context.Context) error {
	d.fresh, d.over, d.ahead = false, true, nil
	p, err := fence(ctx, d.client, d.producer.TxnID, func() { d.retried("InitProducerId") })
	if err != nil {
		return err
	}
	if d.Watch.Renewed != nil {
		d.Watch.Renewed()
	}
	d.producer, d.sequence = p, map[broker.TopicPartition]int32{}
	d.fresh, d.over = true, false
	d.look(ctx) // how the next one begins; in what version it ends is asked again
	return nil
}

// look asks the coordinator in which version a transaction may end now. Without an answer it is version 1, which is
// always right.
func (d *Driver) look(ctx context.Context) broker.TxnVersion {
	v, code, err := d.client.TransactionVersion(ctx, d.producer.TxnID)
	if err != nil || code != broker.OK {
		return broker.TxnV1
	}
	d.cluster = v
	return v
}

// Fence takes a new epoch of a transactional id, so that its holder can write no more, and waits until what it had
// open is settled.
func Fence(ctx context.Context, client *broker.Client, txnID string) (broker.Producer, error) {
	return fence(ctx, client, txnID, func() {})
}

func fence(ctx context.Context, client *broker.Client, txnID string, retried func()) (broker.Producer, error) {
	pause := firstPause
	for {
		p, code, err := client.InitProducerID(ctx, txnID, Timeout)
		if err == nil && code == broker.OK {
			return p, nil
		}
		if err == nil {
			err = fmt.Errorf("take a new epoch of transactional id %q: %w", txnID, code)
			if react(AddOffsets, Answer{Code: int16(code)}) == isRefused {
				return p, err
			}
		}
		if !sleep(ctx, pause) {
			return p, errors.Join(ctx.Err(), err)
		}
		retried()
		pause = min(2*pause, maxPause)
	}
}

// Open begins the next transaction before it is known what will be in it, so that Commit has a round trip less to wait for.
// It asks once; false if it should be called again after a pause, for what was asked is not answered well yet. Whatever
// comes of it, Commit takes it up.
//
// It is for who is certain to commit soon: what is open for longer than Timeout is aborted by its coordinator, and the
// next Commit is Fenced.
func (d *Driver) Open(ctx context.Context, group string) bool {
	if !d.begin(ctx) {
		return true // which Commit will tell
	}
	round := d.ahead.Next()
	d.exchange(ctx, d.ahead, &Commit{Member: broker.Member{Group: group}}, round)
	return len(d.ahead.Next()) == 0
}

// begin sees to it that the next transaction has a machine, on an epoch that nothing is in doubt on; false if it can't.
func (d *Driver) begin(ctx context.Context) bool {
	if d.over {
		return false
	}
	if d.ahead != nil {
		return true
	}
	if !d.fresh {
		// The last one ended well, but a copy of one of its requests may still be under way.
		if err := d.Init(ctx); err != nil {
			return false
		}
	}
	d.producer.Version, d.ending, d.next = d.cluster, broker.TxnV1, d.producer
	d.ahead = Ahead()
	return true
}

// Commit runs one transaction, the one that is open where [Driver.Open] has begun it. ctx bounds it: when it ends, the
// outcome is Doubt. After any outcome but Committed the driver answers Doubt, without sending anything, until Init: what
// the caller holds may be committed already.
func (d *Driver) Commit(ctx context.Context, c Commit) Outcome {
	if !d.begin(ctx) {
		return Outcome{Verdict: Doubt, Last: Answer{Silent: true}}
	}
	m := d.ahead
	d.ahead = nil
	d.stamp(c.Batches)
	places := make([]Place, len(c.Batches))
	for i, b := range c.Batches {
		places[i] = Place(b.TopicPartition)
	}
	m.Fill(places)
	out := d.run(ctx, m, &c)
	d.fresh, d.over = !out.Renew, out.Verdict != Committed
	if d.next.ID != d.producer.ID || d.next.Epoch != d.producer.Epoch {
		d.producer, d.sequence = d.next, map[broker.TopicPartition]int32{}
	}
	return out
}

// run sends what the machine asks for until it has a verdict.
func (d *Driver) run(ctx context.Context, m *Machine, c *Commit) Outcome {
	pause := firstPause
	for m.Outcome().Verdict == Open {
		retry := d.exchange(ctx, m, c, m.Next())
		switch {
		case m.Outcome().Verdict != Open:
		case ctx.Err() != nil:
			m.Expire()
		case !retry:
			pause = firstPause
		case !sleep(ctx, pause):
			m.Expire()
		default:
			pause = min(2*pause, maxPause)
		}
	}
	return m.Outcome()
}

// exchange sends a round and gives the machine its answers; it tells whether one of them was not good.
func (d *Driver) exchange(ctx context.Context, m *Machine, c *Commit, round []Request) (retry bool) {
	for _, r := range round {
		if r.Try > 0 {
			d.retried(r.Step.String())
		}
	}
	answers := d.sendAll(ctx, c, round)
	if m.Version = V1; d.ending >= broker.TxnV2 {
		m.Version = V2
	}
	for i, r := range round {
		m.Answer(r, answers[i])
		retry = retry || answers[i] != Answer{}
	}
	return retry
}

func (d *Driver) retried(api string) {
	if d.Watch.Retried != nil {
		d.Watch.Retried(api)
	}
}

// stamp writes our identity and the next sequences into the batches, once: a resend is the same bytes.
func (d *Driver) stamp(batches []broker.Batch) {
	for _, b := range batches {
		if !transactional {
			batch.Stamp(b.Bytes, -1, -1, -1, false)
			continue
		}
		seq := d.sequence[b.TopicPartition]
		batch.Stamp(b.Bytes, d.producer.ID, d.producer.Epoch, seq, true)
		d.sequence[b.TopicPartition] = batch.NextSequence(seq, batch.Count(b.Bytes))
	}
}

// sleep pauses; false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// InDoubt tells whether the last transaction may still be open on the brokers, or the last Init failed.
func (d *Driver) InDoubt() bool { return d.over }
