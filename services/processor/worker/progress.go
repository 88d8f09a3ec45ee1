package worker

import (
	"context"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/progress"
)

// follower tells how far an exit-at-end run of a group has come, by what all of its members have committed: the path of
// the records has no part in it.
type follower struct {
	client       *broker.Client
	group, topic string
	logs         map[int32]broker.LogEnds // as of the first look
}

// look is a progress.Look. It knows nothing before the owner of partition 0 has set the targets.
func (f *follower) look(ctx context.Context) (s progress.State, ok bool) {
	zero, code, err := f.client.OffsetFetch(ctx, f.group, f.topic, []int32{0}, false)
	if err != nil || code != broker.OK {
		return s, false
	}
	agreed, ok := readSource(zero[0])
	if !ok || agreed.Targets == nil {
		return s, false
	}
	all := allPartitions(int32(len(agreed.Targets)))
	if f.logs == nil {
		if f.logs, err = f.client.LogEnds(ctx, f.topic, all); err != nil {
			f.logs = nil
			return s, false
		}
	}
	offsets, code, err := f.client.OffsetFetch(ctx, f.group, f.topic, all, false)
	if err != nil || code != broker.OK {
		return s, false
	}
	for i, o := range offsets {
		from, target := f.logs[all[i]].Start, agreed.Targets[i]
		s.Total += max(0, target-from)
		s.Done += max(0, min(o.At, target)-from)
	}
	s.Items = s.Done
	return s, true
}
