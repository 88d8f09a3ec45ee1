package worker

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// askSink is the least time between two looks at the sink group's commits.
const askSink = 500 * time.Millisecond

// ahead holds partitions that are too many windows ahead of what the sink has emitted, so that one that is far ahead
// of the others does not make the sink keep every window between.
type ahead struct {
	conf      *Config
	step      int64         // from one window to the next, ns
	placement func() *int32 // that is agreed on, nil before it is committed

	mu      sync.Mutex
	asking  bool // one partition asks for all
	asked   time.Time
	emitted int64
}

// hold waits while watermark is more than MaxAhead windows beyond what the sink has emitted, or, before it has
// emitted anything, beyond first, the partition's own first watermark. What was fetched is committed all the same.
func (a *ahead) hold(ctx context.Context, partition broker.TopicPartition, first, watermark int64) error {
	if a.conf.MaxAhead == 0 || watermark == noWatermark {
		return nil
	}
	held := false
	for ctx.Err() == nil {
		emitted, err := a.look(ctx, held, first, watermark)
		if err != nil {
			return err
		}
		if !a.beyond(emitted, first, watermark) {
			break
		}
		if !held {
			held = true
			a.conf.Metrics.held.Inc()
			defer a.conf.Metrics.held.Dec()
			a.conf.Log.Warn("a partition is too far ahead of the sink and waits for it", zap.String("topic", partition.Topic), zap.Int32("partition", partition.Partition),
				zap.String("sink group", a.conf.SinkGroup), zap.String("flags", fmt.Sprintf("--sink-group %s --max-ahead %d", a.conf.SinkGroup, a.conf.MaxAhead)))
		}
		wait(ctx, askSink)
	}
	if held && ctx.Err() == nil {
		a.conf.Log.Info("the sink has come nearer, the partition is read on", zap.String("topic", partition.Topic), zap.Int32("partition", partition.Partition))
	}
	return nil
}

func (a *ahead) beyond(emitted, first, watermark int64) bool {
	base := emitted
	if base == noWatermark {
		base = first
	}
	if base == noWatermark || a.conf.MaxAhead > math.MaxInt64/a.step {
		return false
	}
	limit := base + a.conf.MaxAhead*a.step
	if limit < base { // beyond the end of time
		return false
	}
	return watermark > limit
}

// look is what the sink has emitted, asked for anew only when what is known would make the partition wait.
func (a *ahead) look(ctx context.Context, held bool, first, watermark int64) (int64, error) {
	a.mu.Lock()
	known, placement := a.emitted, a.placement()
	if a.asking || placement == nil || !a.beyond(known, first, watermark) || (held && time.Since(a.asked) < askSink/2) {
		a.mu.Unlock()
		return known, nil
	}
	a.asking = true
	a.mu.Unlock()
	now, err := a.ask(ctx, *placement)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asking, a.asked = false, time.Now()
	a.emitted = max(a.emitted, now)
	return a.emitted, err
}

// ask reads the sink group's commits: the least that any partition of partials has emitted. No answer is no progress.
func (a *ahead) ask(ctx context.Context, placement int32) (int64, error) {
	offsets, code, err := a.conf.Client.OffsetFetch(ctx, a.conf.SinkGroup, broker.AllPartitions(a.conf.PartialsTo, placement), false)
	const act = "look at the progress of the sink"
	if denied := broker.Denied(act, code, fmt.Sprintf("Describe on group %q (or set --max-ahead 0)", a.conf.SinkGroup)); denied != nil {
		return noWatermark, denied
	}
	if err != nil || code != broker.OK {
		return noWatermark, nil
	}
	least := int64(math.MaxInt64)
	for _, o := range offsets {
		if denied := broker.Denied(act, o.Code, fmt.Sprintf("Describe on topic %q", a.conf.PartialsTo)); denied != nil {
			return noWatermark, denied
		}
		least = min(least, emittedBy(o.Metadata))
	}
	return least, nil
}

// emittedBy reads a sink's commit; unreadable is none.
func emittedBy(metadata string) int64 {
	named, err := checkpoint.Decode(metadata)
	if err != nil {
		return noWatermark
	}
	m, err := checkpoint.ParseMerge(named.Body)
	if err != nil {
		return noWatermark
	}
	return m.Emitted
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
