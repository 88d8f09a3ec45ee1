package merger

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/watermark"
)

const maxTime int64 = math.MaxInt64

// ErrPlacement means that two processors have placed categories differently: a category's parts would then lie in
// two partitions of partials, and its windows come out twice.
var ErrPlacement = errors.New("partials are placed in two ways")

// State is everything that one partition of partials has come to. It has no clock and knows no broker.
type State struct {
	Sources *watermark.Sources
	Open    *result.Open

	partition int32
	position  int64 // next offset to read
	replayTo  int64 // below this, everything was merged before the last commit
	last      checkpoint.Merge
	rules     rules

	topics []string // names of the source topics that are waited for, sorted; nil: whatever is heard of
	bases  bases    // with --start-over, as long as not all sources stand on theirs
}

// Dropped is what a left-out source brought for a window that is closed: counted, published and alarmed, not lost in
// silence.
type Dropped struct {
	Offset  int64 // of the partial
	Entries []partial.Entry
	Sources []partial.Source
}

// Records counts the kept and the filtered records in it.
func (d Dropped) Records() (kept, filtered int64) {
	for _, e := range d.Entries {
		kept += e.Count
		filtered += e.Filtered
	}
	return kept, filtered
}

// NewState restores what a commit remembers; position is the committed offset. What is below position must be read
// again from m.ReplayFrom on.
func NewState(partition int32, m checkpoint.Merge, position int64, idleAfter, closeIdleAfter, now int64) *State {
	s := &State{
		Sources: watermark.New(idleAfter, closeIdleAfter), Open: result.New(),
		partition: partition, position: min(m.ReplayFrom, position), replayTo: position, last: m, rules: rules{remembered: m.Rule},
	}
	topics, states := remembered(&m)
	s.Sources.Import(topics, states, m.Emitted, now)
	var cursor *result.Cursor
	if m.Cursor != nil {
		c := result.Cursor(*m.Cursor)
		cursor = &c
	}
	s.Open.Import(m.Emitted, cursor)
	return s
}

// Position is the next offset to read.
func (s *State) Position() int64 { return s.position }

// Replaying tells whether what is read now was merged before the last commit.
func (s *State) Replaying() bool { return s.position < s.replayTo }

// Changed is what Partial noticed besides.
type Changed struct {
	Rule    []partial.Source // those whose records go by another rule from here on
	Lost    []partial.Source // those of whose records some were deleted before they were read
	Dropped *Dropped
	Reads   []string // the topics that the processor reads, where they are others than are waited for
}

// Partial takes in one chunk read at offset.
func (s *State) Partial(offset int64, p *partial.Partial, now int64) (c Changed, err error) {
	if s.last.Placement != 0 && s.last.Placement != p.Placement {
		return c, fmt.Errorf("merge the partial at offset %d of partition %d: %w: %d partitions are in use, and group %q (writer %s) uses %d: "+
			"stop one of the two, or give it another --partials-topic", offset, s.partition, ErrPlacement, s.last.Placement, p.Group, p.Writer, p.Placement)
	}
	s.last.Placement = p.Placement
	if offset < s.replayTo {
		return c, s.Open.Replay(offset, p)
	}
	sources, dropped, err := s.Open.Merge(offset, p)
	if err != nil {
		return c, err
	}
	s.last.Rule, s.last.Lateness = p.Rule, p.Lateness
	if c.Reads, err = s.heard(p, sources); err != nil {
		return c, fmt.Errorf("merge the partial at offset %d of partition %d: %w", offset, s.partition, err)
	}
	for _, src := range sources {
		base := s.bases.of(src)
		if base >= 0 && offset < s.bases[base].at {
			continue // started over: an older first report is about to be replaced
		}
		if err := s.Sources.Apply(src, now); err != nil {
			return c, fmt.Errorf("merge the partial at offset %d of partition %d: %w", offset, s.partition, err)
		}
		if base >= 0 && offset == s.bases[base].at {
			s.rebased(base)
		}
		if s.rules.changed(src, p.Rule) {
			c.Rule = append(c.Rule, src)
		}
		if src.Lost > 0 {
			c.Lost = append(c.Lost, src)
		}
	}
	if len(dropped) > 0 {
		for i, e := range dropped { // the partial's own are used again for the next one
			dropped[i] = e.Clone()
		}
		c.Dropped = &Dropped{Offset: offset, Entries: dropped, Sources: p.Sources}
	}
	return c, nil
}

// startOver re-bases sources on the first reports at bases. Where all sources that are known begin anew, what was
// merged before belongs to their former life and would count twice: reading goes on at from, with nothing open.
func (s *State) startOver(all bases, from int64) {
	s.bases = all
	s.Sources.StartOver(true)
	topics, known := s.Sources.Export()
	for _, src := range known {
		topic := topics[src.Topic]
		if all.of(partial.Source{Topic: topic.Name, TopicID: topic.ID, Partition: src.Partition}) < 0 {
			return
		}
	}
	s.position, s.replayTo = from, from
}

// rebased ends the starting over once every source stands on its base: a first report that comes later is as wrong as
// it is without --start-over.
func (s *State) rebased(base int) {
	if s.bases = slices.Delete(s.bases, base, base+1); len(s.bases) == 0 {
		s.Sources.StartOver(false)
	}
}

// Passed tells that everything below position is read, control batches included.
func (s *State) Passed(position int64) { s.position = max(s.position, position) }

// Closable tells whether a window would close at the time now if every look-up came out well.
func (s *State) Closable(now int64) bool { return s.Open.FirstEnd() <= s.Sources.Candidate(now) }

// Rises tells whether the emitted watermark could rise at the time now, with or without a window to close: what comes
// below it is too late ever after, so all source partitions must be known before.
func (s *State) Rises(now int64) bool { return s.Sources.Candidate(now) > s.Open.Emitted() }

// Close begins to close what the watermark has passed, and tells who it waits for otherwise.
func (s *State) Close(now int64) []watermark.Hold {
	w, holds := s.Sources.Watermark(now)
	s.Open.Close(w)
	return holds
}

// NeedIdle names the sources to be looked up before the idle rule can apply; none while no window waits for it.
func (s *State) NeedIdle(now int64) []watermark.Source {
	if s.Open.Windows() == 0 {
		return nil
	}
	return s.Sources.NeedIdle(now)
}

// Idle tells whether windows are open though the whole stream has stopped, as far as its partitions are known.
func (s *State) Idle(now int64) bool { return s.Open.Windows() > 0 && s.Sources.AllQuiet(now) }

// CloseIdle closes the windows that end, lateness included, before the wall clock, once the whole stream has stopped.
// The caller has read partials to its end.
func (s *State) CloseIdle(now int64) {
	if s.Sources.AllQuiet(now) {
		s.Open.CloseIdle(now - s.last.Lateness - 1) // before it, not at it
		s.Sources.Emitted(s.Open.Emitted())
	}
}

// CloseEnded closes everything once all sources have ended.
func (s *State) CloseEnded() {
	if _, all := s.Sources.Ended(); all {
		s.Open.CloseIdle(maxTime)
		s.Sources.Emitted(s.Open.Emitted())
	}
}

// Remember is what a commit says beside the position.
func (s *State) Remember() checkpoint.Merge {
	m := s.last
	m.ReplayFrom = s.Open.ReplayFrom(max(s.position, s.replayTo))
	m.Emitted = s.Open.Emitted()
	m.Cursor = nil
	if c := s.Open.Cursor(); c != nil {
		cc := checkpoint.Cursor(*c)
		m.Cursor = &cc
	}
	topics, states := s.Sources.Export()
	remember(&m, topics, states)
	return m
}
