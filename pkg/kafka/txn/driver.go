package txn

import (
	"context"
	"errors"
	"fmt"
	"sync"
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

// Commit is all that one transaction changes: the offsets of one source topic (at least one, or nobody could see whom
// to fence), and batches that are sealed but not stamped.
//
// The batches' bytes are stamped in place. After an outcome that is Dirty or not Committed a connection may still be
// reading them: whoever made them must then abandon them, not reuse them.
type Commit struct {
	Member  broker.Member
	Topic   string
	Offsets []broker.Offset
	Batches []broker.Batch
}

// Driver runs the transactions of one transactional id, one after another. It is not safe for concurrent use.
type Driver struct {
	client   *broker.Client
	producer broker.Producer
	sequence map[broker.TopicPartition]int32
	fresh    bool // nothing on this epoch is in doubt
	over     bool // the last transaction did not end well: what was held must be read again
}

// NewDriver makes one; [Driver.Init] comes first.
func NewDriver(client *broker.Client, txnID string) *Driver {
	return &Driver{client: client, producer: broker.Producer{TxnID: txnID}}
}

// Producer is the present identity.
func (d *Driver) Producer() broker.Producer { return d.producer }

// Init takes a new epoch, which settles whatever was open under this transactional id: afterwards a transaction of
// an earlier epoch is either committed or aborted, and stays so. It tries until ctx ends. After an error the driver is
// in doubt: our own attempt may have fenced the epoch that we still know.
func (d *Driver) Init(ctx context.Context) error {
	d.fresh, d.over = false, true
	p, err := Fence(ctx, d.client, d.producer.TxnID)
	if err != nil {
		return err
	}
	d.producer, d.sequence = p, map[broker.TopicPartition]int32{}
	d.fresh, d.over = true, false
	return nil
}

// Fence takes a new epoch of a transactional id, so that its holder can write no more, and waits until what it had
// open is settled.
func Fence(ctx context.Context, client *broker.Client, txnID string) (broker.Producer, error) {
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
		pause = min(2*pause, maxPause)
	}
}

// Commit runs one transaction. ctx bounds it: when it ends, the outcome is Doubt. After any outcome but Committed
// the driver answers Doubt, without sending anything, until Init: what the caller holds may be committed already.
func (d *Driver) Commit(ctx context.Context, c Commit) Outcome {
	if d.over {
		return Outcome{Verdict: Doubt, Last: Answer{Silent: true}}
	}
	if !d.fresh {
		// The last one ended well, but a copy of one of its requests may still be under way.
		if err := d.Init(ctx); err != nil {
			return Outcome{Verdict: Doubt, Last: Answer{Silent: true}}
		}
	}
	d.stamp(c.Batches)
	places := make([]Place, len(c.Batches))
	for i, b := range c.Batches {
		places[i] = Place(b.TopicPartition)
	}
	m := Begin(places)
	out := d.run(ctx, m, &c)
	d.fresh, d.over = !out.Dirty, out.Verdict != Committed
	return out
}

// run sends what the machine asks for until it has a verdict.
func (d *Driver) run(ctx context.Context, m *Machine, c *Commit) Outcome {
	pause := firstPause
	for m.Outcome().Verdict == Open {
		round := m.Next()
		answers := d.sendAll(ctx, c, round)
		retry := false
		for i, r := range round {
			m.Answer(r, answers[i])
			retry = retry || answers[i] != Answer{}
		}
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

// stamp writes our identity and the next sequences into the batches, once: a resend is the same bytes.
func (d *Driver) stamp(batches []broker.Batch) {
	for _, b := range batches {
		seq := d.sequence[b.TopicPartition]
		batch.Stamp(b.Bytes, d.producer.ID, d.producer.Epoch, seq, true)
		d.sequence[b.TopicPartition] = batch.NextSequence(seq, batch.Count(b.Bytes))
	}
}

// sendAll sends a round at once and waits for all of its answers: one Produce for each leader, for two of one
// transactional id would collide on a broker.
func (d *Driver) sendAll(ctx context.Context, c *Commit, round []Request) []Answer {
	answers := make([]Answer, len(round))
	var wg sync.WaitGroup
	byLeader := map[int32][]int{}
	for i, r := range round {
		if r.Step == Produce {
			leader, code := d.leader(ctx, c.Batches[r.Batch].TopicPartition)
			if code == broker.OK {
				byLeader[leader] = append(byLeader[leader], i)
			}
			answers[i] = Answer{Code: int16(code)}
			continue
		}
		wg.Go(func() { answers[i] = d.send(ctx, c, r.Step) })
	}
	for leader, members := range byLeader {
		wg.Go(func() { d.produce(ctx, leader, c, round, members, answers) })
	}
	wg.Wait()
	return answers
}

// leader tells whom to send a batch to, or the code that stands for the answer if there is nobody: what the look-up
// of the topic said (29 must reach a person, not be tried for ever), else 5.
func (d *Driver) leader(ctx context.Context, p broker.TopicPartition) (int32, broker.Code) {
	if leader, ok := d.client.Leader(p.Topic, p.Partition); ok {
		return leader, broker.OK
	}
	noLeader := broker.Code(leaderNotAvailable)
	t, err := d.client.LookUp(ctx, p.Topic)
	switch {
	case err != nil: // nothing was sent to a leader: no doubt about the batch
		return 0, noLeader
	case t.Code != broker.OK:
		return 0, t.Code
	}
	if leader, ok := d.client.Leader(p.Topic, p.Partition); ok {
		return leader, broker.OK
	}
	return 0, noLeader
}

func (d *Driver) send(ctx context.Context, c *Commit, s Step) Answer {
	var code broker.Code
	var err error
	switch s {
	case AddOffsets:
		code, err = d.client.AddOffsets(ctx, d.producer, c.Member.Group)
	case AddPartitions:
		code, err = d.client.AddPartitions(ctx, d.producer, distinct(c.Batches))
	case CommitOffsets:
		code, err = d.client.TxnOffsetCommit(ctx, d.producer, c.Member, c.Topic, c.Offsets)
	case End:
		code, err = d.client.EndTxn(ctx, d.producer, true)
	case Produce:
		panic("unreachable: batches are sent by produce")
	}
	if err != nil {
		return Answer{Silent: true}
	}
	return Answer{Code: int16(code)}
}

// produce sends the batches of one leader in one request.
func (d *Driver) produce(ctx context.Context, leader int32, c *Commit, round []Request, members []int, answers []Answer) {
	batches := make([]broker.Batch, len(members))
	for i, m := range members {
		batches[i] = c.Batches[round[m].Batch]
	}
	got, err := d.client.Produce(ctx, leader, d.producer.TxnID, batches)
	for i, m := range members {
		if err != nil {
			answers[m] = Answer{Silent: true}
		} else {
			answers[m] = Answer{Code: int16(got[i].Code)}
		}
	}
}

// distinct lists the partitions that get batches, each once.
func distinct(batches []broker.Batch) []broker.TopicPartition {
	var all []broker.TopicPartition
	seen := map[broker.TopicPartition]bool{}
	for _, b := range batches {
		if !seen[b.TopicPartition] {
			seen[b.TopicPartition] = true
			all = append(all, b.TopicPartition)
		}
	}
	return all
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
