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

// ErrRecreated means that a source topic is not the one that the partials speak of.
var ErrRecreated = errors.New("the source topic was deleted and made again")

// lookups asks the brokers about the source topics: how many partitions they have, and where their logs end.
type lookups struct {
	client  *broker.Client
	topics  []string
	trouble group.Trouble
	count   group.Trouble                   // of counting alone
	counted int64                           // when the partitions were last counted
	exit    bool                            // exit at end
	shared  *exitTargets                    // of the process
	targets map[broker.TopicPartition]int64 // with exit: the end of every source's log when this process began
	names   map[[16]byte]string             // of the topics, as they were last looked up
}

// exitTargets are looked up once per process: after a rebalance on a live topic later ones would lie beyond what the
// processor goes to, and the sink would never end.
type exitTargets struct {
	mu   sync.Mutex
	ends map[broker.TopicPartition]int64
}

// begin looks up, for a run that exits at the end, how far it must come.
func (l *lookups) begin(ctx context.Context) error {
	if !l.exit {
		return nil
	}
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	for ctx.Err() == nil && l.shared.ends == nil {
		ends := map[broker.TopicPartition]int64{}
		var err error
		for _, topic := range l.topics {
			if err = l.ending(ctx, topic, ends); err != nil {
				if denied := l.denied(topic, err); denied != nil {
					return denied
				}
				break
			}
		}
		if err == nil {
			l.shared.ends = ends
			l.trouble.Over()
			break
		}
		l.trouble.Pause(ctx, err)
	}
	l.targets = l.shared.ends
	return nil
}

// ending adds where the logs of a topic end.
func (l *lookups) ending(ctx context.Context, topic string, to map[broker.TopicPartition]int64) error {
	t, err := l.client.LookUp(ctx, topic)
	if err != nil {
		return err
	}
	if t.Code != broker.OK {
		return fmt.Errorf("look up topic %q: %w", topic, t.Code)
	}
	ends, err := l.client.LogEnds(ctx, topic, upTo(t.Partitions()))
	for p, e := range ends {
		to[broker.TopicPartition{Topic: topic, Partition: p}] = e.End
	}
	return err
}

// denied is the error of a look-up for which we lack the right; nil if err is another.
func (l *lookups) denied(topic string, err error) error {
	return broker.Denied("look up the sources in "+topic, err, fmt.Sprintf("Describe on topic %q", topic))
}

// due tells whether the partitions should be counted though no closing needs it.
func (l *lookups) due(now int64) bool { return now-l.counted >= countEvery }

// partitions looks the source topics up; false if that can't be done at the moment. An error is a lacking right.
func (l *lookups) partitions(ctx context.Context) ([]watermark.Topic, bool, error) {
	all := make([]watermark.Topic, 0, len(l.topics))
	names := map[[16]byte]string{}
	for _, topic := range l.topics {
		t, err := l.client.LookUp(ctx, topic)
		if err == nil && t.Code != broker.OK {
			err = fmt.Errorf("look up topic %q: %w", topic, t.Code)
		}
		if err != nil {
			if denied := l.denied(topic, err); denied != nil {
				return nil, false, denied
			}
			l.count.Pause(ctx, err)
			return nil, false, nil
		}
		all = append(all, watermark.Topic{ID: t.ID, Name: topic, Partitions: t.Partitions()})
		names[t.ID] = topic
	}
	l.count.Over()
	l.counted, l.names = time.Now().UnixNano(), names
	return all, true, nil
}

// source is the name of a source; false if its topic is not among those that were last looked up.
func (l *lookups) source(src watermark.Source) (broker.TopicPartition, bool) {
	name, ok := l.names[src.TopicID]
	return broker.TopicPartition{Topic: name, Partition: src.Partition}, ok
}

// ends looks up where logs end. One that can't be looked up holds everybody, which is only slow; an error is a lacking
// right, with which they would be held for ever.
func (l *lookups) ends(ctx context.Context, sources []watermark.Source) (map[watermark.Source]broker.LogEnds, error) {
	byTopic := map[string][]watermark.Source{}
	foreign := false // a topic has another id than the partials speak of
	for _, src := range sources {
		if at, ok := l.source(src); ok {
			byTopic[at.Topic] = append(byTopic[at.Topic], src)
		} else {
			foreign = true
		}
	}
	all := map[watermark.Source]broker.LogEnds{}
	var problem error
	for _, topic := range l.topics {
		var partitions []int32
		for _, src := range byTopic[topic] {
			partitions = append(partitions, src.Partition)
		}
		if partitions == nil {
			continue
		}
		ends, err := l.client.LogEnds(ctx, topic, partitions)
		if denied := l.denied(topic, err); denied != nil {
			return nil, denied
		}
		if err != nil {
			problem = fmt.Errorf("look up where the logs of quiet sources end: %w", err)
		}
		for _, src := range byTopic[topic] {
			if e, ok := ends[src.Partition]; ok {
				all[src] = e
			}
		}
	}
	switch {
	case foreign:
		l.trouble.Pause(ctx, fmt.Errorf("look up where the logs of quiet sources end: topic %s: %w (or the processor's --records-topic is another): its windows wait; when the processor has been started once with --start-over, start the sink once with --start-over", strings.Join(l.topics, " or "), ErrRecreated))
	case problem != nil:
		l.trouble.Pause(ctx, problem)
	default:
		l.trouble.Over()
	}
	return all, nil
}

// reached tells whether every source has ended, and at or beyond where it had to.
func (l *lookups) reached(s *State) bool {
	ends, all := s.Sources.Ended()
	for _, end := range ends {
		at, ok := l.source(end.Source)
		all = all && ok && end.To >= l.targets[at]
	}
	return all
}

// waits says whom closable windows wait for, once it has lasted.
type waits struct {
	log       *zap.Logger
	partition int32
	several   bool // source topics
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
		name := strconv.Itoa(int(h.Partition))
		if w.several && h.Topic != "" {
			name = fmt.Sprintf("%s/%d", h.Topic, h.Partition)
		}
		who = append(who, name)
		why = append(why, fmt.Sprintf("source partition %s (%s)", name, h.Why))
	}
	if text := strings.Join(who, ","); text != w.said { // once for each thing that changes
		w.said = text
		w.log.Warn("windows wait", zap.Int32("partition", w.partition), zap.String("for", strings.Join(why, ", ")))
	}
}
