package worker

import (
	"context"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/progress"
)

// follower tells how far an exit-at-end run of a group has come, by what all of its members have committed: the path of
// the records has no part in it.
type follower struct {
	client *broker.Client
	group  string
	topics []string                        // sorted
	starts map[broker.TopicPartition]int64 // of the logs, as of the first look
}

// look is a progress.Look. It knows nothing before the owner of the seat has set the targets.
func (f *follower) look(ctx context.Context) (s progress.State, ok bool) {
	seat, code, err := f.client.OffsetFetch(ctx, f.group, []broker.TopicPartition{{Topic: f.topics[0]}}, false)
	if err != nil || code != broker.OK {
		return s, false
	}
	state := readSource(seat[0])
	if state == nil {
		return s, false
	}
	agreed, ok := readAgreement(state, f.topics)
	if !ok || agreed.targets == nil || f.starts == nil && !f.measure(ctx, agreed.targets) {
		return s, false
	}
	var all []broker.TopicPartition
	for _, topic := range f.topics {
		all = append(all, broker.AllPartitions(topic, int32(len(agreed.targets[topic])))...)
	}
	offsets, code, err := f.client.OffsetFetch(ctx, f.group, all, false)
	if err != nil || code != broker.OK {
		return s, false
	}
	for _, o := range offsets {
		from, target := f.starts[o.TopicPartition], agreed.targets[o.Topic][o.Partition]
		s.Total += max(0, target-from)
		s.Done += max(0, min(o.At, target)-from)
	}
	s.Items = s.Done
	return s, true
}

// measure looks up where the logs begin.
func (f *follower) measure(ctx context.Context, targets map[string][]int64) bool {
	starts := map[broker.TopicPartition]int64{}
	for _, topic := range f.topics {
		all := make([]int32, len(targets[topic]))
		for i := range all {
			all[i] = int32(i)
		}
		logs, err := f.client.LogEnds(ctx, topic, all)
		if err != nil {
			return false
		}
		for p, log := range logs {
			starts[broker.TopicPartition{Topic: topic, Partition: p}] = log.Start
		}
	}
	f.starts = starts
	return true
}
