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
	if waiting, err := s.checkTopics(ctx, agreed.placement); err != nil || waiting != "" {
		return nil, waiting, err
	}
	ready := make([]group.Position, 0, len(sources))
	for _, src := range sources {
		if src.fresh {
			if src.Offset, err = s.begin(ctx, src.TopicPartition, agreed.bases[src.Topic]); err != nil {
				if denied := s.denied(src.Topic, err); denied != nil {
					return nil, "", denied
				}
				if ctx.Err() == nil {
					s.conf.Log.Warn("can't tell where a partition begins, trying again", zap.Error(err))
				}
				return nil, "the bounds of the log of " + src.Topic, nil
			}
		}
		src.state.TopicID = s.t.Topic(src.Topic).ID
		if src.Partition == 0 {
			s.write(agreed, src.Topic, &src.state)
		}
		src.Named = checkpoint.Named{Body: checkpoint.AppendSource(nil, &src.state)}
		src.Err = nil
		ready = append(ready, src.Position)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.agreed, s.targets, s.run = agreed.placement, agreed.targets, agreed.run
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
	name := p.Name()
	switch {
	case problem != nil:
		problem = fmt.Errorf("take over %s at %d: %w (%w): the offset was set by another tool, which forgets the watermark and where the sink stands; "+
			"start the processor and the sink once with --start-over", name, p.Offset, ErrUnreadable, problem)
	case src.state.TopicID != s.t.Topic(p.Topic).ID:
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
	s.conf.Log.Warn("starting a partition over", zap.String("topic", p.Topic), zap.Int32("partition", p.Partition), zap.Error(problem))
	src.fresh = true
	src.state = checkpoint.Source{Watermark: noWatermark, Pins: src.state.Pins, Others: src.state.Others}
	return src, nil
}

// outside tells whether a committed offset is no longer in the partition's log, and can't be gone on from.
func (s *Shift) outside(ctx context.Context, p group.Position) error {
	ends, err := s.conf.Client.LogEnds(ctx, p.Topic, []int32{p.Partition})
	e, ok := ends[p.Partition]
	if err != nil || !ok || (p.Offset >= e.Start && p.Offset <= e.End) || (p.Offset < e.Start && s.conf.SkipLost) {
		return nil
	}
	return fmt.Errorf("take over %s at %d: %w: its log holds offsets %d to %d", p.Name(), p.Offset, ErrLost, e.Start, e.End)
}

// begin resolves where a partition without a committed offset begins; base is from which on its topic's were added. One
// that was added after the group's first start is read from its beginning, or what came before we noticed it would be lost.
func (s *Shift) begin(ctx context.Context, p broker.TopicPartition, base int32) (int64, error) {
	ends, err := s.conf.Client.LogEnds(ctx, p.Topic, []int32{p.Partition})
	if err != nil {
		return 0, err
	}
	e, ok := ends[p.Partition]
	if !ok {
		return 0, fmt.Errorf("look up the bounds of %s: no answer", p.Name())
	}
	if s.conf.StartLatest && p.Partition < base {
		return e.End, nil
	}
	return e.Start, nil
}

// denied is the error of a look at one of our topics or our group for which we lack the right; nil if err is another.
func (s *Shift) denied(topic string, err error) error {
	return broker.Denied("take over "+topic, err,
		fmt.Sprintf("Describe and Read on topic %q and Read on group %q", topic, s.conf.Group))
}

// checkTopics makes sure that what is written to is as was settled; waiting is what could not be told yet.
func (s *Shift) checkTopics(ctx context.Context, placement int32) (waiting string, err error) {
	partials, waiting, err := s.conf.Client.Find(ctx, s.conf.PartialsTo)
	if err != nil || waiting != "" {
		return waiting, err
	}
	if partials.Partitions() < placement {
		return "", fmt.Errorf("group %q: %w: topic %q has %d, and %d are in use: add partitions to it, or choose another --group and --partials-topic",
			s.conf.Group, ErrPlacement, s.conf.PartialsTo, partials.Partitions(), placement)
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
