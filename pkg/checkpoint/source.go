package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The first byte of a body says whose it is: processor and sink may by mistake be given the same group.
const (
	kindSource = 'p'
	kindMerge  = 's'
)

const (
	sourceOpened = 1 << iota
	sourceEnded
	sourceWatermark
	sourcePins
	sourceTargets
	sourceOthers
	sourceFlagsEnd
)

// maxPartitions bounds what a damaged number can make a reader allocate.
const maxPartitions = 1 << 17

// Source is what the processor remembers of one partition of a source topic.
type Source struct {
	TopicID   [16]byte
	Opened    bool  // its first partial was committed, flagged `first`
	Watermark int64 // nanoseconds since the Unix epoch; math.MinInt64 = none yet
	Ended     bool  // it has reached its target of a run that exits at the end
	EndedAt   int64 // the target offset that was reached

	Pins *Pins // of partition 0 only: the owner of the first topic's alone decides for the group
	// Targets is of the first topic's partition 0 only: the offset per partition at which an exit-at-end run, finished or
	// not, ends; nil outside such runs. At most 131,072 partitions.
	Targets []int64
	Run     int64 // number of that run, so that a second one to the same targets is told from the first; with Targets only
	// Others is of the first topic's partition 0 only, where there are several topics: what is settled for the others, by
	// name.
	Others []Other
}

// Other is what is settled for a source topic beside the first.
type Other struct {
	Topic   string
	Base    int32   // as in Pins
	Targets []int64 // nil where those of the first are
}

// Pins are what a group has settled at its first start, so that topics may grow later and nothing moves.
type Pins struct {
	Placement int32 // partials partitions that categories are spread over
	Base      int32 // partitions that the topic had; those at and above it start at their beginning
}

// AppendSource appends the body for s to b.
func AppendSource(b []byte, s *Source) []byte {
	flags := flag(s.Opened, sourceOpened) | flag(s.Ended, sourceEnded) | flag(s.Watermark != math.MinInt64, sourceWatermark) |
		flag(s.Pins != nil, sourcePins) | flag(s.Targets != nil, sourceTargets) |
		flag(len(s.Others) > 0, sourceOthers)
	b = append(b, kindSource, flags)
	b = append(b, s.TopicID[:]...)
	if flags&sourceWatermark != 0 {
		b = binary.AppendVarint(b, s.Watermark)
	}
	b = binary.AppendVarint(b, s.EndedAt)
	if s.Pins != nil {
		b = binary.AppendVarint(b, int64(s.Pins.Placement))
		b = binary.AppendVarint(b, int64(s.Pins.Base))
	}
	if s.Targets != nil {
		b = binary.AppendVarint(b, s.Run)
		b = appendTargets(b, s.Targets)
	}
	if flags&sourceOthers == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(len(s.Others)))
	for _, o := range s.Others {
		b = appendText(b, o.Topic)
		b = binary.AppendVarint(b, int64(o.Base))
		if s.Targets != nil {
			b = appendTargets(b, o.Targets)
		}
	}
	return b
}

func appendTargets(b []byte, targets []int64) []byte {
	b = binary.AppendUvarint(b, uint64(len(targets)))
	return appendColumn(b, targets)
}

func appendText(b []byte, text string) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

// flag returns the bit if it is to be set.
func flag(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

// ParseSource reads what AppendSource wrote; the error is ErrUnreadable.
func ParseSource(b []byte) (Source, error) {
	const what = "processor's commit metadata"
	r := reader{b: b}
	kind, flags := r.byte(), r.byte()
	if kind != kindSource || flags >= sourceFlagsEnd {
		return Source{}, fmt.Errorf("parse the %s: %w: it is of the kind %q with flags %#x, want %q; do processor and sink share a group's name?",
			what, ErrUnreadable, kind, flags, kindSource)
	}
	s := Source{Opened: flags&sourceOpened != 0, Ended: flags&sourceEnded != 0, Watermark: math.MinInt64}
	copy(s.TopicID[:], r.take(len(s.TopicID)))
	if flags&sourceWatermark != 0 {
		s.Watermark = r.varint()
	}
	s.EndedAt = r.varint()
	if flags&sourcePins != 0 {
		s.Pins = &Pins{Placement: r.int32(), Base: r.int32()}
	}
	if flags&sourceTargets != 0 {
		s.Run = r.varint()
		s.Targets = r.column(r.count())
	}
	if flags&sourceOthers != 0 {
		s.Others = r.others(s.Targets != nil)
	}
	if err := r.end(what); err != nil {
		return Source{}, err
	}
	return s, nil
}

// others reads what AppendSource wrote of other topics, nil for none.
func (r *reader) others(targets bool) (all []Other) {
	for range r.count() {
		o := Other{Topic: string(r.take(r.length())), Base: r.int32()}
		if targets {
			o.Targets = r.column(r.count())
		}
		if r.short {
			return nil
		}
		all = append(all, o)
	}
	return all
}

// count reads a number of partitions, or of topics.
func (r *reader) count() int {
	n := r.uvarint()
	if n > maxPartitions {
		r.short = true
		return 0
	}
	return int(n)
}
