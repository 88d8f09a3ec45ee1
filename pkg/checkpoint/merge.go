package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	mergeEmitted = 1 << iota
	mergeCursor
	mergeFlagsEnd
)

const (
	stateKnown = 1 << iota
	stateEnded
	stateWatermark
	stateFlagsEnd
)

// Merge is what the sink remembers of one partition of the partials topic. The windows themselves are not in it: they
// are merged again from the partials that it says to replay.
type Merge struct {
	ReplayFrom int64         // offset of the oldest partial that an open window still needs
	Placement  int32         // partials partitions that categories are spread over
	Emitted    int64         // watermark up to which results are out, ns since the Unix epoch; math.MinInt64 = none yet
	Cursor     *Cursor       // nil unless a closing is under way
	Lateness   int64         // of the rule that counted last, in nanoseconds
	Rule       uint64        // its fingerprint
	TopicID    [16]byte      // of the source topic
	Sources    []SourceState // in any order, up to 131,072
}

// Cursor is the last result out of a closing that takes several transactions, in the order (End, Category).
type Cursor struct {
	End      int64 // of the window, nanoseconds since the Unix epoch
	Category string
}

// SourceState is where the sink stands with one partition of the source topic.
type SourceState struct {
	Partition int32
	Known     bool  // its `first` partial was seen
	Ended     bool  // it has reached its target of a run that exits at the end
	To        int64 // end of the last span
	Watermark int64 // nanoseconds since the Unix epoch; math.MinInt64 = none yet
}

// Append appends the body for m to b. The sources of 250 partitions fit a commit with the default limit; whether they do
// shows in Encode, and the error here is ErrTooLong for more sources than ParseMerge would take.
func (m *Merge) Append(b []byte) ([]byte, error) {
	if len(m.Sources) > maxPartitions {
		return nil, fmt.Errorf("encode the sink's commit metadata: %w: %d source partitions, at most %d can be told apart",
			ErrTooLong, len(m.Sources), maxPartitions)
	}
	return m.append(b), nil
}

func (m *Merge) append(b []byte) []byte {
	flags := flag(m.Emitted != math.MinInt64, mergeEmitted) | flag(m.Cursor != nil, mergeCursor)
	b = append(b, kindMerge, flags)
	b = append(b, m.TopicID[:]...)
	b = binary.LittleEndian.AppendUint64(b, m.Rule)
	b = binary.AppendVarint(b, m.ReplayFrom)
	b = binary.AppendVarint(b, int64(m.Placement))
	b = binary.AppendVarint(b, m.Lateness)
	if flags&mergeEmitted != 0 {
		b = binary.AppendVarint(b, m.Emitted)
	}
	if m.Cursor != nil {
		b = binary.AppendVarint(b, m.Cursor.End)
		b = binary.AppendUvarint(b, uint64(len(m.Cursor.Category)))
		b = append(b, m.Cursor.Category...)
	}
	return appendStates(b, m.Sources)
}

// appendStates writes the sources column by column.
func appendStates(b []byte, sources []SourceState) []byte {
	n := len(sources)
	partitions, flags, tos := make([]int64, n), make([]int64, n), make([]int64, n)
	watermarks := make([]int64, 0, n)
	for i, s := range sources {
		// In the usual case of all partitions in order the first column is all 0 and takes no room.
		partitions[i] = int64(s.Partition) - int64(i)
		tos[i] = s.To
		flags[i] = int64(flag(s.Known, stateKnown) | flag(s.Ended, stateEnded))
		// A source without a watermark is left out of the column, or its MinInt64 would widen everybody's.
		if s.Watermark != math.MinInt64 {
			flags[i] |= stateWatermark
			watermarks = append(watermarks, s.Watermark)
		}
	}
	b = binary.AppendUvarint(b, uint64(n))
	b = appendColumn(b, partitions)
	b = appendColumn(b, flags)
	b = appendColumn(b, tos)
	return appendColumn(b, watermarks)
}

// ParseMerge reads what Append wrote; the error is ErrUnreadable.
func ParseMerge(b []byte) (Merge, error) {
	const what = "sink's commit metadata"
	r := reader{b: b}
	kind, flags := r.byte(), r.byte()
	if kind != kindMerge || flags >= mergeFlagsEnd {
		return Merge{}, fmt.Errorf("parse the %s: %w: it is of the kind %q with flags %#x, want %q; do processor and sink share a group's name?",
			what, ErrUnreadable, kind, flags, kindMerge)
	}
	m := Merge{Emitted: math.MinInt64}
	copy(m.TopicID[:], r.take(len(m.TopicID)))
	if rule := r.take(8); len(rule) == 8 {
		m.Rule = binary.LittleEndian.Uint64(rule)
	}
	m.ReplayFrom = r.varint()
	m.Placement = r.int32()
	m.Lateness = r.varint()
	if flags&mergeEmitted != 0 {
		m.Emitted = r.varint()
	}
	if flags&mergeCursor != 0 {
		m.Cursor = &Cursor{End: r.varint()}
		m.Cursor.Category = string(r.take(r.length()))
	}
	m.Sources = r.states()
	if err := r.end(what); err != nil {
		return Merge{}, err
	}
	return m, nil
}

// states reads what appendStates wrote, nil for no sources.
func (r *reader) states() []SourceState {
	n := r.count()
	if n == 0 {
		return nil
	}
	partitions, flags, tos := r.column(n), r.column(n), r.column(n)
	if r.short {
		return nil
	}
	marked := 0
	for _, f := range flags {
		if f < 0 || f >= stateFlagsEnd {
			r.short = true
			return nil
		}
		marked += int(f / stateWatermark)
	}
	watermarks := r.column(marked)
	if r.short {
		return nil
	}
	sources := make([]SourceState, n)
	for i := range sources {
		partition := partitions[i] + int64(i)
		if partition < math.MinInt32 || partition > math.MaxInt32 {
			r.short = true
			return nil
		}
		s := SourceState{Partition: int32(partition), Known: flags[i]&stateKnown != 0, Ended: flags[i]&stateEnded != 0, To: tos[i], Watermark: math.MinInt64}
		if flags[i]&stateWatermark != 0 {
			s.Watermark, watermarks = watermarks[0], watermarks[1:]
		}
		sources[i] = s
	}
	return sources
}
