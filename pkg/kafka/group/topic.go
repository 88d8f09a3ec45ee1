package group

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// count looks up how many partitions the topic has, before joining: the assignment that follows is made of at least
// that many. What is looked up after joining would not do as the measure of what was added: a partition that came
// between the two would belong to nobody, and to nobody's surprise.
func (g *Group) count(ctx context.Context) {
	if t, err := g.conf.Client.LookUp(ctx, g.conf.Topic); err == nil && t.Code == broker.OK {
		g.counted = max(g.counted, t.Partitions())
	}
}

// lookUp asks for the topic, which must hold every partition that was assigned: a broker that has not heard yet of
// those added last would leave their workers without anybody who commits for them.
func (r *round) lookUp(ctx context.Context, assigned []int32) (broker.Topic, *ending) {
	t, err := r.conf.Client.LookUp(ctx, r.conf.Topic)
	switch {
	case err != nil:
		return t, &ending{kind: endRound, err: err}
	case t.Code == topicForbidden:
		return t, r.forbidden(t.Code)
	case t.Code != broker.OK:
		return t, &ending{kind: endRound, err: fmt.Errorf("look up topic %q: %w", r.conf.Topic, t.Code)}
	}
	for _, p := range assigned {
		if p >= t.Partitions() {
			return t, &ending{kind: endRound, err: fmt.Errorf("look up topic %q: partition %d is assigned to us, and the broker knows of %d partitions", r.conf.Topic, p, t.Partitions())}
		}
	}
	return t, nil
}

// topicForbidden is the code of a topic that we may not see: no time mends it.
const topicForbidden broker.Code = 29

func (r *round) forbidden(code broker.Code) *ending {
	return &ending{kind: endFatal, err: fmt.Errorf("look up topic %q: grant Describe and Read on it to this user: %w", r.conf.Topic, code)}
}

// watch ends the generation when partitions were added, so that they get an owner: the leader of the group is among
// those who join again, and its joining makes a new assignment. (kafka-go's own watcher rejoins in a hot loop when a
// topic is missing.)
func (r *round) watch(ctx context.Context) {
	t := r.t.Topic
	for {
		switch {
		case t.Code == topicForbidden:
			r.end(*r.forbidden(t.Code))
			return
		case t.Code != broker.OK: // the workers say what is wrong
		case t.ID != r.t.Topic.ID:
			r.conf.Log.Warn("the topic was deleted and made again, joining again", zap.String("topic", r.conf.Topic))
			r.counted = t.Partitions()
			r.end(ending{kind: endGeneration})
			return
		case t.Partitions() > r.counted: // fewer is a broker that has not heard of the last ones
			r.conf.Log.Info("the number of partitions changed, joining again", zap.String("topic", r.conf.Topic),
				zap.Int32("before", r.counted), zap.Int32("now", t.Partitions()))
			r.counted = t.Partitions()
			r.end(ending{kind: endGeneration})
			return
		}
		if !sleep(ctx, watchPartitions) {
			return
		}
		if seen, err := r.conf.Client.LookUp(ctx, r.conf.Topic); err == nil {
			t = seen
		}
	}
}
