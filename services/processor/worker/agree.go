package worker

import (
	"context"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// agreement is what all members of the group go by. The owner of source partition 0 alone makes it, in the commit
// that puts its name there; everyone else reads it there, stably, and waits.
type agreement struct {
	pins    checkpoint.Pins
	targets []int64 // of an exit-at-end run
	run     int64   // its number
}

// agree finds the agreement, or makes it if partition 0 is among sources. waiting is why it isn't there yet.
func (s *Shift) agree(ctx context.Context, sources []source) (a agreement, waiting string, err error) {
	for _, src := range sources {
		if src.Partition == 0 {
			return s.make(ctx, src)
		}
	}
	offsets, code, err := s.conf.Client.OffsetFetch(ctx, s.conf.Group, s.t.Topic.Name, []int32{0}, true)
	const owner = "the owner of partition 0 to begin"
	if err == nil && code == broker.OK {
		code = offsets[0].Code
	}
	if denied := s.denied(code); denied != nil {
		return a, "", denied
	}
	if err != nil || code != broker.OK || offsets[0].At < 0 {
		return a, owner, nil
	}
	zero, ok := readSource(offsets[0])
	if !ok || zero.Pins == nil || zero.TopicID != s.t.Topic.ID {
		return a, owner, nil
	}
	a = agreement{pins: *zero.Pins, targets: zero.Targets, run: zero.Run}
	if !s.conf.ExitAtEnd {
		return a, "", nil
	}
	if a.targets == nil {
		return a, owner, nil
	}
	if a.run != s.run {
		over, known, err := s.ended(ctx, a.targets)
		if err != nil {
			return a, "", err
		}
		if !known || over {
			return a, "the owner of partition 0 to set the targets of this run", nil
		}
	}
	return a, "", nil
}

// make is the part of partition 0's owner.
func (s *Shift) make(ctx context.Context, zero source) (a agreement, waiting string, err error) {
	a.run = zero.state.Run
	if zero.state.Pins != nil {
		a.pins = *zero.state.Pins
	} else {
		partials, waiting, err := s.conf.Client.Find(ctx, s.conf.PartialsTo)
		if err != nil || waiting != "" {
			return a, waiting, err
		}
		a.pins = checkpoint.Pins{Placement: partials.Partitions(), Base: s.t.Topic.Partitions()}
	}
	if !s.conf.ExitAtEnd {
		return a, "", nil // and targets of an earlier run mean nothing any more
	}
	a.targets = zero.state.Targets
	if a.targets != nil && a.run == s.run {
		return a, "", nil
	}
	if a.targets != nil {
		over, known, err := s.ended(ctx, a.targets)
		if err != nil {
			return a, "", err
		}
		if !known {
			return a, "the commits of the other partitions", nil
		}
		if !over { // an earlier run was interrupted: it goes on to its own targets
			s.conf.Log.Info("going on with an unfinished run to the end", zap.Int64("run", a.run))
			return a, "", nil
		}
	}
	if a.targets, err = s.highWatermarks(ctx); err != nil {
		if denied := s.denied(err); denied != nil {
			return a, "", denied
		}
		return a, "the ends of the logs of " + s.t.Topic.Name, nil
	}
	a.run++
	s.conf.Log.Info("reading to the present end of the topic, then exiting", zap.Int64("run", a.run), zap.Int64s("targets", a.targets))
	return a, "", nil
}

// highWatermarks are the ends of all partitions' logs.
func (s *Shift) highWatermarks(ctx context.Context) ([]int64, error) {
	all := allPartitions(s.t.Topic.Partitions())
	ends, err := s.conf.Client.LogEnds(ctx, s.t.Topic.Name, all)
	if err != nil {
		return nil, err
	}
	targets := make([]int64, len(all))
	for i := range targets {
		targets[i] = ends[int32(i)].End
	}
	return targets, nil
}

// ended tells whether every partition has committed its end mark for these targets; known is false if that can't be
// told at the moment. An error is a lacking right.
func (s *Shift) ended(ctx context.Context, targets []int64) (over, known bool, err error) {
	offsets, code, err := s.conf.Client.OffsetFetch(ctx, s.conf.Group, s.t.Topic.Name, allPartitions(int32(len(targets))), true)
	if err != nil || code != broker.OK {
		return false, false, s.denied(code)
	}
	over = true
	for i, o := range offsets {
		if o.Code != broker.OK {
			return false, false, s.denied(o.Code)
		}
		state, ok := readSource(o)
		over = over && ok && state.TopicID == s.t.Topic.ID && state.Ended && state.EndedAt >= targets[i]
	}
	return over, true, nil
}

// Finished implements group.Shift: an exit-at-end run is over when every partition has ended, whoever owned it, so
// that a member whose own are done still takes over those of one that dies.
func (s *Shift) Finished(ctx context.Context) (bool, error) {
	if !s.conf.ExitAtEnd {
		return false, nil
	}
	s.mu.Lock()
	targets, run := s.targets, s.run
	mine := len(s.workers) == len(s.t.Partitions)
	for p := range s.workers {
		mine = mine && (s.states[p].Ended || int(p) >= len(targets))
	}
	s.mu.Unlock()
	if len(s.t.Partitions) == 0 { // nothing is assigned to us, but somebody must tell us when all is over
		a, waiting, err := s.agree(ctx, nil)
		if err != nil || waiting != "" || (run != 0 && a.run != run) {
			return false, err
		}
		s.mu.Lock()
		s.targets, s.run = a.targets, a.run
		targets = a.targets
		s.mu.Unlock()
	}
	if !mine || targets == nil {
		return false, nil
	}
	over, known, err := s.ended(ctx, targets)
	return over && known, err
}

func readSource(o broker.Offset) (checkpoint.Source, bool) {
	named, err := checkpoint.Decode(o.Metadata)
	if err != nil {
		return checkpoint.Source{}, false
	}
	state, err := checkpoint.ParseSource(named.Body)
	return state, err == nil
}

func allPartitions(n int32) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}
