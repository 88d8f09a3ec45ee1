package merger

import (
	"context"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/progress"
)

// follower tells how far an exit-at-end run of a group has come, by what all of its members have committed: up to which
// record of each source partition the partials of every partition are merged.
type follower struct {
	client                   *broker.Client
	group, partials, records string
	logs                     map[int32]broker.LogEnds // of records, as of the first look
}

// look is a progress.Look. It knows nothing before the sink has committed.
func (f *follower) look(ctx context.Context) (s progress.State, ok bool) {
	if f.logs == nil && !f.measure(ctx) {
		return s, false
	}
	t, err := f.client.LookUp(ctx, f.partials)
	if err != nil || t.Partitions() == 0 {
		return s, false
	}
	all := make([]int32, t.Partitions())
	for i := range all {
		all[i] = int32(i)
	}
	offsets, code, err := f.client.OffsetFetch(ctx, f.group, f.partials, all, false)
	if err != nil || code != broker.OK {
		return s, false
	}
	merged, ok := mergedTo(offsets)
	for p, log := range f.logs {
		s.Total += max(0, log.End-log.Start)
		s.Done += max(0, min(merged[p], log.End)-log.Start)
	}
	s.Items = s.Done
	return s, ok
}

// measure looks the logs of records up.
func (f *follower) measure(ctx context.Context) bool {
	t, err := f.client.LookUp(ctx, f.records)
	if err != nil || t.Code != broker.OK {
		return false
	}
	all := make([]int32, t.Partitions())
	for i := range all {
		all[i] = int32(i)
	}
	logs, err := f.client.LogEnds(ctx, f.records, all)
	if err != nil {
		return false
	}
	f.logs = logs
	return true
}

// mergedTo tells up to where each source partition is merged in all partitions of partials over which categories are
// spread; false if that can't be told of one of them.
func mergedTo(offsets []broker.Offset) (map[int32]int64, bool) {
	least, told := map[int32]int64{}, map[int32]int{}
	n := 0
	for _, o := range offsets {
		named, err := checkpoint.Decode(o.Metadata)
		if err != nil {
			return nil, false
		}
		m, err := checkpoint.ParseMerge(named.Body)
		if err != nil {
			return nil, false
		}
		for _, src := range m.Sources {
			if told[src.Partition] == 0 || src.To < least[src.Partition] {
				least[src.Partition] = src.To
			}
			told[src.Partition]++
		}
		if n++; m.Placement > 0 && n == int(m.Placement) {
			break // to those that were added later nothing is ever placed
		}
	}
	for p := range least {
		if told[p] < n {
			delete(least, p) // one of them has not heard of it yet
		}
	}
	return least, true
}
