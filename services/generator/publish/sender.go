package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
)

const (
	lookAgain = 5 * time.Second // how often added partitions are looked for
	// requestBytes bounds what one leader gets at once: the batches of a thousand partitions together would be more
	// than a broker takes, and on a thin line more than arrives before the client's time limit, again and again.
	requestBytes = 4 << 20
)

// ErrInDoubt means that the brokers have forgotten our producer id while a batch was unanswered, so that sending it
// again under another could double its records.
var ErrInDoubt = errors.New("the brokers forgot our producer id while a batch was unanswered")

// Run sends what Add hands over, until ctx ends. An error, which Add and Flush return as well, is one that no retry
// mends. It may be called once.
func (p *Publisher) Run(ctx context.Context) error {
	s := &sender{Publisher: p, trouble: group.Trouble{Voice: group.NewVoice(p.log, "publishing to "+p.topic)}}
	lingering, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { p.linger(lingering) })
	err := s.run(ctx)
	stop()
	wg.Wait()
	p.mu.Lock()
	p.failed = err
	if err == nil {
		p.failed = context.Cause(ctx)
	}
	p.mu.Unlock()
	tell(p.room)
	return err
}

// linger ends the waiting of records for others. It is a goroutine of its own because the sender may be waiting for
// one leader's answer while another could have them. While there is nothing, it sleeps: fifty wake-ups a second take a
// hundredth of a core.
func (p *Publisher) linger(ctx context.Context) {
	tick := time.NewTicker(linger)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.busy:
			tick.Reset(linger)
		case <-tick.C:
			p.clock.Store(time.Now().UnixMilli())
			p.sealOpen()
			if p.Unacked() == 0 {
				tick.Stop()
			}
		}
	}
}

type sender struct {
	*Publisher
	trouble group.Trouble
	looked  time.Time
	from    int // the partition that a round begins with
}

func (s *sender) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := s.identify(ctx); err != nil {
			return err
		}
		more := s.round(ctx)
		if s.over() {
			return s.failed // only this goroutine's own requests set it
		}
		s.lookForPartitions(ctx)
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.ready:
		}
	}
	return nil
}

// identify takes a producer id for the partitions that have none: all of them at first, later those that were added
// and those of which the brokers forgot it. Sequences start anew under it.
func (s *sender) identify(ctx context.Context) error {
	for ctx.Err() == nil && s.nameless() {
		p, code, err := s.client.InitProducerID(ctx, "", 0)
		if err == nil && code == broker.OK {
			s.mu.Lock()
			for _, part := range s.parts {
				if part.producer == nil {
					part.producer, part.next = &p, 0
				}
			}
			s.mu.Unlock()
			return nil
		}
		if err == nil {
			grant := fmt.Sprintf("IdempotentWrite on the cluster or Write on topic %q", s.topic)
			if denied := broker.Denied("take a producer id", code, grant); denied != nil {
				return denied
			}
			err = fmt.Errorf("take a producer id: %w", code)
		}
		if ctx.Err() == nil {
			s.trouble.Pause(ctx, err)
		}
	}
	return nil
}

func (s *sender) nameless() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.parts, func(part *partition) bool { return part.producer == nil })
}

// outgoing is the first unacknowledged batch of a partition.
type outgoing struct {
	part  *partition
	batch *sealed
}

// round sends the first batch of every partition, one request for each leader, and waits for the answers. It tells
// whether there is more to send.
func (s *sender) round(ctx context.Context) bool {
	byLeader, problem := s.route(ctx, s.heads())
	var wg sync.WaitGroup
	leaders := slices.Sorted(maps.Keys(byLeader))
	problems := make([]error, len(leaders))
	for i, leader := range leaders {
		wg.Go(func() { problems[i] = s.send(ctx, leader, byLeader[leader]) })
	}
	wg.Wait()
	for _, err := range problems {
		if problem == nil { // the first, so that what is logged does not change with who answered first
			problem = err
		}
	}
	tell(s.room)
	if problem == nil {
		s.trouble.Over()
	} else if ctx.Err() == nil && !s.over() {
		s.trouble.Pause(ctx, problem)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.parts, func(part *partition) bool { return len(part.sealed) > 0 })
}

// over tells whether something was met that no retry mends.
func (s *sender) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed != nil
}

// heads stamps and lists what is sent next, one batch for each partition.
func (s *sender) heads() []outgoing {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []outgoing
	for i := range s.parts {
		part := s.parts[(s.from+i)%len(s.parts)]
		if len(part.sealed) == 0 || part.producer == nil { // nil: ctx ended before one was taken
			continue
		}
		first := part.sealed[0]
		batch.Stamp(first.bytes, part.producer.ID, part.producer.Epoch, part.next, false)
		all = append(all, outgoing{part, first})
	}
	return all
}

// route sorts batches by leader. What is too much for one request waits, and the next round begins with it.
func (s *sender) route(ctx context.Context, all []outgoing) (byLeader map[int32][]outgoing, problem error) {
	byLeader = map[int32][]outgoing{}
	size := map[int32]int{}
	waiting := false
	for _, o := range all {
		leader, err := s.leader(ctx, o.part.number)
		if err != nil {
			if problem == nil {
				problem = err
			}
			continue
		}
		if size[leader] += len(o.batch.bytes); size[leader] > requestBytes && len(byLeader[leader]) > 0 {
			if !waiting {
				waiting, s.from = true, int(o.part.number)
			}
			continue
		}
		byLeader[leader] = append(byLeader[leader], o)
	}
	return byLeader, problem
}

func (s *sender) leader(ctx context.Context, partition int32) (int32, error) {
	if leader, ok := s.client.Leader(s.topic, partition); ok {
		return leader, nil
	}
	t, err := s.client.LookUp(ctx, s.topic)
	if err != nil {
		return 0, err
	}
	if t.Code != broker.OK {
		act := fmt.Sprintf("look up topic %q", s.topic)
		if denied := broker.Denied(act, t.Code, fmt.Sprintf("Write on topic %q", s.topic)); denied != nil {
			s.mu.Lock()
			s.failed = denied
			s.mu.Unlock()
		}
		return 0, fmt.Errorf("%s: %w", act, t.Code)
	}
	if leader, ok := s.client.Leader(s.topic, partition); ok {
		return leader, nil
	}
	return 0, fmt.Errorf("partition %s/%d has no leader", s.topic, partition)
}

// send gives one leader its batches and takes its answers in. An error is the first thing that has to be tried again.
func (s *sender) send(ctx context.Context, leader int32, out []outgoing) error {
	batches := make([]broker.Batch, len(out))
	for i, o := range out {
		batches[i] = broker.Batch{TopicPartition: broker.TopicPartition{Topic: s.topic, Partition: o.part.number}, Bytes: o.batch.bytes}
	}
	answers, err := s.client.Produce(ctx, leader, "", batches)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		for _, o := range out {
			o.batch.silent = true
			// The connection may still be writing from these bytes, and Stamp writes into them.
			o.batch.bytes = slices.Clone(o.batch.bytes)
		}
		return err
	}
	var problem error
	for i, o := range out {
		if err := s.answered(o, answers[i]); err != nil && problem == nil {
			problem = err
		}
	}
	return problem
}
