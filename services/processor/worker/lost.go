package worker

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// ErrLost means that records were deleted before they were read, and that nobody has chosen to go on without them.
var ErrLost = errors.New("records are gone before they were read")

// lost is called when the partition's log doesn't hold the position. What retention took can be gone on without, where
// that was chosen; after a truncation the same offsets hold other records, which no span could tell from those that were
// read. nil where it must be tried again: the topic is another one by now, or the bounds of its log are not known.
func (w *worker) lost(ctx context.Context, position int64) error {
	t, err := w.shift.conf.Client.LookUp(ctx, w.topic.Topic)
	if err == nil && t.Code == broker.OK && t.ID != w.shift.t.Topic(w.topic.Topic).ID {
		// Whoever watches the topic is about to end this tenure; the next begins with the new one.
		w.trouble.Pause(ctx, w.at(position, ErrRecreated))
		return nil
	}
	ends, err := w.shift.conf.Client.LogEnds(ctx, w.topic.Topic, []int32{w.topic.Partition})
	if denied := w.shift.denied(w.topic.Topic, err); denied != nil {
		return denied
	}
	log, known := ends[w.topic.Partition]
	switch {
	case !known:
		w.trouble.Pause(ctx, w.at(position, fmt.Errorf("%w, and the bounds of its log are not known: %w", ErrLost, err)))
		return nil
	case position > log.End:
		return w.at(position, fmt.Errorf("%w: its log was cut back to offsets %d to %d (an unclean leader election, or its data was deleted); "+
			"to begin anew at --start, start the processor once with --start-over, and the sink too", ErrLost, log.Start, log.End))
	case position >= log.Start: // the broker that said so does not know yet, or does not know any more
		w.trouble.Pause(ctx, w.at(position, fmt.Errorf("the broker does not have it, though the log holds offsets %d to %d", log.Start, log.End)))
		return nil
	case !w.shift.conf.SkipLost:
		return w.at(position, fmt.Errorf("%w: its log now holds offsets %d to %d (retention, or DeleteRecords); "+
			"to go on without those %d offsets, start the processor with --on-lost-records skip, which counts them and tells the sink", ErrLost, log.Start, log.End, log.Start-position))
	}
	w.skip(position, log.Start)
	return nil
}

// skip goes on where the log begins, and says so. The metric counts it with the commit that tells the sink.
func (w *worker) skip(position, start int64) {
	to := min(start, w.target) // the rest is the next run's
	w.mu.Lock()
	w.part.Skip(to)
	w.mu.Unlock()
	w.trouble.Over()
	w.shift.conf.Log.Warn("records were deleted before they were read, going on without them: results of their windows may lack them",
		zap.String("topic", w.topic.Topic), zap.Int32("partition", w.topic.Partition), zap.Int64("from", position), zap.Int64("to", to), zap.Int64("offsets lost", to-position))
}

// at adds where it happened.
func (w *worker) at(position int64, err error) error {
	return fmt.Errorf("read %s/%d at %d: %w", w.topic.Topic, w.topic.Partition, position, err)
}
