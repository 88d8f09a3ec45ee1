package publish

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
)

// lookAgain is how often added partitions are looked for.
const lookAgain = 5 * time.Second

// ErrInDoubt means that the brokers have forgotten our producer id while a batch was unanswered, so that sending it
// again under another could double its records.
var ErrInDoubt = errors.New("the brokers forgot our producer id while a batch was unanswered")

// Run sends what Add hands over, until ctx ends. An error, which Add and Flush return as well, is one that no retry
// mends.
func (p *Publisher) Run(ctx context.Context) error {
	s := &sender{Publisher: p, trouble: group.Trouble{Log: p.log, What: "publishing to " + p.topic}}
	err := s.run(ctx)
	p.mu.Lock()
	p.failed = err
	if err == nil {
		p.failed = context.Cause(ctx)
	}
	p.mu.Unlock()
	tell(p.room)
	return err
}

type sender struct {
	*Publisher
	producer broker.Producer
	trouble  group.Trouble
	looked   time.Time
}

func (s *sender) run(ctx context.Context) error {
	if err := s.identify(ctx); err != nil {
		return err
	}
	tick := time.NewTicker(linger)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.sealOpen()
		case <-s.ready:
			if s.hurried() {
				s.sealOpen()
			}
		}
		for more := true; more && ctx.Err() == nil; {
			if s.producer.ID < 0 {
				if err := s.identify(ctx); err != nil {
					return err
				}
			}
			more = s.round(ctx)
		}
		s.mu.Lock()
		failed := s.failed
		s.mu.Unlock()
		if failed != nil {
			return failed
		}
		s.lookForPartitions(ctx)
	}
}

// identify takes a producer id; sequences start anew under it.
func (s *sender) identify(ctx context.Context) error {
	for ctx.Err() == nil {
		p, code, err := s.client.InitProducerID(ctx, "", 0)
		if err == nil && code == broker.OK {
			s.producer = p
			s.mu.Lock()
			for _, part := range s.parts {
				part.next = 0
			}
			s.mu.Unlock()
			s.trouble.Over()
			return nil
		}
		if err == nil {
			err = fmt.Errorf("take a producer id: %w", code)
			if code == 31 || code == 53 {
				return fmt.Errorf("%w: grant IdempotentWrite on the cluster, or Write on topic %q, to this user", err, s.topic)
			}
		}
		if ctx.Err() == nil {
			s.trouble.Pause(ctx, err)
		}
	}
	return nil
}

func (s *sender) hurried() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	hurried := s.urgent
	s.urgent = false
	return hurried
}

// sealOpen closes every open batch that has its turn.
func (s *sender) sealOpen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, part := range s.parts {
		if len(part.sealed) == 0 {
			s.seal(part)
		}
	}
}

// outgoing is the first unacknowledged batch of a partition.
type outgoing struct {
	number int32
	part   *partition
	batch  *sealed
}

// round sends the first batch of every partition, one request for each leader, and waits for the answers. It tells
// whether there is more to send.
func (s *sender) round(ctx context.Context) bool {
	byLeader, problem := s.first(ctx)
	if len(byLeader) == 0 {
		if problem != nil {
			s.trouble.Pause(ctx, problem)
		}
		return problem != nil
	}
	var wg sync.WaitGroup
	results := make(chan error, len(byLeader))
	for leader, out := range byLeader {
		wg.Go(func() { results <- s.send(ctx, leader, out) })
	}
	wg.Wait()
	close(results)
	for err := range results {
		if err != nil {
			problem = err
		}
	}
	tell(s.room)
	if problem != nil && ctx.Err() == nil {
		s.trouble.Pause(ctx, problem)
	} else if problem == nil {
		s.trouble.Over()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return false
	}
	for _, part := range s.parts {
		if len(part.sealed) > 0 {
			return true
		}
	}
	return false
}

