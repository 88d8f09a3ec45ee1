// Package publish sends the generator's records to Kafka with idempotent produce: a retry or a lost answer never
// doubles a record. The record batches are our own, because kafka-go's writer sends without a producer id.
package publish

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/placement"
)

// Bounds of what waits to be sent: for each partition one open batch and maxQueued sealed ones.
const (
	batchBytes = 256 << 10
	linger     = 20 * time.Millisecond // how long a record waits for others at the most
	maxQueued  = 2                     // sealed batches waiting for one partition
)

// Record is one record to be published. Its bytes are copied.
type Record struct {
	Key, Value []byte // a nil key lets the publisher choose the partition
	Truncated  bool   // Value is the beginning of something over the size limit
}

// Publisher collects records into batches and sends them. Add and Flush are for one goroutine, Run for another.
type Publisher struct {
	client *broker.Client
	topic  string
	log    *zap.Logger
	acked  atomic.Int64
	// clock is the time in milliseconds, as of the last linger: asking for it would be half the cost of Add. It stands still
	// while there is nothing to be sent.
	clock atomic.Int64

	mu      sync.Mutex
	parts   []*partition
	turn    int           // the partition that records without a key go to at the moment
	unacked int64         // records added but not acknowledged
	busy    chan struct{} // told that there is something again that may wait for company
	ready   chan struct{} // told that there is something to send
	room    chan struct{} // told that something was acknowledged
	failed  error
}

// partition is what waits for one partition.
type partition struct {
	number  int32
	open    batch.Builder
	sealed  []*sealed // in the order they were sealed; only the first is ever on its way
	unkeyed int64     // records without a key that it was given, ever

	// Each partition has an identity of its own, so that what the brokers forget of one puts no other in doubt.
	producer *broker.Producer // nil: to be taken
	next     int32            // sequence of the first sealed batch under it
}

// sealed is a batch that is sent until it is acknowledged, under one identity always the same bytes.
type sealed struct {
	bytes  []byte
	count  int64
	silent bool // it was sent and no clear answer came
}

// New makes a publisher to a topic that exists with that many partitions, at least one.
func New(client *broker.Client, topic string, partitions int32, log *zap.Logger) *Publisher {
	p := &Publisher{client: client, topic: topic, log: log, busy: make(chan struct{}, 1), ready: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	p.clock.Store(time.Now().UnixMilli())
	p.grow(partitions)
	return p
}

// Acked is the number of records that the brokers have acknowledged.
func (p *Publisher) Acked() int64 { return p.acked.Load() }

// Unacked is the number of records added and not acknowledged yet.
func (p *Publisher) Unacked() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unacked
}

// grow takes partitions into use that were added to the topic. They start level with the one that was given least:
// what the others have had before is not theirs to catch up on.
func (p *Publisher) grow(n int32) {
	level := int64(0)
	if len(p.parts) > 0 {
		level = p.parts[p.least()].unkeyed
	}
	for i := int32(len(p.parts)); i < n; i++ {
		p.parts = append(p.parts, &partition{number: i, unkeyed: level})
	}
}

// Add hands a record over. It waits while too much is unsent; an error is ctx's, or one that stopped the publisher.
func (p *Publisher) Add(ctx context.Context, r Record) error {
	rec := batch.Record{Time: p.clock.Load(), Key: r.Key, Value: r.Value}
	if r.Truncated {
		rec.Headers = []batch.Header{{Key: "truncated", Value: []byte("true")}}
	}
	p.mu.Lock()
	for {
		if err := p.failed; err != nil {
			p.mu.Unlock() // a defer in a loop costs each record
			return err
		}
		if p.unacked == 0 {
			rec.Time = p.wake()
		}
		part := p.choose(r.Key)
		if part.open.Count() == 0 || part.open.Len()+part.open.Size(&rec) <= batchBytes {
			part.open.Append(&rec)
			if r.Key == nil {
				part.unkeyed++
			}
			p.unacked++
			p.mu.Unlock()
			return nil
		}
		if len(part.sealed) < maxQueued {
			p.seal(part)
			continue
		}
		p.mu.Unlock()
		if err := p.waitForRoom(ctx); err != nil {
			return err
		}
		rec.Time = p.clock.Load() // it may have waited long
		p.mu.Lock()
	}
}

// wake sets the clock and the linger going after a time in which there was nothing to be sent.
func (p *Publisher) wake() int64 {
	now := time.Now().UnixMilli()
	p.clock.Store(now)
	tell(p.busy)
	return now
}

// choose picks a partition: by key as every Kafka client does, else whose turn it is.
func (p *Publisher) choose(key []byte) *partition {
	if key != nil {
		return p.parts[placement.Of(key, int32(len(p.parts)))]
	}
	return p.parts[p.turn]
}

// least is the partition that was given the fewest records without a key, the next one behind the turn of those that
// are equal. Merely going round would favour some for ever where the sizes of batches have a rhythm: at 75 records a
// second they go 2, 1, 2, 1, and half of the partitions would get twice as much as the others.
func (p *Publisher) least() int {
	next := (p.turn + 1) % len(p.parts)
	for i, part := range p.parts {
		if part.unkeyed < p.parts[next].unkeyed {
			next = i
		}
	}
	return next
}

// seal closes a partition's open batch; records without a key go on to another partition.
func (p *Publisher) seal(part *partition) {
	if part.open.Count() == 0 {
		return
	}
	part.sealed = append(part.sealed, &sealed{bytes: bytes.Clone(part.open.Seal(batch.Options{})), count: int64(part.open.Count())})
	part.open.Reset()
	if part == p.parts[p.turn] {
		p.turn = p.least()
	}
	tell(p.ready)
}

// sealOpen closes the open batches of partitions that have nothing else to send.
func (p *Publisher) sealOpen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, part := range p.parts {
		if len(part.sealed) == 0 {
			p.seal(part)
		}
	}
}

func (p *Publisher) waitForRoom(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.room:
		return nil
	}
}

// Flush waits until everything added is acknowledged. An error is ctx's, or one that stopped the publisher.
func (p *Publisher) Flush(ctx context.Context) error {
	for {
		p.sealOpen()
		p.mu.Lock()
		left, err := p.unacked, p.failed
		p.mu.Unlock()
		if err != nil || left == 0 {
			return err
		}
		if err := p.waitForRoom(ctx); err != nil {
			return err
		}
	}
}

// tell wakes whoever waits on c, once.
func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
