package merger

import (
	"context"
	"fmt"
)

// purged says what of partials was deleted, and how to go on: without them windows would be incomplete and nobody could
// tell which. nil where it must be tried again: the bounds of the log are not known, or it holds the position after all.
func (w *worker) purged(ctx context.Context, position int64) error {
	ends, err := w.shift.conf.Client.LogEnds(ctx, w.topic.Topic, []int32{w.topic.Partition})
	if denied := w.shift.denied(err); denied != nil {
		return denied
	}
	log, known := ends[w.topic.Partition]
	switch {
	case !known:
		w.trouble.Pause(ctx, fmt.Errorf("read %s/%d at %d: %w, and the bounds of its log are not known: %w", w.topic.Topic, w.topic.Partition, position, ErrPurged, err))
		return nil
	case log.Start <= position && position <= log.End: // the broker that said so does not know yet, or does not know any more
		w.trouble.Pause(ctx, fmt.Errorf("read %s/%d at %d: the broker does not have it, though the log holds offsets %d to %d", w.topic.Topic, w.topic.Partition, position, log.Start, log.End))
		return nil
	}
	return fmt.Errorf("read %s/%d at %d: %w: its log now holds offsets %d to %d; %s", w.topic.Topic, w.topic.Partition, position, ErrPurged, log.Start, log.End, wayOut)
}
