package merger

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
	"github.com/meanstream/meanstream/pkg/window"
)

// Errors that stop a sink until a person has decided.
var (
	ErrUnreadable = errors.New("what was remembered with the committed offset can't be read")
	ErrPurged     = errors.New("partials that open windows need were deleted")
	ErrForgotten  = errors.New("the group has no offsets, but results were published")
)

const wayOut = "start the processor and then the sink once with --start-over: records that are still there are read again, and results of windows that were open are not complete or come twice"

// Resume implements group.Shift.
func (s *Shift) Resume(ctx context.Context, committed []group.Position) ([]group.Position, string, error) {
	if waiting, err := s.lookAtTopics(ctx); err != nil || waiting != "" {
		return nil, waiting, err
	}
	partitions := make([]int32, len(committed))
	for i, p := range committed {
		partitions[i] = p.Partition
	}
	ends, err := s.conf.Client.LogEnds(ctx, s.partials().Name, partitions)
	if denied := s.denied(err); denied != nil {
		return nil, "", denied
	}
	if err != nil || len(ends) < len(partitions) {
		return nil, "the bounds of the log of " + s.partials().Name, nil
	}
	ready := make([]group.Position, 0, len(committed))
	for _, p := range committed {
		m, problem := s.restore(ctx, &p, ends[p.Partition])
		if errors.Is(problem, errUnknown) {
			return nil, "whether results were published before", nil
		}
		if problem != nil {
			if !s.conf.StartOver || errors.Is(problem, broker.ErrDenied) {
				return nil, "", problem
			}
			m = s.afresh(&p, m, ends[p.Partition], problem)
		}
		body, err := m.Append(nil)
		if err != nil {
			return nil, "", fmt.Errorf("remember the state of %s: %w", p.Name(), err)
		}
		p.Named, p.Err = checkpoint.Named{Body: body}, nil
		ready = append(ready, p)
	}
	return ready, "", nil
}

// restore reads what was committed of one partition, and finds what makes it unusable.
func (s *Shift) restore(ctx context.Context, p *group.Position, log broker.LogEnds) (checkpoint.Merge, error) {
	name := p.Name()
	m := checkpoint.Merge{Emitted: window.NoWatermark}
	if p.Offset < 0 {
		p.Offset, m.ReplayFrom = log.Start, log.Start
		return m, s.forgotten(ctx)
	}
	problem := p.Err
	if problem == nil {
		m, problem = checkpoint.ParseMerge(p.Named.Body)
	}
	switch {
	case problem != nil:
		m.Emitted = window.NoWatermark
		return m, fmt.Errorf("take over %s at %d: %w (%w): the offset was set by another tool, which forgets the open windows; %s", name, p.Offset, ErrUnreadable, problem, wayOut)
	case log.Start > m.ReplayFrom:
		return m, fmt.Errorf("take over %s at %d: %w: they begin at %d, its log at %d; raise the topic's retention above the longest time that a window stays open; %s", name, p.Offset, ErrPurged, m.ReplayFrom, log.Start, wayOut)
	case log.End < p.Offset:
		return m, fmt.Errorf("take over %s at %d: %w: its log ends at %d; %s", name, p.Offset, ErrPurged, log.End, wayOut)
	}
	return m, nil
}

// forgotten tells whether a group without any offset has published results: its offsets have expired, and to begin
// anew in silence would publish them twice. errUnknown if that can't be told at the moment.
func (s *Shift) forgotten(ctx context.Context) error {
	offsets, code, err := s.conf.Client.OffsetFetch(ctx, s.conf.Group, broker.AllPartitions(s.partials().Name, s.partials().Partitions()), false)
	if denied := s.denied(code); denied != nil {
		return denied
	}
	if err != nil || code != broker.OK {
		return errUnknown
	}
	for _, o := range offsets {
		if denied := s.denied(o.Code); denied != nil {
			return denied
		}
		if o.At >= 0 {
			return nil // a partition that was added, or not used so far
		}
	}
	s.mu.Lock()
	all := upTo(s.resultsPartitions)
	s.mu.Unlock()
	ends, err := s.conf.Client.LogEnds(ctx, s.conf.ResultsTo, all)
	if denied := broker.Denied("look whether results were published", err, fmt.Sprintf("Describe on topic %q", s.conf.ResultsTo)); denied != nil {
		return denied
	}
	if err != nil || len(ends) < len(all) {
		return errUnknown
	}
	for p, e := range ends {
		if e.End > 0 {
			return fmt.Errorf("join as group %q: %w: %s/%d holds records up to offset %d; offsets of a group without members expire after seven days by default; "+
				"to publish from the first partial that is still there, windows that came out before included, start the sink once with --start-over, or choose another --results-topic", s.conf.Group, ErrForgotten, s.conf.ResultsTo, p, e.End)
		}
	}
	return nil
}

// denied is the error of a look at our own source or group for which we lack the right; nil if err is another.
func (s *Shift) denied(err error) error {
	return broker.Denied("take over "+s.partials().Name, err,
		fmt.Sprintf("Describe and Read on topic %q and Read on group %q", s.partials().Name, s.conf.Group))
}

// errUnknown: a question that must be answered before partitions are read got no answer yet.
var errUnknown = errors.New("no answer yet")

func upTo(n int32) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

// afresh begins a partition anew at the start of its log, with what can be kept of its memory.
func (s *Shift) afresh(p *group.Position, m checkpoint.Merge, log broker.LogEnds, problem error) checkpoint.Merge {
	s.conf.Log.Warn("starting a partition over", zap.Int32("partition", p.Partition), zap.Error(problem))
	if m.Emitted == window.NoWatermark {
		s.conf.Log.Warn("it is not known which results were published: windows may come twice", zap.Int32("partition", p.Partition))
	}
	p.Offset = log.Start
	// The placement is learnt anew: a processor that was started over may have pinned another.
	return checkpoint.Merge{ReplayFrom: log.Start, Emitted: m.Emitted, Cursor: m.Cursor, Lateness: m.Lateness}
}

// lookAtTopics learns how many partitions there are to write to.
func (s *Shift) lookAtTopics(ctx context.Context) (waiting string, err error) {
	results, waiting, err := s.conf.Client.Find(ctx, s.conf.ResultsTo)
	if err != nil || waiting != "" {
		return waiting, err
	}
	rejects, waiting, err := s.conf.Client.Find(ctx, s.conf.RejectsTo)
	if err != nil || waiting != "" {
		return waiting, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resultsPartitions, s.rejectsPartitions = results.Partitions(), rejects.Partitions()
	return "", nil
}
