package watermark

import (
	"math"

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

	hasTopic bool
	topicID  [16]byte
	counted  int32 // partitions as told; 0 = nobody counted yet
	sources  []source
	emitted  int64 // the floor under the watermark
	reads    int64 // reports applied; tells which look-ups are void
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

// Partitions says that the source topic has n partitions, by its metadata or by a partial. The number never shrinks.
func (s *Sources) Partitions(n int32) { s.counted = max(s.counted, n) }

// Apply lets one source's report take effect, at the time now. It returns an error of the kind ErrGap, ErrRepeat,
// ErrFirst or ErrTopicID, and changes nothing then. src.Partition is not negative.
//
// With StartOver, ErrFirst of a source that is not known means that the report is older than any first report still in
// the log, so the whole partial may be passed over.
func (s *Sources) Apply(src partial.Source, now int64) error {
	known, to := false, int64(0)
	if int(src.Partition) < len(s.sources) {
		known, to = s.sources[src.Partition].known, s.sources[src.Partition].to
	}
	rebase := src.First && s.startOver
	switch {
	case s.hasTopic && src.TopicID != s.topicID && !rebase:
		return topicError(&src, s.topicID, to)
	case src.First == known && !rebase:
		return firstError(&src, known, to)
	case !src.First && src.From != to:
		return joinError(&src, to)
	}
	if s.hasTopic && src.TopicID != s.topicID {
		// Of the old topic's partitions nothing is true any more, not even their number.
		s.sources, s.counted = nil, 0
	}
	s.hasTopic, s.topicID = true, src.TopicID
	s.reads++
	s.at(src.Partition).apply(&src, now)
	return nil
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

// at returns the state of a partition, which counts as existing from now on.
func (s *Sources) at(partition int32) *source {
	for int(partition) >= len(s.sources) {
		s.sources = append(s.sources, source{watermark: window.NoWatermark, spoke: never})
	}
	return &s.sources[partition]
}

// extend makes room for every partition that was counted, so that loops over sources meet the unreported ones too.
func (s *Sources) extend() {
	if s.counted > 0 {
		s.at(s.counted - 1)
	}
}
