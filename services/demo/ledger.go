package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
	"github.com/meanstream/meanstream/pkg/partial"
)

// ledger counts what went by, from the topics alone: the partials of one partition say what became of every record
// read, the results say what was published.
type ledger struct {
	client *broker.Client

	mu        sync.Mutex
	positions map[broker.TopicPartition]int64

	kept, filtered, late, rejected int64 // by the partials
	lost                           int64 // offsets deleted before they were read
	results, inResults             int64 // by the results: their number, and the records in them
	why                            reasons
	once                           bool // every kept record is in one result, which says how many it has
}

func newLedger(client *broker.Client) *ledger {
	return &ledger{client: client, positions: map[broker.TopicPartition]int64{}, why: reasons{}}
}

// position is up to where a partition has been read; one that is not read at all holds nobody up.
func (l *ledger) position(topic string, partition int32) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.positions[broker.TopicPartition{Topic: topic, Partition: partition}]
	if !ok {
		return math.MaxInt64
	}
	return at
}

// start follows one partition of partials, for every one carries all counts, and all of results and rejects.
func (l *ledger) start(ctx context.Context, all *errgroup.Group, rejects int) {
	l.follow(ctx, all, broker.TopicPartition{Topic: partialsTopic, Partition: 0}, l.partial)
	for p := range int32(partials) {
		l.follow(ctx, all, broker.TopicPartition{Topic: resultsTopic, Partition: p}, l.result)
	}
	for p := range int32(rejects) {
		l.follow(ctx, all, broker.TopicPartition{Topic: rejectsTopic, Partition: p}, l.reject)
	}
}

func (l *ledger) follow(ctx context.Context, all *errgroup.Group, tp broker.TopicPartition, take func(*batch.Record) error) {
	l.mu.Lock()
	l.positions[tp] = 0
	l.mu.Unlock()
	all.Go(func() error { return l.read(ctx, tp, take) })
}

// read follows a partition until ctx ends, and then to its end.
func (l *ledger) read(ctx context.Context, tp broker.TopicPartition, take func(*batch.Record) error) error {
	fetcher := l.client.NewFetcher()
	var walker batch.Walker
	var m batch.Record
	var trouble group.Trouble // of which the services say enough
	at := int64(0)
	for {
		last := ctx.Err() != nil
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		got, err := fetcher.Fetch(asking, broker.FetchRequest{TopicPartition: tp, Offset: at, MaxBytes: 1 << 20, MaxWait: 100 * time.Millisecond})
		cancel()
		if err != nil || got.Code != broker.OK {
			if last {
				return nil
			}
			trouble.Pause(ctx, errors.Join(err, got.Code))
			continue
		}
		walker.Reset(got.Records, at, got.Aborted, true)
		for walker.Next() {
			for walker.Record(&m) {
				if err := take(&m); err != nil {
					return fmt.Errorf("count %s/%d at %d: %w", tp.Topic, tp.Partition, m.Offset, err)
				}
			}
		}
		if err := walker.Err(); err != nil {
			return fmt.Errorf("count %s/%d at %d: %w", tp.Topic, tp.Partition, at, err)
		}
		at = walker.Position()
		l.mu.Lock()
		l.positions[tp] = at
		l.mu.Unlock()
		if last && at >= got.LastStable {
			return nil
		}
	}
}

func (l *ledger) partial(m *batch.Record) error {
	p, err := partial.Decode(m.Value)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range p.Sources {
		l.kept += s.Kept
		l.filtered += s.Filtered
		l.late += s.Late
		l.rejected += s.Rejected
		l.lost += s.Lost
	}
	return nil
}

func (l *ledger) result(m *batch.Record) error {
	var r struct{ Count int64 }
	if err := json.Unmarshal(m.Value, &r); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.results++
	l.inResults += r.Count
	return nil
}

func (l *ledger) reject(m *batch.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.why.add(m)
	return nil
}

// print tells what became of every record.
func (l *ledger) print(out io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	read := l.kept + l.filtered + l.late + l.rejected
	_, _ = fmt.Fprintf(out, "\n%d records read = %d kept + %d filtered + %d late + %d rejected\n", read, l.kept, l.filtered, l.late, l.rejected)
	l.why.print(out)
	if l.lost > 0 {
		_, _ = fmt.Fprintf(out, "%d offsets were deleted before they were read\n", l.lost)
	}
	if !l.once {
		_, _ = fmt.Fprintf(out, "%d results\n", l.results)
		return
	}
	_, _ = fmt.Fprintf(out, "%d results hold %d of the kept records", l.results, l.inResults)
	if open := l.kept - l.inResults; open > 0 {
		_, _ = fmt.Fprintf(out, "; %d are in windows that had not closed", open)
	}
	_, _ = fmt.Fprintln(out)
}
