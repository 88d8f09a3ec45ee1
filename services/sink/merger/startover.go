package merger

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/partial"
)

// startOver prepares a worker of a process that was started with --start-over: it looks through the partition for
// the newest first report of each source, on which that source is re-based. It does so once per partition, and only
// once the sources have really been started over: a source that goes on as it was keeps its state.
func (s *Shift) startOver(ctx context.Context, w *worker) error {
	s.overs.Lock()
	done := !s.conf.StartOver || s.over[w.topic.Partition]
	s.over[w.topic.Partition] = true
	s.overs.Unlock()
	if done {
		return nil
	}
	bases, err := s.newestFirsts(ctx, w)
	if err != nil || len(bases) == 0 {
		return err
	}
	s.conf.Log.Info("starting over on the newest first report of each source", zap.Int32("partition", w.topic.Partition), zap.Int("sources", len(bases)))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.bases = bases
	w.state.Sources.StartOver(true)
	return nil
}

// newestFirsts reads the log of partials from where this worker begins to its present end.
func (s *Shift) newestFirsts(ctx context.Context, w *worker) (map[int32]int64, error) {
	ends, err := s.conf.Client.LogEnds(ctx, w.topic.Topic, []int32{w.topic.Partition})
	if err != nil {
		return nil, fmt.Errorf("start over: %w", err)
	}
	bases := map[int32]int64{}
	at, end := max(w.state.replayTo, ends[w.topic.Partition].Start), ends[w.topic.Partition].End
	var walker batch.Walker
	var m batch.Record
	for at < end && ctx.Err() == nil {
		got, err := w.fetcher.Fetch(ctx, broker.FetchRequest{TopicPartition: w.topic, Offset: at, MaxBytes: fetchBytes, MaxWait: fetchWait})
		if err != nil || got.Code != broker.OK {
			w.trouble.Pause(ctx, fmt.Errorf("start over: read %s/%d at %d: %w", w.topic.Topic, w.topic.Partition, at, orCode(err, got.Code)))
			continue
		}
		if at >= got.LastStable { // the rest is a transaction that is still open
			break
		}
		walker.Reset(got.Records, at, got.Aborted, true)
		for walker.Next() {
			for walker.Record(&m) {
				p, err := partial.Decode(m.Value)
				if err != nil {
					return nil, fmt.Errorf("read the partial at %s/%d offset %d: %w", w.topic.Topic, w.topic.Partition, m.Offset, err)
				}
				for _, src := range p.Sources {
					if src.First {
						bases[src.Partition] = m.Offset
					}
				}
			}
		}
		if err := walker.Err(); err != nil {
			return nil, fmt.Errorf("read %s/%d at %d: %w", w.topic.Topic, w.topic.Partition, at, err)
		}
		at = walker.Position()
	}
	return bases, nil
}

func orCode(err error, code broker.Code) error {
	if err != nil {
		return err
	}
	return code
}
