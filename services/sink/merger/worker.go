package merger

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/watermark"
)

// Bounds of a fetch, and of the results of one transaction.
const (
	fetchBytes  = 1 << 20
	fetchWait   = 500 * time.Millisecond
	resultBytes = 512 << 10
)

// worker merges one partition of partials, in one goroutine.
type worker struct {
	shift   *Shift
	topic   broker.TopicPartition
	fetcher *broker.Fetcher
	walker  batch.Walker
	decoder partial.Decoder
	trouble group.Trouble
	lookups lookups
	waits   waits
	said    map[string]bool // lists of topics that processors read, and the sink does not

	// mu is held while one fetched answer is merged, and while the committer takes over.
	mu      sync.Mutex
	state   *State
	dropped []Dropped
	lost    int64         // offsets that the partials since the last hand-over tell of
	handed  handed        // what was last handed over
	taken   chan struct{} // told when the committer has taken over
	overs   bool          // looked for sources that were started over: once committed, not again
	failed  bool          // half of a fetch was merged, so what is held must never be committed
	ended   bool          // exit at end: all sources have ended where they should, and everything is handed over
}

// handed is what a hand-over contained, to see whether there is anything new.
type handed struct{ position, emitted int64 }

// harvest is what a worker hands over.
type harvest struct {
	partition int32
	position  int64
	body      []byte
	overs     bool
	results   []result.Result
	dropped   []Dropped
	lost      int64 // offsets of the sources
}

// Run implements group.Worker.
func (w *worker) Run(ctx context.Context) error {
	if err := w.shift.startOver(ctx, w); err != nil {
		return err
	}
	if err := w.lookups.begin(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		// A closing that takes several transactions is finished before anything more is read: a partial that was read
		// between two of them would be counted by where it meets the closing, not by what it holds.
		if w.closing(ctx) {
			continue
		}
		end, err := w.fetch(ctx)
		if err != nil {
			return err
		}
		if w.state.Replaying() || ctx.Err() != nil {
			continue
		}
		if err := w.decide(ctx, end); err != nil {
			return err
		}
	}
	return nil
}

// closing waits until what is being closed is taken over; false if nothing is.
func (w *worker) closing(ctx context.Context) bool {
	w.mu.Lock()
	replaying, target, closing := w.state.Replaying(), w.state.Open.Target(), w.state.Open.Closing()
	w.mu.Unlock()
	if replaying {
		return false
	}
	together := w.shift.company.come(w.topic.Partition, target, closing)
	if together {
		w.shift.t.Due()
	}
	if !closing {
		return false
	}
	alone := time.NewTimer(waitForOthers)
	defer alone.Stop()
	for {
		select {
		case <-w.taken:
			return true
		case <-ctx.Done():
			return true
		case <-alone.C:
			w.shift.t.Due()
		}
	}
}

// fetch reads what comes next and merges it; end tells whether that was the end of the log.
func (w *worker) fetch(ctx context.Context) (end bool, err error) {
	position := w.state.Position()
	got, err := w.fetcher.Fetch(ctx, broker.FetchRequest{TopicPartition: w.topic, Offset: position, MaxBytes: fetchBytes, MaxWait: fetchWait})
	switch {
	case ctx.Err() != nil:
		return false, nil
	case err != nil:
		w.trouble.Pause(ctx, err)
		return false, nil
	case got.Code == 1:
		return false, w.purged(ctx, position)
	case got.Code == 29:
		return false, broker.Denied("read "+w.topic.Topic, got.Code, fmt.Sprintf("Read on topic %q", w.topic.Topic))
	case got.Code != broker.OK:
		w.trouble.Pause(ctx, fmt.Errorf("read %s/%d at %d: %w", w.topic.Topic, w.topic.Partition, position, got.Code))
		return false, nil
	}
	if end, err = w.take(got, position); err != nil {
		return false, err
	}
	if w.state.Position() == position && len(got.Records) > 0 { // asking again at once would loop hot
		w.trouble.Pause(ctx, fmt.Errorf("read %s/%d at %d: %d bytes came without a whole batch", w.topic.Topic, w.topic.Partition, position, len(got.Records)))
		return false, nil
	}
	w.trouble.Over()
	return end, nil
}

// take merges what was fetched; end tells whether that was the end of the log.
func (w *worker) take(got broker.Fetched, position int64) (end bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.merge(got, position, time.Now().UnixNano()); err != nil {
		w.failed = true
		return false, err
	}
	if w.state.Position() != position && !w.state.Replaying() {
		w.shift.t.Moved()
	}
	w.shift.conf.Metrics.progress(w.topic.Partition, got.LastStable-w.state.Position(), w.state.Open)
	return w.state.Position() >= got.HighWatermark, nil
}

