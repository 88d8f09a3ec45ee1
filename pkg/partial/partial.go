// Package partial is what one process learnt from its source partitions between two commits, and how that is written
// into the topic partials.
//
// A partial names the span of positions of every source that it covers, so a sink that reads them in order can tell a
// repeat from a gap from the next one: the identity of what was written lies in what was read, not in when.
package partial

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/meanstream/meanstream/pkg/window"
)

const (
	// version is what every release writes and reads; extended, what says more than the first ones could read: which
	// aggregates there are, or which topics.
	version, extended = 1, 2
	// maxCategory is the length in bytes of the longest category that a record may have.
	maxCategory = 1024
	// maxTopic is the length of the longest name that Kafka gives a topic.
	maxTopic = 249
	// maxCount bounds one message's counts (a year of nine million records a second), so that a sink may add up very
	// many messages, even damaged ones, before an int64 overflows.
	maxCount = 1 << 48
)

var (
	// ErrVersion says that the message was written by a later release, in a form that this one must not guess at.
	ErrVersion = errors.New("partial is of another version")
	// ErrMalformed says that the message is no partial, or one that no release would have written.
	ErrMalformed = errors.New("partial is malformed")
	// ErrTooLarge says that a part that cannot be divided is larger than the message limit.
	ErrTooLarge = errors.New("partial does not fit into a message")
)

// Topic is one of several source topics.
type Topic struct {
	ID         [16]byte // one that was deleted and made anew has another
	Name       string
	Partitions int32 // as the writer knew it, at least 1
}

// Source is where one source partition stands.
type Source struct {
	Topic     string   // its name, if the writer reads several; empty if there is only one
	TopicID   [16]byte // of the source topic: one that was deleted and made anew has another
	Partition int32
	First     bool  // no partial of this source came before
	Ended     bool  // it has reached its target of a run that exits at the end
	From, To  int64 // span of positions [From, To); equal when nothing was read
	Watermark int64 // nanoseconds since the Unix epoch; window.NoWatermark (math.MinInt64) = none yet

	// Records of the span by verdict; read = Kept + Filtered + Late + Rejected.
	Kept, Filtered, Late, Rejected int64

	// Lost is how many offsets of the span were deleted, by retention say, before they were read. Some may have been a
	// marker's or gone already by compaction, so it bounds the records that are missing: read + Lost <= To - From.
	Lost int64
}

// Spoke tells whether the span brought a valid record. Rejects are not speech: a device that sends only garbage must
// not hold up everybody else's windows. Nor is what was lost: nobody knows what it would have said.
func (s Source) Spoke() bool { return s.Kept+s.Filtered+s.Late > 0 }

// Entry is one category in one window.
type Entry struct {
	window.Bounds
	Category string // 1 to 1,024 bytes of UTF-8
	*window.Aggregate
}

// Clone returns a copy that shares no memory with e.
func (e Entry) Clone() Entry {
	a := e.Aggregate.Clone()
	e.Aggregate = &a
	return e
}

// Partial is one message, or before Encode all messages of one commit to one partials partition.
type Partial struct {
	Group            string
	Writer           string  // transactional id
	Epoch            int16   // producer epoch, not negative
	SourcePartitions int32   // of all source topics together as the writer knew them, at least 1
	Placement        int32   // partials partitions that categories are spread over, pinned, at least 1
	Rule             uint64  // window.Rule.Fingerprint
	Lateness         int64   // nanoseconds, not negative
	Chunk, Chunks    int32   // this is the message Chunk (from 0) of Chunks; set by Encode
	Topics           []Topic // the source topics by name if the writer reads several, else none
	Sources          []Source
	Entries          []Entry

	Aggregates window.Aggregates // what every entry carries
}

// compare orders entries as they are written, which is the order in which the sink will close them.
func compare(a, b Entry) int {
	return cmp.Or(a.Bounds.Compare(b.Bounds), cmp.Compare(a.Category, b.Category))
}

// check holds what is written and what is read to the same rules, so that nothing can be committed that a sink would
// have to stop at.
func (p *Partial) check() error {
	switch {
	case !utf8.ValidString(p.Group) || !utf8.ValidString(p.Writer):
		return fmt.Errorf("%w: group %q or writer %q is not UTF-8", ErrMalformed, p.Group, p.Writer)
	case p.Epoch < 0:
		return fmt.Errorf("%w: epoch %d is negative", ErrMalformed, p.Epoch)
	case p.SourcePartitions < 1 || p.Placement < 1:
		return fmt.Errorf("%w: %d source partitions and a placement over %d partitions, each must be at least 1",
			ErrMalformed, p.SourcePartitions, p.Placement)
	case p.Lateness < 0:
		return fmt.Errorf("%w: lateness %d ns is negative", ErrMalformed, p.Lateness)
	}
	if err := p.checkTopics(); err != nil {
		return err
	}
	for i := range p.Sources {
		if err := p.Sources[i].check(); err != nil {
			return err
		}
		if i > 0 && p.Sources[i-1].compare(p.Sources[i]) >= 0 {
			return fmt.Errorf("%w: source partition %d is out of order or there twice", ErrMalformed, p.Sources[i].Partition)
		}
	}
	for i, e := range p.Entries {
		if err := e.check(p.Aggregates); err != nil {
			return err
		}
		if i > 0 && compare(p.Entries[i-1], e) >= 0 {
			return fmt.Errorf("%w: category %q of the window that starts at %d ns is out of order or there twice",
				ErrMalformed, e.Category, e.Start)
		}
	}
	return nil
}

