package worker

import (
	"context"
	"slices"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// agreement is what all members of the group go by. The owner of the seat alone makes it, in the commit that puts its
// name there; everyone else reads it there, stably, and waits.
type agreement struct {
	placement int32              // partials partitions that categories are spread over
	bases     map[string]int32   // partitions of each topic at and above which they start at their beginning
	targets   map[string][]int64 // by topic, of an exit-at-end run; nil outside such
	run       int64              // its number
}

// seat is the partition whose commits tell the agreement: the first topic's partition 0.
func (s *Shift) seat() broker.TopicPartition {
	return broker.TopicPartition{Topic: s.t.Topics[0].Name}
}

// agree finds the agreement, or makes it if the seat is among sources. waiting is why it isn't there yet.
func (s *Shift) agree(ctx context.Context, sources []source) (a agreement, waiting string, err error) {
	for _, src := range sources {
		if src.TopicPartition == s.seat() {
			return s.make(ctx, src.state)
		}
	}
	states, known, err := s.committed(ctx, []broker.TopicPartition{s.seat()})
	owner := "the owner of partition 0 to begin"
	if len(s.t.Topics) > 1 {
		owner = "the owner of " + s.seat().Name() + " to begin with this list of topics"
	}
	if err != nil || !known || states[0] == nil || states[0].TopicID != s.t.Topics[0].ID {
		return a, owner, err
	}
	a, ok := s.read(states[0])
	if !ok || s.conf.ExitAtEnd && a.targets == nil {
		return a, owner, nil
	}
	if s.conf.ExitAtEnd && a.run != s.run {
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

// read is the agreement as the seat's state has it; false if it lacks one of our topics.
func (s *Shift) read(seat *checkpoint.Source) (a agreement, ok bool) {
	var topics []string
	for _, t := range s.t.Topics {
		topics = append(topics, t.Name)
	}
	return readAgreement(seat, topics)
}

// readAgreement is read for topics in the order of their names.
func readAgreement(seat *checkpoint.Source, topics []string) (a agreement, ok bool) {
	if seat.Pins == nil {
		return a, false
	}
	a = agreement{placement: seat.Pins.Placement, bases: map[string]int32{topics[0]: seat.Pins.Base}, run: seat.Run}
	if seat.Targets != nil {
		a.targets = map[string][]int64{topics[0]: seat.Targets}
	}
	for _, name := range topics[1:] {
		i := slices.IndexFunc(seat.Others, func(o checkpoint.Other) bool { return o.Topic == name })
		if i < 0 {
			return a, false
		}
		a.bases[name] = seat.Others[i].Base
		if a.targets != nil {
			a.targets[name] = seat.Others[i].Targets
		}
	}
	return a, true
}

// write puts into the state of a topic's partition 0 what is agreed: all of it at the seat; elsewhere what the topic's
// own needs, for when the list of topics changes the seat may be there.
func (s *Shift) write(a agreement, topic string, state *checkpoint.Source) {
	state.Pins = &checkpoint.Pins{Placement: a.placement, Base: a.bases[topic]}
	state.Targets, state.Run, state.Others = nil, 0, nil
	if topic != s.seat().Topic {
		return
	}
	state.Targets, state.Run = a.targets[topic], a.run
	for _, t := range s.t.Topics[1:] {
		state.Others = append(state.Others, checkpoint.Other{Topic: t.Name, Base: a.bases[t.Name], Targets: a.targets[t.Name]})
	}
}

// make is the part of the seat's owner.
func (s *Shift) make(ctx context.Context, seat checkpoint.Source) (a agreement, waiting string, err error) {
	if a, waiting, err = s.pin(ctx, seat); err != nil || waiting != "" || !s.conf.ExitAtEnd {
		return a, waiting, err // and outside of runs to the end targets of an earlier one mean nothing any more
	}
	a.run = seat.Run
	if before, ok := s.read(&seat); ok && before.targets != nil {
		a.targets = before.targets
		if a.run == s.run {
			return a, "", nil
		}
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
	a.targets = map[string][]int64{}
	for _, t := range s.t.Topics {
		if a.targets[t.Name], err = s.highWatermarks(ctx, t); err != nil {
			if denied := s.denied(t.Name, err); denied != nil {
				return a, "", denied
			}
			return a, "the ends of the logs of " + t.Name, nil
		}
	}
	a.run++
	for _, t := range s.t.Topics {
		s.conf.Log.Info("reading to the present end of the topic, then exiting", zap.String("topic", t.Name), zap.Int64("run", a.run), zap.Int64s("targets", a.targets[t.Name]))
	}
	return a, "", nil
}

// pin settles what never changes again: at the group's first start as things are then. Later it is as it was settled,
// by whoever had the seat then, and a topic that has come to the list since is like partitions that were added: it is
// read from its beginning.
func (s *Shift) pin(ctx context.Context, seat checkpoint.Source) (a agreement, waiting string, err error) {
	states := []*checkpoint.Source{&seat}
	if len(s.t.Topics) > 1 {
		var zeros []broker.TopicPartition
		for _, t := range s.t.Topics[1:] {
			zeros = append(zeros, broker.TopicPartition{Topic: t.Name})
		}
		others, known, err := s.committed(ctx, zeros)
		if err != nil || !known {
			return a, "the commits of the partitions 0 of all topics", err
		}
		states = append(states, others...)
	}
	a.bases = map[string]int32{}
	for i, state := range states {
		if state == nil || state.Pins == nil {
			continue
		}
		a.placement = state.Pins.Placement
		if _, ok := a.bases[s.t.Topics[i].Name]; !ok {
			a.bases[s.t.Topics[i].Name] = state.Pins.Base
		}
		for _, o := range state.Others {
			if _, ok := a.bases[o.Topic]; !ok {
				a.bases[o.Topic] = o.Base
			}
		}
	}
	if a.placement != 0 {
		return a, "", nil
	}
	partials, waiting, err := s.conf.Client.Find(ctx, s.conf.PartialsTo)
	if err != nil || waiting != "" {
		return a, waiting, err
	}
	a.placement = partials.Partitions()
	for _, t := range s.t.Topics {
		a.bases[t.Name] = t.Partitions()
	}
	return a, "", nil
}

// committed reads what the group has committed of partitions, nil where that is nothing or can't be read; false if it
// can't be told at the moment. An error is a lacking right.
func (s *Shift) committed(ctx context.Context, partitions []broker.TopicPartition) (states []*checkpoint.Source, known bool, err error) {
	offsets, code, err := s.conf.Client.OffsetFetch(ctx, s.conf.Group, partitions, true)
	if err != nil || code != broker.OK {
		return nil, false, s.denied(partitions[0].Topic, code)
	}
	for _, o := range offsets {
		if o.Code != broker.OK {
			return nil, false, s.denied(o.Topic, o.Code)
		}
		states = append(states, readSource(o))
	}
	return states, true, nil
}

// highWatermarks are the ends of all logs of a topic.
func (s *Shift) highWatermarks(ctx context.Context, t broker.Topic) ([]int64, error) {
	targets := make([]int64, t.Partitions())
	all := make([]int32, len(targets))
	for i := range all {
		all[i] = int32(i)
	}
	ends, err := s.conf.Client.LogEnds(ctx, t.Name, all)
	if err != nil {
		return nil, err
	}
	for i := range targets {
		targets[i] = ends[int32(i)].End
	}
	return targets, nil
}

// ended tells whether every partition has committed its end mark for these targets; known is false if that can't be
// told at the moment. An error is a lacking right.
func (s *Shift) ended(ctx context.Context, targets map[string][]int64) (over, known bool, err error) {
	var all []broker.TopicPartition
	for _, t := range s.t.Topics {
		all = append(all, broker.AllPartitions(t.Name, int32(len(targets[t.Name])))...)
	}
	states, known, err := s.committed(ctx, all)
	if err != nil || !known {
		return false, false, err
	}
	over = true
	for i, state := range states {
		p := all[i]
		over = over && state != nil && state.TopicID == s.t.Topic(p.Topic).ID && state.Ended && state.EndedAt >= targets[p.Topic][p.Partition]
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
		mine = mine && (s.states[p].Ended || int(p.Partition) >= len(targets[p.Topic]))
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

// readSource reads what was committed; nil if that is nothing, or not ours.
func readSource(o broker.Offset) *checkpoint.Source {
	named, err := checkpoint.Decode(o.Metadata)
	if o.At < 0 || err != nil {
		return nil
	}
	state, err := checkpoint.ParseSource(named.Body)
	if err != nil {
		return nil
	}
	return &state
}
