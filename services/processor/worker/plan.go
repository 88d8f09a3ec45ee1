package worker

import (
	"bytes"
	"fmt"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/placement"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/reject"
	"github.com/meanstream/meanstream/pkg/window"
)

// plan turns what the workers handed over into the batches of one transaction.
func (s *Shift) plan(all []Held, millis int64) ([]broker.Batch, error) {
	rule := s.conf.Rule.Window
	l := layout{
		head: partial.Partial{
			Group: s.conf.Group, Writer: s.t.Writer, Epoch: s.t.Epoch(),
			Placement: *s.placement,
			Rule:      rule.Fingerprint(), Lateness: rule.Lateness, Aggregates: rule.Aggregates,
		},
		windows:  rule.Windows(),
		partials: s.conf.PartialsTo, rejects: s.conf.RejectsTo, rejectsPartitions: s.rejectsPartitions,
		limit: s.conf.MessageBytes,
	}
	for _, t := range s.t.Topics {
		l.head.SourcePartitions += t.Partitions()
		if len(s.t.Topics) > 1 {
			l.head.Topics = append(l.head.Topics, partial.Topic{ID: t.ID, Name: t.Name, Partitions: t.Partitions()})
		}
	}
	return l.batches(all, millis)
}

// layout is where things go, and what every partial of a commit says.
type layout struct {
	head              partial.Partial // without sources and entries
	windows           window.Windows  // of all that is handed over
	partials, rejects string          // topics
	rejectsPartitions int32
	limit             int // of a batch, in bytes
}

// batches merges what the workers handed over into one partial for each partials partition - every one of them gets
// one, though it may be empty, for each carries what all sources have come to - and adds the rejects.
func (l *layout) batches(all []Held, millis int64) ([]broker.Batch, error) {
	merged := window.NewSet(window.Setting{Windows: l.windows, Carry: l.head.Aggregates})
	base := l.head
	for _, h := range all {
		merged.Merge(h.Set)
		base.Sources = append(base.Sources, h.Source)
	}
	entries := make([][]partial.Entry, base.Placement)
	merged.All(func(b window.Bounds, category string, a *window.Aggregate) bool {
		to := placement.Of([]byte(category), base.Placement)
		entries[to] = append(entries[to], partial.Entry{Bounds: b, Category: category, Aggregate: a})
		return true
	})
	var batches []broker.Batch
	for i := range entries {
		p := base
		p.Entries = entries[i]
		to := broker.TopicPartition{Topic: l.partials, Partition: int32(i)}
		sealed, err := encode(&p, to, l.limit, millis)
		if err != nil {
			return nil, err
		}
		batches = append(batches, sealed...)
	}
	for _, h := range all {
		to := broker.TopicPartition{Topic: l.rejects, Partition: reject.Partition(h.Source.Partition, l.rejectsPartitions)}
		for _, b := range h.Rejects {
			batches = append(batches, broker.Batch{TopicPartition: to, Bytes: b})
		}
	}
	return batches, nil
}

// encode writes a partial as batches of at most limit bytes.
func encode(p *partial.Partial, to broker.TopicPartition, limit int, millis int64) ([]broker.Batch, error) {
	messages, err := p.Encode(limit - batchOverhead)
	if err != nil {
		return nil, fmt.Errorf("encode the partial for %s/%d: %w", to.Topic, to.Partition, err)
	}
	var out []broker.Batch
	var b batch.Builder
	for i, m := range messages {
		b.Append(&batch.Record{Time: millis, Value: m})
		if i+1 < len(messages) && b.Len()+len(messages[i+1])+batchOverhead <= limit {
			continue
		}
		out = append(out, broker.Batch{TopicPartition: to, Bytes: bytes.Clone(b.Seal(batch.Options{}))})
		b.Reset()
	}
	return out, nil
}