// checkChunk is apart from check because Encode has yet to choose the chunks.
func (p *Partial) checkChunk() error {
	if p.Chunk < 0 || p.Chunk >= p.Chunks {
		return fmt.Errorf("%w: chunk %d of %d, want one from 0 to below their number", ErrMalformed, p.Chunk, p.Chunks)
	}
	if len(p.Sources)+len(p.Topics) > 0 && p.Chunk != p.Chunks-1 {
		return fmt.Errorf("%w: sources in chunk %d of %d, they belong to the last", ErrMalformed, p.Chunk, p.Chunks)
	}
	return nil
}

func (s *Source) check() error {
	if s.Partition < 0 || s.From < 0 || s.From > s.To {
		return fmt.Errorf("%w: source partition %d with the span [%d, %d), want 0 <= from <= to",
			ErrMalformed, s.Partition, s.From, s.To)
	}
	// Each record takes a position, and none that was lost, so this also keeps their sum from overflowing.
	left := s.To - s.From
	for _, n := range [...]int64{s.Kept, s.Filtered, s.Late, s.Rejected, s.Lost} {
		if n < 0 || n > left {
			return fmt.Errorf("%w: source partition %d counts kept %d, filtered %d, late %d, rejected %d, lost %d within the span [%d, %d)",
				ErrMalformed, s.Partition, s.Kept, s.Filtered, s.Late, s.Rejected, s.Lost, s.From, s.To)
		}
		left -= n
	}
	return nil
}

func (e *Entry) check(carried window.Aggregates) error {
	if e.Category == "" || len(e.Category) > maxCategory || !utf8.ValidString(e.Category) {
		return fmt.Errorf("%w: a category of %d bytes starting %.40q, want 1 to %d bytes of UTF-8",
			ErrMalformed, len(e.Category), e.Category, maxCategory)
	}
	// A length beyond int64 would come back negative from the wire.
	if e.Start >= e.End || e.End-e.Start < 0 {
		return fmt.Errorf("%w: category %q in the window [%d, %d) ns, want the start before the end", ErrMalformed, e.Category, e.Start, e.End)
	}
	if a := e.Aggregate; a == nil || a.Count < 0 || a.Filtered < 0 || a.Count > maxCount || a.Filtered > maxCount || a.Count+a.Filtered == 0 {
		return fmt.Errorf("%w: category %q counts no record, or less than none, or more than %d: %v", ErrMalformed, e.Category, int64(maxCount), counts(a))
	}
	if e.Carried() != carried {
		return fmt.Errorf("%w: category %q carries %s, and its partial %s", ErrMalformed, e.Category, e.Carried(), carried)
	}
	if hasSum, hasSquares := e.Count > 0 && carried.NeedSum(), e.Count > 0 && carried.Has(window.StdDev); !hasSum && !e.Sum.IsZero() || !hasSquares && !e.Squares.IsZero() {
		return fmt.Errorf("%w: category %q has a sum without a kept record, or one that is not carried", ErrMalformed, e.Category)
	}
	if e.Count == 0 {
		return nil
	}
	hasMin, hasMax := carried.Has(window.Min), carried.Has(window.Max)
	if hasMin && !finite(e.Min) || hasMax && !finite(e.Max) || hasMin && hasMax && e.Min > e.Max {
		return fmt.Errorf("%w: category %q with min %v and max %v, want finite ones in order", ErrMalformed, e.Category, e.Min, e.Max)
	}
	if carried.Has(window.First) && !sound(e.Chosen.First) || carried.Has(window.Last) && !sound(e.Chosen.Last) {
		return fmt.Errorf("%w: category %q with first %+v and last %+v, want finite ones of some topic's partition", ErrMalformed, e.Category, e.Chosen.First, e.Chosen.Last)
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func sound(p window.Point) bool {
	return finite(p.Value) && p.Partition >= 0 && p.Offset >= 0 && len(p.Topic) <= maxTopic && utf8.ValidString(p.Topic)
}

// counts shows an aggregate's counts in an error, also when there is no aggregate.
func counts(a *window.Aggregate) string {
	if a == nil {
		return "no aggregate"
	}
	return fmt.Sprintf("kept %d, filtered %d", a.Count, a.Filtered)
}
