package merger

import (
	"context"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/progress"
)

// follower tells how far an exit-at-end run of a group has come, by what all of its members have committed: up to which
// record of each source the partials of every partition are merged.
type follower struct {
	client          *broker.Client
	group, partials string
	records         []string
	names           map[[16]byte]string                      // of the topics of records, as of the first look
	logs            map[broker.TopicPartition]broker.LogEnds // of records, likewise
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
	offsets, code, err := f.client.OffsetFetch(ctx, f.group, broker.AllPartitions(f.partials, t.Partitions()), false)
	if err != nil || code != broker.OK {
		return s, false
	}
	merged, ok := mergedTo(offsets, f.names)
	for p, log := range f.logs {
		s.Total += max(0, log.End-log.Start)
		s.Done += max(0, min(merged[p], log.End)-log.Start)
	}
	s.Items = s.Done
	return s, ok
}

// measure looks the logs of records up.
func (f *follower) measure(ctx context.Context) bool {
	names, all := map[[16]byte]string{}, map[broker.TopicPartition]broker.LogEnds{}
	for _, topic := range f.records {
		t, err := f.client.LookUp(ctx, topic)
		if err != nil || t.Code != broker.OK {
			return false
		}
		logs, err := f.client.LogEnds(ctx, topic, upTo(t.Partitions()))
		if err != nil {
			return false
		}
		names[t.ID] = topic
		for p, log := range logs {
			all[broker.TopicPartition{Topic: topic, Partition: p}] = log
		}
	}
	f.names, f.logs = names, all
	return true
}

// mergedTo tells up to where each source of the topics named is merged in all partitions of partials over which
// categories are spread; false if that can't be told of one of them.
func mergedTo(offsets []broker.Offset, names map[[16]byte]string) (map[broker.TopicPartition]int64, bool) {
	least, told := map[broker.TopicPartition]int64{}, map[broker.TopicPartition]int{}
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
		topics, states := remembered(&m)
		for _, src := range states {
			name, listed := names[topics[src.Topic].ID]
			if !listed {
				continue
			}
			at := broker.TopicPartition{Topic: name, Partition: src.Partition}
			if told[at] == 0 || src.To < least[at] {
				least[at] = src.To
			}
			told[at]++
		}
		if n++; m.Placement > 0 && n == int(m.Placement) {
			break // to those that were added later nothing is ever placed
		}
	}
	for at := range least {
		if told[at] < n {
			delete(least, at) // one of them has not heard of it yet
		}
	}
	return least, true
}
