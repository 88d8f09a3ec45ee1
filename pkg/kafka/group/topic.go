package group

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// count looks up how many partitions the topics have, before joining: the assignment that follows is made of at least
// that many. What is looked up after joining would not do as the measure of what was added: a partition that came
// between the two would belong to nobody, and to nobody's surprise.
func (g *Group) count(ctx context.Context) {
	for _, name := range g.conf.Topics {
		if t, err := g.conf.Client.LookUp(ctx, name); err == nil {
			g.countOne(t)
		}
	}
}

// countOne notes how many partitions a topic has. One that is not there has none: when it is made, the group must join
// again, for whoever made the present assignment may have found nothing (kafka-go assigns no partition of any topic
// while one of them is missing).
func (g *Group) countOne(t broker.Topic) {
	switch t.Code {
	case broker.OK:
		g.counted[t.Name] = max(g.counted[t.Name], t.Partitions())
	case topicMissing:
		g.counted[t.Name] = 0
	}
}

// lookUp asks for the topics, which must hold every partition that was assigned: a broker that has not heard yet of
// those added last would leave their workers without anybody who commits for them.
func (r *round) lookUp(ctx context.Context, assigned []broker.TopicPartition) ([]broker.Topic, *ending) {
	all := make([]broker.Topic, 0, len(r.conf.Topics))
	for _, name := range r.conf.Topics {
		t, err := r.conf.Client.LookUp(ctx, name)
		switch {
		case err != nil:
			return nil, &ending{kind: endRound, err: err}
		case t.Code == topicForbidden:
			return nil, r.forbidden(t)
		case t.Code != broker.OK:
			r.countOne(t)
			return nil, &ending{kind: endRound, err: fmt.Errorf("look up topic %q: %w", name, t.Code)}
		}
		for _, p := range assigned {
			if p.Topic == name && p.Partition >= t.Partitions() {
				return nil, &ending{kind: endRound, err: fmt.Errorf("look up topic %q: partition %d is assigned to us, and the broker knows of %d partitions", name, p.Partition, t.Partitions())}
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// Codes of a look-up.
const (
	topicMissing   broker.Code = 3
	topicForbidden broker.Code = 29 // of a topic that we may not see: no time mends it
)

func (r *round) forbidden(t broker.Topic) *ending {
	return &ending{kind: endFatal, err: fmt.Errorf("look up topic %q: grant Describe and Read on it to this user: %w", t.Name, t.Code)}
}

// watch ends the generation when partitions were added, so that they get an owner: the leader of the group is among
// those who join again, and its joining makes a new assignment. (kafka-go's own watcher rejoins in a hot loop when a
// topic is missing.)
func (r *round) watch(ctx context.Context) {
	seen := r.t.Topics
	for {
		for _, t := range seen {
			if end := r.changed(t); end != nil {
				r.end(*end)
				return
			}
		}
		if !sleep(ctx, watchPartitions) {
			return
		}
		seen = nil
		for _, name := range r.conf.Topics {
			if t, err := r.conf.Client.LookUp(ctx, name); err == nil {
				seen = append(seen, t)
			}
		}
	}
}

// changed tells whether what was seen of a topic ends the generation.
func (r *round) changed(t broker.Topic) *ending {
	switch {
	case t.Code == topicForbidden:
		return r.forbidden(t)
	case t.Code != broker.OK: // the workers say what is wrong
		return nil
	case t.ID != r.t.Topic(t.Name).ID:
		r.conf.Log.Warn("the topic was deleted and made again, joining again", zap.String("topic", t.Name))
	case t.Partitions() > r.counted[t.Name]: // fewer is a broker that has not heard of the last ones
		r.conf.Log.Info("the number of partitions changed, joining again", zap.String("topic", t.Name),
			zap.Int32("before", r.counted[t.Name]), zap.Int32("now", t.Partitions()))
	default:
		return nil
	}
	r.counted[t.Name] = t.Partitions()
	return &ending{kind: endGeneration}
}

// quoted names topics in a sentence.
func quoted(topics []string) string {
	all := make([]string, len(topics))
	for i, t := range topics {
		all[i] = strconv.Quote(t)
	}
	return strings.Join(all, ", ")
}
