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

// Bounds of what waits to be sent.
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

	mu      sync.Mutex
	parts   []*partition
	sticky  int           // the partition that records without a key go to at the moment
	unacked int64         // records added but not acknowledged
	ready   chan struct{} // told that there is something to send
	room    chan struct{} // told that something was acknowledged
	failed  error
	urgent  bool // send what is open without waiting
}

// partition is what waits for one partition.
type partition struct {
	open   batch.Builder
	sealed []*sealed
	next   int32 // sequence
}

// sealed is a batch that is sent until it is acknowledged, always the same bytes.
type sealed struct {
	bytes  []byte
	count  int64
	silent bool // it was sent and no clear answer came
}

// New makes a publisher to a topic that exists with that many partitions.
func New(client *broker.Client, topic string, partitions int32, log *zap.Logger) *Publisher {
	p := &Publisher{client: client, topic: topic, log: log, ready: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	p.grow(partitions)
	return p
}

// Acked is the number of records that the brokers have acknowledged.
func (p *Publisher) Acked() int64 { return p.acked.Load() }

// grow takes partitions into use that were added to the topic.
func (p *Publisher) grow(n int32) {
	for int32(len(p.parts)) < n {
		p.parts = append(p.parts, &partition{})
	}
}

// Add hands a record over. It waits while too much is unsent; an error is one that stopped the publisher.
func (p *Publisher) Add(ctx context.Context, r Record) error {
	rec := batch.Record{Time: time.Now().UnixMilli(), Key: r.Key, Value: r.Value}
	if r.Truncated {
		rec.Headers = []batch.Header{{Key: "truncated", Value: []byte("true")}}
	}
	p.mu.Lock()
	for {
		if p.failed != nil {
			p.mu.Unlock()
			return p.failed
		}
		part := p.choose(r.Key)
		if part.open.Count() == 0 || part.open.Len()+part.open.Size(&rec) <= batchBytes {
			part.open.Append(&rec)
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
		p.mu.Lock()
	}
}

// choose picks a partition: by key as every Kafka client does, else one batch for each in turn.
func (p *Publisher) choose(key []byte) *partition {
	if key != nil {
		return p.parts[placement.Of(key, int32(len(p.parts)))]
	}
	return p.parts[p.sticky%len(p.parts)]
}

// seal closes a partition's open batch; records without a key go on to the next partition.
func (p *Publisher) seal(part *partition) {
	if part.open.Count() == 0 {
		return
	}
	part.sealed = append(part.sealed, &sealed{bytes: bytes.Clone(part.open.Seal(batch.Options{})), count: int64(part.open.Count())})
	part.open.Reset()
	if part == p.parts[p.sticky%len(p.parts)] {
		p.sticky++
	}
	tell(p.ready)
}

func (p *Publisher) waitForRoom(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.room:
		return nil
	}
}

// Flush waits until everything added is acknowledged.
func (p *Publisher) Flush(ctx context.Context) error {
	for {
		p.mu.Lock()
		left, err := p.unacked, p.failed
		p.urgent = true
		p.mu.Unlock()
		if err != nil || left == 0 {
			return err
		}
		tell(p.ready)
		if err := p.waitForRoom(ctx); err != nil {
			return err
		}
	}
}

// Unacked is the number of records added and not acknowledged yet.
func (p *Publisher) Unacked() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unacked
}

// tell wakes whoever waits on c, once.
func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
