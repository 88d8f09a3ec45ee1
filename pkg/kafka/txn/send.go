package txn

import (
	"context"
	"slices"
	"sync"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// sendAll sends a round at once and waits for all of its answers: one Produce for each leader, for two of one
// transactional id would collide on a broker.
func (d *Driver) sendAll(ctx context.Context, c *Commit, round []Request) []Answer {
	answers := make([]Answer, len(round))
	var wg sync.WaitGroup
	if transactional && slices.ContainsFunc(round, func(r Request) bool { return r.Step == Produce || r.Step == CommitOffsets && len(c.Batches) == 0 }) {
		// As late as can be, in time for the end, and beside what takes longer.
		wg.Go(func() { d.ending = d.look(ctx) })
	}
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
	if !transactional {
		if s == CommitOffsets {
			code, err = d.client.OffsetCommit(ctx, c.Member, c.Offsets)
		}
		return answer(code, err)
	}
	switch s {
	case AddOffsets:
		code, err = d.client.AddOffsets(ctx, d.producer, c.Member.Group)
	case AddPartitions:
		code, err = d.client.AddPartitions(ctx, d.producer, distinct(c.Batches))
	case CommitOffsets:
		code, err = d.client.TxnOffsetCommit(ctx, d.producer, c.Member, c.Offsets)
	case End:
		p := d.producer
		p.Version = d.ending
		d.next, code, err = d.client.EndTxn(ctx, p, true)
	case Produce:
		panic("unreachable: batches are sent by produce")
	}
	return answer(code, err)
}

// answer is a code, or silence where there is an error.
func answer(code broker.Code, err error) Answer {
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
	p := d.producer
	if !transactional {
		p = broker.Producer{}
	}
	got, err := d.client.ProduceTxn(ctx, leader, p, batches)
	for i, m := range members {
		var code broker.Code
		if err == nil {
			code = got[i].Code
		}
		answers[m] = answer(code, err)
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
