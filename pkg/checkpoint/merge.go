package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	mergeEmitted = 1 << iota
	mergeCursor
	mergeTopics
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
	TopicID    [16]byte      // of the source topic; zero if there are several
	Topics     []SourceTopic // the source topics if there are several, else none
	Sources    []SourceState // topic by topic, in any order, up to 131,072
}

// SourceTopic is one of several source topics.
type SourceTopic struct {
	ID   [16]byte
	Name string
}

// Cursor is the last result out of a closing that takes several transactions, in the order (End, Category).
type Cursor struct {
	End      int64 // of the window, nanoseconds since the Unix epoch
	Category string
}

// SourceState is where the sink stands with one partition of a source topic.
type SourceState struct {
	Topic     int32 // its place in Topics; 0 if there is one topic only
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
	flags := flag(m.Emitted != math.MinInt64, mergeEmitted) | flag(m.Cursor != nil, mergeCursor) | flag(len(m.Topics) > 0, mergeTopics)
	b = append(b, kindMerge, flags)
	if flags&mergeTopics == 0 {
		b = append(b, m.TopicID[:]...)
	}
	b = binary.LittleEndian.AppendUint64(b, m.Rule)
	b = binary.AppendVarint(b, m.ReplayFrom)
	b = binary.AppendVarint(b, int64(m.Placement))
	b = binary.AppendVarint(b, m.Lateness)
	if flags&mergeEmitted != 0 {
		b = binary.AppendVarint(b, m.Emitted)
	}
	if m.Cursor != nil {
		b = binary.AppendVarint(b, m.Cursor.End)
		b = appendText(b, m.Cursor.Category)
	}
	if flags&mergeTopics != 0 {
		b = binary.AppendUvarint(b, uint64(len(m.Topics)))
		for _, t := range m.Topics {
			b = append(b, t.ID[:]...)
			b = appendText(b, t.Name)
		}
	}
	return appendStates(b, m.Sources, len(m.Topics) > 0)
}

// appendStates writes the sources column by column, the first of them that of their topics if there are several.
func appendStates(b []byte, sources []SourceState, several bool) []byte {
	n := len(sources)
	topics, partitions, flags, tos := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	watermarks := make([]int64, 0, n)
	begin := 0 // of the topic's sources
	for i, s := range sources {
		if i > 0 && s.Topic != sources[i-1].Topic {
			begin = i
		}
		topics[i] = int64(s.Topic)
		// In the usual case of all partitions in order this column is all 0 and takes no room.
		partitions[i] = int64(s.Partition) - int64(i-begin)
		tos[i] = s.To
		flags[i] = int64(flag(s.Known, stateKnown) | flag(s.Ended, stateEnded))
		// A source without a watermark is left out of the column, or its MinInt64 would widen everybody's.
		if s.Watermark != math.MinInt64 {
			flags[i] |= stateWatermark
			watermarks = append(watermarks, s.Watermark)
		}
	}
	b = binary.AppendUvarint(b, uint64(n))
	if several {
		b = appendColumn(b, topics)
	}
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
	if flags&mergeTopics == 0 {
		copy(m.TopicID[:], r.take(len(m.TopicID)))
	}
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
	if flags&mergeTopics != 0 {
		m.Topics = r.topics()
	}
	m.Sources = r.states(len(m.Topics))
	if err := r.end(what); err != nil {
		return Merge{}, err
	}
	return m, nil
}

// topics reads the source topics, of which there is at least one.
func (r *reader) topics() (all []SourceTopic) {
	for range r.count() {
		var t SourceTopic
		copy(t.ID[:], r.take(len(t.ID)))
		t.Name = string(r.take(r.length()))
		if r.short {
			return nil
		}
		all = append(all, t)
	}
	r.short = r.short || all == nil
	return all
}

// states reads what appendStates wrote, nil for no sources.
func (r *reader) states(several int) []SourceState {
	n := r.count()
	if n == 0 {
		return nil
	}
	topics := make([]int64, n)
	if several > 0 {
		topics = r.column(n)
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
	begin := 0
	for i := range sources {
		if i > 0 && topics[i] != topics[i-1] {
			begin = i
		}
		partition := partitions[i] + int64(i-begin)
		if partition < math.MinInt32 || partition > math.MaxInt32 || topics[i] < 0 || topics[i] >= int64(max(several, 1)) {
			r.short = true
			return nil
		}
		s := SourceState{Topic: int32(topics[i]), Partition: int32(partition), Known: flags[i]&stateKnown != 0, Ended: flags[i]&stateEnded != 0, To: tos[i], Watermark: math.MinInt64}
		if flags[i]&stateWatermark != 0 {
			s.Watermark, watermarks = watermarks[0], watermarks[1:]
		}
		sources[i] = s
	}
	return sources
}