// merge takes in every partial that was fetched.
func (w *worker) merge(got broker.Fetched, position, now int64) error {
	w.walker.Reset(got.Records, position, got.Aborted, true)
	var m batch.Record
	for w.walker.Next() {
		for w.walker.Record(&m) {
			p, err := w.decoder.Decode(m.Value)
			if err != nil {
				return fmt.Errorf("read the partial at %s/%d offset %d: %w", w.topic.Topic, w.topic.Partition, m.Offset, err)
			}
			changed, err := w.state.Partial(m.Offset, p, now)
			if err != nil {
				return err
			}
			w.noticed(m.Offset, p, changed)
		}
	}
	if err := w.walker.Err(); err != nil {
		return fmt.Errorf("read %s/%d at %d: %w", w.topic.Topic, w.topic.Partition, position, err)
	}
	w.state.Passed(w.walker.Position())
	return nil
}

// decide closes what can be closed. What that leans on quiet sources for is looked up after everything above was
// read, so that nothing appended before it can be missed.
func (w *worker) decide(ctx context.Context, end bool) error {
	now := time.Now().UnixNano()
	if locked(w, func() bool { return w.state.Rises(now) }) || w.lookups.due(now) {
		counted, err := w.count(ctx)
		if err != nil || !counted {
			return err // a partition that nobody has reported yet may have been added
		}
	}
	if err := w.lookUp(ctx, locked(w, func() []watermark.Source { return w.state.Sources.Need(now) }), now); err != nil {
		return err
	}
	w.mu.Lock()
	holds := w.state.Close(now)
	closable := w.state.Closable(now)
	w.mu.Unlock()
	w.waits.tell(holds, closable, now)
	if !end {
		return nil
	}
	if err := w.lookUp(ctx, locked(w, func() []watermark.Source { return w.state.NeedIdle(now) }), now); err != nil {
		return err
	}
	if locked(w, func() bool { return w.state.Idle(now) }) {
		if counted, err := w.count(ctx); err != nil || !counted {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.CloseIdle(now)
	if w.lookups.reached(w.state) {
		w.state.CloseEnded()
		if !w.state.Open.Closing() && !w.ended {
			w.ended = true
			w.shift.t.Due()
		}
	}
	return nil
}

// locked reads from the state what the committer may be changing.
func locked[T any](w *worker, read func() T) T {
	w.mu.Lock()
	defer w.mu.Unlock()
	return read()
}

// count counts the source partitions; false if that can't be done at the moment. An error is a lacking right.
func (w *worker) count(ctx context.Context) (bool, error) {
	topics, ok, err := w.lookups.partitions(ctx)
	if err != nil || !ok {
		return false, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Sources.Topics(topics) // of one that was made anew nothing is learnt: what is known of its former life waits
	for id, name := range w.lookups.names {
		for p, end := range w.lookups.targets {
			if p.Topic == name {
				w.state.Sources.Expect(watermark.Source{TopicID: id, Partition: p.Partition}, end)
			}
		}
	}
	return true, nil
}

// lookUp asks where the logs of quiet sources end. An error is a lacking right.
func (w *worker) lookUp(ctx context.Context, sources []watermark.Source, now int64) error {
	if len(sources) == 0 {
		return nil
	}
	ends, err := w.lookups.ends(ctx, sources)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for src, e := range ends {
		w.state.Sources.LogEnd(src, e.Start, e.End, now)
	}
	return nil
}

// handOver gives the committer what has come; false if nothing moved.
func (w *worker) handOver() (harvest, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed || w.state.Replaying() {
		return harvest{}, false, nil
	}
	h := harvest{partition: w.topic.Partition, position: w.state.Position(), overs: w.overs, dropped: w.dropped, lost: w.lost}
	if w.state.Open.Closing() {
		h.results = w.state.Open.Take(resultBytes)
	}
	m := w.state.Remember()
	now := handed{position: h.position, emitted: m.Emitted}
	select { // also when nothing is given, or a closing that had nothing left would be waited for for ever
	case w.taken <- struct{}{}:
	default:
	}
	if now == w.handed && len(h.results) == 0 && len(h.dropped) == 0 {
		return h, false, nil
	}
	w.handed, w.dropped, w.lost = now, nil, 0
	var err error
	if h.body, err = m.Append(nil); err != nil {
		return h, false, fmt.Errorf("remember the state of %s/%d: %w", w.topic.Topic, w.topic.Partition, err)
	}
	return h, true, nil
}
