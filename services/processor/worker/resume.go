package worker

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
)

// Errors that stop a processor until a person has decided.
var (
	ErrUnreadable = errors.New("what was remembered with the committed offset can't be read")
	ErrRecreated  = errors.New("the topic is not the one that was read before")
	ErrPlacement  = errors.New("the partials topic has fewer partitions than at the group's first start")
)

// source is one partition on its way to be resumed.
type source struct {
	group.Position
	state checkpoint.Source
	fresh bool // it begins anew
}

// Resume implements group.Shift: where each partition goes on, and what is committed with it under our name.
func (s *Shift) Resume(ctx context.Context, committed []group.Position) ([]group.Position, string, error) {
	sources := make([]source, 0, len(committed))
	for _, p := range committed {
		src, err := s.source(ctx, p)
		if err != nil {
			return nil, "", err
		}
		sources = append(sources, src)
	}
	agreed, waiting, err := s.agree(ctx, sources)
	if err != nil || waiting != "" {
		return nil, waiting, err
	}
	if waiting, err := s.checkTopics(ctx, agreed.pins); err != nil || waiting != "" {
		return nil, waiting, err
	}
	ready := make([]group.Position, 0, len(sources))
	for _, src := range sources {
		if src.fresh {
			if src.Offset, err = s.begin(ctx, src.Partition, agreed.pins); err != nil {
				if denied := s.denied(err); denied != nil {
					return nil, "", denied
				}
				if ctx.Err() == nil {
					s.conf.Log.Warn("can't tell where a partition begins, trying again", zap.Error(err))
				}
				return nil, "the bounds of the log of " + s.t.Topic.Name, nil
			}
		}
		src.state.TopicID = s.t.Topic.ID
		if src.Partition == 0 {
			src.state.Pins, src.state.Targets, src.state.Run = &agreed.pins, agreed.targets, agreed.run
		}
		src.Named = checkpoint.Named{Body: checkpoint.AppendSource(nil, &src.state)}
		src.Err = nil
		ready = append(ready, src.Position)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.agreed, s.targets, s.run = agreed.pins, agreed.targets, agreed.run
	return ready, "", nil
}

// source reads what was committed of one partition.
func (s *Shift) source(ctx context.Context, p group.Position) (source, error) {
	src := source{Position: p, state: checkpoint.Source{Watermark: noWatermark}}
	if p.Offset < 0 {
		src.fresh = true
		return src, nil
	}
	problem := p.Err
	if problem == nil {
		if src.state, problem = checkpoint.ParseSource(p.Named.Body); problem != nil {
			src.state = checkpoint.Source{Watermark: noWatermark}
		}
	}
	name := fmt.Sprintf("%s/%d", s.t.Topic.Name, p.Partition)
	switch {
	case problem != nil:
		problem = fmt.Errorf("take over %s at %d: %w (%w): the offset was set by another tool, which forgets the watermark and where the sink stands; "+
			"start the processor and the sink once with --start-over", name, p.Offset, ErrUnreadable, problem)
	case src.state.TopicID != s.t.Topic.ID:
		problem = fmt.Errorf("take over %s at %d: %w: it was deleted and made again; to read the new one from --start on, start the processor and the sink once with --start-over", name, p.Offset, ErrRecreated)
	case s.conf.StartOver:
		problem = s.outside(ctx, p)
	}
	if problem == nil {
		return src, nil
	}
	if !s.conf.StartOver {
		return src, problem
	}
	s.conf.Log.Warn("starting a partition over", zap.Int32("partition", p.Partition), zap.Error(problem))
	src.fresh = true
	src.state = checkpoint.Source{Watermark: noWatermark, Pins: src.state.Pins}
	return src, nil
}

// outside tells whether a committed offset is no longer in the partition's log, and can't be gone on from.
func (s *Shift) outside(ctx context.Context, p group.Position) error {
	ends, err := s.conf.Client.LogEnds(ctx, s.t.Topic.Name, []int32{p.Partition})
	e, ok := ends[p.Partition]
	if err != nil || !ok || (p.Offset >= e.Start && p.Offset <= e.End) || (p.Offset < e.Start && s.conf.SkipLost) {
		return nil
	}
	return fmt.Errorf("take over %s/%d at %d: %w: its log holds offsets %d to %d", s.t.Topic.Name, p.Partition, p.Offset, ErrLost, e.Start, e.End)
}

// begin resolves where a partition without a committed offset begins. One that was added after the group's first
// start is read from its beginning, or what came before we noticed it would be lost.
func (s *Shift) begin(ctx context.Context, partition int32, pins checkpoint.Pins) (int64, error) {
	ends, err := s.conf.Client.LogEnds(ctx, s.t.Topic.Name, []int32{partition})
	if err != nil {
		return 0, err
	}
	e, ok := ends[partition]
	if !ok {
		return 0, fmt.Errorf("look up the bounds of %s/%d: no answer", s.t.Topic.Name, partition)
	}
	if s.conf.StartLatest && partition < pins.Base {
		return e.End, nil
	}
	return e.Start, nil
}

// denied is the error of a look at our own source or group for which we lack the right; nil if err is another.
func (s *Shift) denied(err error) error {
	return broker.Denied("take over "+s.t.Topic.Name, err,
		fmt.Sprintf("Describe and Read on topic %q and Read on group %q", s.t.Topic.Name, s.conf.Group))
}

// checkTopics makes sure that what is written to is as the pins say; waiting is what could not be told yet.
func (s *Shift) checkTopics(ctx context.Context, pins checkpoint.Pins) (waiting string, err error) {
	partials, waiting, err := s.conf.Client.Find(ctx, s.conf.PartialsTo)
	if err != nil || waiting != "" {
		return waiting, err
	}
	if partials.Partitions() < pins.Placement {
		return "", fmt.Errorf("group %q: %w: topic %q has %d, and %d are in use: add partitions to it, or choose another --group and --partials-topic",
			s.conf.Group, ErrPlacement, s.conf.PartialsTo, partials.Partitions(), pins.Placement)
	}
	rejects, waiting, err := s.conf.Client.Find(ctx, s.conf.RejectsTo)
	if err != nil || waiting != "" {
		return waiting, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rejectsPartitions = rejects.Partitions()
	return "", nil
}
