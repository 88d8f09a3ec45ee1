package merger

import (
	"context"
	"fmt"
	"slices"

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
	s.overs.Unlock()
	if done {
		return nil
	}
	found, err := s.newestFirsts(ctx, w)
	if err != nil || ctx.Err() != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.overs = true
	if len(found.bases) == 0 {
		return nil
	}
	s.conf.Log.Info("starting over on the newest first report of each source", zap.Int32("partition", w.topic.Partition), zap.Int("sources", len(found.bases)))
	w.state.startOver(found.bases, found.from)
	return nil
}

// firsts is where sources have been started over.
type firsts struct {
	bases bases
	from  int64 // first chunk of the oldest partial among them
}

// base is the newest first report of a source.
type base struct {
	src   partial.Source
	at    int64 // its offset
	whole int64 // that of its partial's first chunk
}

type bases []base

// of finds the base of a source: one of the same topic, or of one that took the place of its topic, for such a source
// has the same name. -1 if there is none.
func (all bases) of(src partial.Source) int {
	return slices.IndexFunc(all, func(b base) bool {
		return b.src.Partition == src.Partition && (b.src.TopicID == src.TopicID || b.src.Topic == src.Topic)
	})
}

// put takes in a first report that is newer than all before.
func (all bases) put(b base) bases {
	if i := all.of(b.src); i >= 0 {
		all[i] = b
		return all
	}
	return append(all, b)
}

// newestFirsts reads the log of partials from where this worker begins to its present end.
func (s *Shift) newestFirsts(ctx context.Context, w *worker) (firsts, error) {
	var found firsts
	var ends map[int32]broker.LogEnds
	for ctx.Err() == nil {
		var err error
		if ends, err = s.conf.Client.LogEnds(ctx, w.topic.Topic, []int32{w.topic.Partition}); err == nil {
			break
		}
		if denied := s.denied(err); denied != nil {
			return found, denied
		}
		w.trouble.Pause(ctx, fmt.Errorf("start over: %w", err))
	}
	begun := map[string]int64{} // first chunk by writer
	at, end := max(w.state.replayTo, ends[w.topic.Partition].Start), ends[w.topic.Partition].End
	var walker batch.Walker
	var m batch.Record
	for at < end && ctx.Err() == nil {
		got, err := w.fetcher.Fetch(ctx, broker.FetchRequest{TopicPartition: w.topic, Offset: at, MaxBytes: fetchBytes, MaxWait: fetchWait})
		if err != nil || got.Code != broker.OK {
			if denied := s.denied(got.Code); denied != nil {
				return found, denied
			}
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
					return found, fmt.Errorf("read the partial at %s/%d offset %d: %w", w.topic.Topic, w.topic.Partition, m.Offset, err)
				}
				if p.Chunk == 0 {
					begun[p.Writer] = m.Offset
				}
				for _, src := range p.Sources {
					if src.First {
						found.bases = found.bases.put(base{src, m.Offset, begun[p.Writer]})
					}
				}
			}
		}
		if err := walker.Err(); err != nil {
			return found, fmt.Errorf("read %s/%d at %d: %w", w.topic.Topic, w.topic.Partition, at, err)
		}
		at = walker.Position()
	}
	found.from = end
	for _, b := range found.bases {
		found.from = min(found.from, b.whole)
	}
	return found, nil
}

func orCode(err error, code broker.Code) error {
	if err != nil {
		return err
	}
	return code
}
