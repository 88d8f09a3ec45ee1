package merger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
	"github.com/meanstream/meanstream/pkg/watermark"
)

// countEvery is how often the source partitions are counted when no closing asks for it, in ns.
const countEvery = int64(2 * time.Second)

// ErrRecreated means that the source topic is not the one that the partials speak of.
var ErrRecreated = errors.New("the source topic was deleted and made again")

// lookups asks the brokers about the source topic: how many partitions it has, and where their logs end.
type lookups struct {
	client  *broker.Client
	topic   string
	trouble group.Trouble
	count   group.Trouble   // of counting alone
	counted int64           // when the partitions were last counted
	exit    bool            // exit at end
	shared  *exitTargets    // of the process
	targets map[int32]int64 // with exit: the end of every source's log when this process began
	foreign bool            // the topic has another id than the partials speak of
}

// exitTargets are looked up once per process: after a rebalance on a live topic later ones would lie beyond what the
// processor goes to, and the sink would never end.
type exitTargets struct {
	mu   sync.Mutex
	ends map[int32]int64
}

// begin looks up, for a run that exits at the end, how far it must come.
func (l *lookups) begin(ctx context.Context) error {
	if !l.exit {
		return nil
	}
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	for ctx.Err() == nil && l.shared.ends == nil {
		t, err := l.client.LookUp(ctx, l.topic)
		if err == nil && t.Code == broker.OK {
			all := make([]int32, t.Partitions())
			for i := range all {
				all[i] = int32(i)
			}
			var ends map[int32]broker.LogEnds
			if ends, err = l.client.LogEnds(ctx, l.topic, all); err == nil {
				l.shared.ends = map[int32]int64{}
				for p, e := range ends {
					l.shared.ends[p] = e.End
				}
				l.trouble.Over()
				break
			}
		}
		if err == nil {
			err = fmt.Errorf("look up topic %q: %w", l.topic, t.Code)
		}
		if denied := l.denied(err); denied != nil {
			return denied
		}
		l.trouble.Pause(ctx, err)
	}
	l.targets = l.shared.ends
	return nil
}

// denied is the error of a look-up for which we lack the right; nil if err is another.
func (l *lookups) denied(err error) error {
	return broker.Denied("look up the sources in "+l.topic, err, fmt.Sprintf("Describe on topic %q", l.topic))
}

// due tells whether the partitions should be counted though no closing needs it.
func (l *lookups) due(now int64) bool { return now-l.counted >= countEvery }

// partitions looks the source topic up; false if that can't be done at the moment. An error is a lacking right.
func (l *lookups) partitions(ctx context.Context) (broker.Topic, bool, error) {
	t, err := l.client.LookUp(ctx, l.topic)
	if err == nil && t.Code != broker.OK {
		err = fmt.Errorf("look up topic %q: %w", l.topic, t.Code)
	}
	if err != nil {
		if denied := l.denied(err); denied != nil {
			return t, false, denied
		}
		l.count.Pause(ctx, err)
		return t, false, nil
	}
	l.count.Over()
	l.counted = time.Now().UnixNano()
	return t, true, nil
}

// ends looks up where logs end. One that can't be looked up holds everybody, which is only slow; an error is a lacking
// right, with which they would be held for ever.
func (l *lookups) ends(ctx context.Context, partitions []int32) (map[int32]broker.LogEnds, error) {
	if l.foreign {
		l.trouble.Pause(ctx, fmt.Errorf("look up where the logs of quiet sources end: topic %q: %w: its windows wait; when the processor has been started once with --start-over, start the sink once with --start-over", l.topic, ErrRecreated))
		return nil, nil
	}
	ends, err := l.client.LogEnds(ctx, l.topic, partitions)
	if err == nil {
		l.trouble.Over()
		return ends, nil
	}
	if denied := l.denied(err); denied != nil {
		return nil, denied
	}
	l.trouble.Pause(ctx, fmt.Errorf("look up where the logs of quiet sources end: %w", err))
	return ends, nil
}

// reached tells whether every source has ended, and at or beyond where it had to.
func (l *lookups) reached(s *State) bool {
	ends, all := s.Sources.Ended()
	for i, end := range ends {
		all = all && end >= l.targets[int32(i)]
	}
	return all
}

// waits says whom closable windows wait for, once it has lasted.
type waits struct {
	log       *zap.Logger
	partition int32
	metrics   *Metrics
	since     int64
	said      string
}

// patience is how long windows wait before it is worth a line, in ns.
const patience = int64(3 * time.Second)

func (w *waits) tell(holds []watermark.Hold, closable bool, now int64) {
	if !closable || len(holds) == 0 {
		if w.said != "" {
			w.log.Info("windows close again", zap.Int32("partition", w.partition))
		}
		w.since, w.said = 0, ""
		w.metrics.waiting(w.partition, 0)
		return
	}
	if w.since == 0 {
		w.since = now
	}
	w.metrics.waiting(w.partition, len(holds))
	if now-w.since < patience {
		return
	}
	var who, why []string
	for _, h := range holds {
		who = append(who, strconv.Itoa(int(h.Partition)))
		why = append(why, fmt.Sprintf("source partition %d (%s)", h.Partition, h.Why))
	}
	if text := strings.Join(who, ","); text != w.said { // once for each thing that changes
		w.said = text
		w.log.Warn("windows wait", zap.Int32("partition", w.partition), zap.String("for", strings.Join(why, ", ")))
	}
}
