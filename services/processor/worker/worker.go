package worker

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
)

// Bounds of a fetch. A large answer costs less a record; what the buffers of all partitions may take together bounds it.
const (
	mostFetchBytes  = 2 << 20
	leastFetchBytes = 256 << 10
	allFetchBytes   = 64 << 20
)

// How long a fetch waits for records grows with the partitions: ninety-six silent ones that ask twice a second take two
// hundredths of a core by asking alone. An answer comes with the first record, whatever the wait.
const (
	fetchWaitEach  = 25 * time.Millisecond
	leastFetchWait = 500 * time.Millisecond
	mostFetchWait  = 2500 * time.Millisecond
)

// fetchWait is how long a fetch waits where so many partitions are read.
func fetchWait(partitions int) time.Duration {
	return min(max(time.Duration(partitions)*fetchWaitEach, leastFetchWait), mostFetchWait)
}

// readsAhead tells whether a backlog of so many partitions is fetched ahead. Where each core has two partitions to go on
// with, it costs more memory, which the caches feel, and saves nobody's time.
func readsAhead(partitions, cores int) bool { return partitions < 2*cores }

// fetchBytes is how much is asked for at a time where so many partitions are read, with two answers of each where they are
// read ahead.
func fetchBytes(partitions int, ahead bool) int32 {
	answers := max(partitions, 1)
	if ahead {
		answers *= 2
	}
	return int32(min(max(allFetchBytes/answers, leastFetchBytes), mostFetchBytes))
}

// noTarget lets a worker read for ever.
const noTarget int64 = math.MaxInt64

// worker reads one source partition, in one goroutine.
type worker struct {
	shift   *Shift
	topic   broker.TopicPartition
	reader  *reader
	walker  batch.Walker
	target  int64 // read no further than this
	trouble group.Trouble

	// mu is held while one fetched answer is judged, and while the committer takes over: a lock a fetch, not a record.
	mu    sync.Mutex
	part  *Partition
	taken chan struct{} // told when the committer has taken over
}

// Run implements group.Worker.
func (w *worker) Run(ctx context.Context) error {
	w.mu.Lock()
	opening := w.part.held.Moved()
	w.mu.Unlock()
	if opening {
		w.shift.t.Due() // the opening partial: the sink waits for every source's first word
	}
	first := noWatermark
	for ctx.Err() == nil {
		position, watermark := w.stands()
		if first == noWatermark {
			first = watermark
		}
		if position >= w.target {
			return w.end(ctx)
		}
		if err := w.shift.ahead.hold(ctx, w.topic, first, watermark); err != nil {
			return err
		}
		if err := w.fetch(ctx, position); err != nil {
			return err
		}
	}
	return nil
}

// stands tells where this partition stands; the committer may be taking over meanwhile.
func (w *worker) stands() (position, watermark int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.part.Position(), w.part.Watermark()
}

// end marks the target as reached, and waits: a function that returns would end the member's whole generation.
func (w *worker) end(ctx context.Context) error {
	w.mu.Lock()
	w.part.End()
	w.mu.Unlock()
	w.shift.t.Due()
	<-ctx.Done()
	return nil
}

// fetch asks once for what comes next, and judges it.
func (w *worker) fetch(ctx context.Context, position int64) error {
	n := len(w.shift.t.Partitions)
	ahead := readsAhead(n, runtime.GOMAXPROCS(0))
	q := broker.FetchRequest{TopicPartition: w.topic, Offset: position, MaxBytes: fetchBytes(n, ahead), MaxWait: fetchWait(n)}
	got, err := w.reader.fetch(ctx, q)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		w.trouble.Pause(ctx, err)
		return nil
	case got.Code == 1:
		return w.lost(ctx, position)
	case got.Code == 29:
		return broker.Denied("read "+w.topic.Topic, got.Code, fmt.Sprintf("Read on topic %q", w.topic.Topic))
	case got.Code != broker.OK:
		w.trouble.Pause(ctx, fmt.Errorf("read %s/%d at %d: %w", w.topic.Topic, w.topic.Partition, position, got.Code))
		return nil
	}
	if ahead {
		w.reader.begin(ctx, q, got, w.target)
	}
	if err := w.judge(ctx, got); err != nil {
		return err
	}
	if now, _ := w.stands(); now == position && len(got.Records) > 0 { // asking again at once would loop hot
		w.trouble.Pause(ctx, fmt.Errorf("read %s/%d at %d: %d bytes came without a whole batch", w.topic.Topic, w.topic.Partition, position, len(got.Records)))
		return nil
	}
	w.trouble.Over()
	return nil
}

// judge takes a fetched answer in, and asks for a flush where one is due.
func (w *worker) judge(ctx context.Context, got broker.Fetched) error {
	w.mu.Lock()
	select { // what was taken over before this answer is of no use to it
	case <-w.taken:
	default:
	}
	position, now := w.part.Position(), time.Now().UnixNano()
	w.walker.Reset(got.Records, position, got.Aborted, true)
	err := w.part.Read(&w.walker, w.target, now)
	caughtUp := w.part.Position() >= got.LastStable
	w.shift.came(w.topic, w.part.Watermark(), now)
	end, closable := w.part.Closable()
	due := caughtUp && closable && w.shift.passed(end, now) // a backlog must not pay a transaction for every window
	full := w.part.Full()
	if err == nil && w.part.held.Moved() {
		w.shift.t.Moved()
	}
	w.shift.conf.Metrics.progress(w.topic, got.LastStable-w.part.Position(), w.part.Watermark())
	w.mu.Unlock()
	if err != nil {
		return fmt.Errorf("read %s/%d at %d: %w", w.topic.Topic, w.topic.Partition, position, err)
	}
	if due || full {
		w.shift.t.Due()
	}
	if full { // memory is bounded: nothing more is read before this is taken over
		select {
		case <-w.taken:
		case <-ctx.Done():
		}
	}
	return nil
}

// handOver gives the committer what is held.
func (w *worker) handOver() (Held, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	held, ok := w.part.HandOver()
	if ok {
		select {
		case w.taken <- struct{}{}:
		default:
		}
	}
	return held, ok
}
