package watermark

import (
	"math"
	"slices"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/window"
)

// never is when a source last spoke that has not spoken yet.
const never int64 = math.MinInt64

// Sources is what one sink worker knows of all source partitions. It is not safe for concurrent use.
type Sources struct {
	idleAfter      int64
	closeIdleAfter int64
	startOver      bool

	listed  []string // names of the topics that are waited for; nil = all
	topics  []*topic // by name
	emitted int64    // the floor under the watermark
	reads   int64    // reports applied; tells which look-ups are void
}

// source is one source partition.
type source struct {
	known, ended bool
	to           int64 // end of its last span
	watermark    int64
	spoke        int64 // when it last brought a valid record, or never

	start, end int64 // its log, as looked up
	lookedUp   int64 // when
	asOf       int64 // the value of Sources.reads then; 0 = not looked up
}

// New returns the state of a sink that has read nothing. A source that brought no valid record for idleAfter
// nanoseconds is quiet; all of them for closeIdleAfter nanoseconds are an end of the stream. 0 means never.
func New(idleAfter, closeIdleAfter int64) *Sources {
	// reads starts at 1, so that a source's zero asOf is void from the beginning.
	return &Sources{idleAfter: idleAfter, closeIdleAfter: closeIdleAfter, emitted: window.NoWatermark, reads: 1}
}

// StartOver says whether a first report re-bases a source that is known already instead of being an error. It stays
// on until it is switched off, which the sink does with the commit that remembers the new bases.
func (s *Sources) StartOver(on bool) { s.startOver = on }

// Apply lets one source's report take effect, at the time now. It returns an error of the kind ErrGap, ErrRepeat,
// ErrFirst or ErrTopicID, and changes nothing then. src.Partition is not negative.
//
// With StartOver, ErrFirst of a source that is not known means that the report is older than any first report still in
// the log, so the whole partial may be passed over.
func (s *Sources) Apply(src partial.Source, now int64) error {
	t := s.byID(src.TopicID)
	var former *topic // that src's took the place of
	if t == nil {
		former = s.namesake(src.Topic)
	}
	known, to := s.stands(t, former, src.Partition)
	rebase := src.First && s.startOver
	switch {
	case former != nil && former.reported() && !rebase:
		return topicError(&src, former.id, to)
	case src.First == known && !rebase:
		return firstError(&src, known, to)
	case !src.First && src.From != to:
		return joinError(&src, to)
	}
	switch {
	case t != nil:
	case former == nil:
		t = s.add(src.TopicID, src.Topic)
	case former.reported():
		// Of the old topic's partitions nothing is true any more, not even their number.
		name := former.name
		s.topics = slices.DeleteFunc(s.topics, func(o *topic) bool { return o == former })
		t = s.add(src.TopicID, name)
	default:
		t, former.id = former, src.TopicID
	}
	s.reads++
	t.at(src.Partition).apply(&src, now)
	return nil
}

// stands tells where a partition stands: of a topic, or where that is not known, of the one in whose place it came.
func (s *Sources) stands(t, former *topic, partition int32) (known bool, to int64) {
	if t == nil {
		t = former
	}
	if t == nil || int(partition) >= len(t.sources) {
		return false, 0
	}
	return t.sources[partition].known, t.sources[partition].to
}

func (s *source) apply(src *partial.Source, now int64) {
	if src.First {
		// A re-based source reads older records again: its old watermark would close their windows too early.
		*s = source{known: true, watermark: window.NoWatermark, spoke: never}
	}
	s.to = src.To
	s.ended = src.Ended
	s.watermark = max(s.watermark, src.Watermark)
	if src.Spoke() {
		s.spoke = now
	}
}