// first lists what is sent next, by leader.
func (s *sender) first(ctx context.Context) (map[int32][]outgoing, error) {
	s.mu.Lock()
	var all []outgoing
	for i, part := range s.parts {
		if len(part.sealed) > 0 {
			b := part.sealed[0]
			batch.Stamp(b.bytes, s.producer.ID, s.producer.Epoch, part.next, false)
			all = append(all, outgoing{int32(i), part, b})
		}
	}
	s.mu.Unlock()
	byLeader := map[int32][]outgoing{}
	var problem error
	for _, o := range all {
		leader, ok := s.client.Leader(s.topic, o.number)
		if !ok {
			if _, err := s.client.LookUp(ctx, s.topic); err != nil {
				problem = err
				continue
			}
			if leader, ok = s.client.Leader(s.topic, o.number); !ok {
				problem = fmt.Errorf("partition %s/%d has no leader", s.topic, o.number)
				continue
			}
		}
		byLeader[leader] = append(byLeader[leader], o)
	}
	return byLeader, problem
}

// send gives one leader its batches and takes its answers in.
func (s *sender) send(ctx context.Context, leader int32, out []outgoing) error {
	batches := make([]broker.Batch, len(out))
	for i, o := range out {
		batches[i] = broker.Batch{TopicPartition: broker.TopicPartition{Topic: s.topic, Partition: o.number}, Bytes: o.batch.bytes}
	}
	answers, err := s.client.Produce(ctx, leader, "", batches)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		for _, o := range out {
			o.batch.silent = true
			// The connection may still be writing from these bytes, and Stamp writes into them.
			o.batch.bytes = append([]byte(nil), o.batch.bytes...)
		}
		return err
	}
	var problem error
	for i, o := range out {
		if err := s.answered(o, answers[i]); err != nil {
			problem = err
		}
	}
	return problem
}

// answered takes one answer in; the lock is held.
func (s *sender) answered(o outgoing, a broker.Produced) error {
	switch a.Code {
	case broker.OK, 46: // 46: it was there already
		o.part.sealed = o.part.sealed[1:]
		o.part.next = batch.NextSequence(o.part.next, int32(o.batch.count))
		s.unacked -= o.batch.count
		s.acked.Add(o.batch.count)
		return nil
	case 7, -1, 20, 13: // perhaps appended: the same sequence again is recognised
		o.batch.silent = true
	case 3, 5, 6, 8, 9, 14, 15, 16, 19, 56, 72, 74, 75, 89: // surely not appended
	case 45, 47, 49, 59, 90:
		if o.batch.silent || s.anySilent() {
			s.failed = fmt.Errorf("publish to %s/%d: %w: check the topic's last records, then start again behind them: %w", s.topic, o.number, ErrInDoubt, a.Code)
			return nil
		}
		// Every earlier batch is acknowledged and this one was refused, so another identity can't double anything.
		s.log.Warn("the brokers forgot our producer id, taking another", zap.Error(a.Code))
		s.producer = broker.Producer{ID: -1}
	default:
		s.failed = fmt.Errorf("publish to %s/%d: %w %s", s.topic, o.number, a.Code, hint(a, s.topic))
		return nil
	}
	return fmt.Errorf("publish to %s/%d: %w %s", s.topic, o.number, a.Code, a.Text)
}

func (s *sender) anySilent() bool {
	for _, part := range s.parts {
		for _, b := range part.sealed {
			if b.silent {
				return true
			}
		}
	}
	return false
}

func hint(a broker.Produced, topic string) string {
	switch a.Code {
	case 29:
		return fmt.Sprintf("(grant Write on topic %q to this user)", topic)
	case 10, 18:
		return fmt.Sprintf("(raise max.message.bytes of topic %q above %d, or lower --max-record-bytes)", topic, batchBytes)
	}
	return a.Text
}

// lookForPartitions takes partitions into use that were added to the topic.
func (s *sender) lookForPartitions(ctx context.Context) {
	if time.Since(s.looked) < lookAgain {
		return
	}
	s.looked = time.Now()
	t, err := s.client.LookUp(ctx, s.topic)
	if err != nil || t.Code != broker.OK {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grow(t.Partitions())
}
