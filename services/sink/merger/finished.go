package merger

import (
	"context"
	"slices"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// Finished implements group.Shift: an exit-at-end run is over when every partition of partials is, whoever owned it. A
// member whose own are done stays for those of one that died, which nobody may have taken over yet.
func (s *Shift) Finished(ctx context.Context) (bool, error) {
	if !s.conf.ExitAtEnd || len(s.t.Partitions) == 0 {
		return false, nil
	}
	s.mu.Lock()
	placement := s.placement()
	mine := map[int32]bool{}
	for _, p := range s.t.Partitions {
		// To a partition that was added to partials later nothing is ever placed.
		if w := s.workers[p.Partition]; (placement == 0 || p.Partition < placement) && (w == nil || !w.finished()) {
			s.mu.Unlock()
			return false, nil
		}
		mine[p.Partition] = true
	}
	s.mu.Unlock()
	var others []broker.TopicPartition
	for _, p := range broker.AllPartitions(s.partials().Name, placement) {
		if !mine[p.Partition] {
			others = append(others, p)
		}
	}
	return s.finishedElsewhere(ctx, others)
}

// placement is over how many partitions the partials are spread, 0 if no worker has met one.
func (s *Shift) placement() (n int32) {
	for _, w := range s.workers {
		n = max(n, locked(w, func() int32 { return w.state.last.Placement }))
	}
	return n
}

// finished tells whether this partition has nothing more to give and everything it gave is handed over.
func (w *worker) finished() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := handed{position: w.state.Position(), emitted: w.state.Open.Emitted()}
	return w.ended && !w.state.Open.Closing() && m == w.handed && len(w.dropped) == 0
}

// finishedElsewhere tells whether what the group has committed of partitions that are not ours says that they are done.
func (s *Shift) finishedElsewhere(ctx context.Context, partitions []broker.TopicPartition) (bool, error) {
	if len(partitions) == 0 {
		return true, nil
	}
	offsets, code, err := s.conf.Client.OffsetFetch(ctx, s.conf.Group, partitions, true)
	if err != nil || code != broker.OK {
		return false, s.denied(code)
	}
	s.exit.mu.Lock()
	targets := s.exit.ends
	s.exit.mu.Unlock()
	for _, o := range offsets {
		if o.Code != broker.OK {
			return false, s.denied(o.Code)
		}
		named, err := checkpoint.Decode(o.Metadata)
		if err != nil {
			return false, nil // its owner will meet that, and say so
		}
		if m, err := checkpoint.ParseMerge(named.Body); err != nil || !done(&m, o.At, targets, s.conf.RecordsFrom) {
			return false, nil
		}
	}
	return true, nil
}

// done tells whether a commit at a position says that every source of the topics has ended at or beyond its target, and
// that nothing is open: no window needs a partial from before the position.
func done(m *checkpoint.Merge, position int64, targets map[broker.TopicPartition]int64, topics []string) bool {
	if m.Cursor != nil || m.ReplayFrom < position {
		return false
	}
	known, states := remembered(m)
	ended := map[broker.TopicPartition]int64{}
	for _, src := range states {
		name := known[src.Topic].Name
		if name == "" && len(topics) == 1 { // a single topic is not named
			name = topics[0]
		}
		switch {
		case name != "" && !slices.Contains(topics, name): // not waited for any longer
		case !src.Ended:
			return false
		default:
			ended[broker.TopicPartition{Topic: name, Partition: src.Partition}] = src.To
		}
	}
	for p, target := range targets {
		if to, ok := ended[p]; !ok || to < target {
			return false
		}
	}
	return len(targets) > 0
}
