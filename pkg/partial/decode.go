package partial

import (
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/meanstream/meanstream/pkg/window"
)

// Decode reads one message value. Unknown fields are skipped, since a later release may add some that this one does not
// need; nothing of the result aliases b.
//
// The error is ErrVersion for a message that only a later release can read, and ErrMalformed for anything that Encode
// would not have written: such a message must stop the sink rather than be guessed at.
func Decode(b []byte) (*Partial, error) { return new(Decoder).Decode(b) }

// Decoder reads many messages, one after the other, into the same memory. The zero value is ready to use.
type Decoder struct {
	entries []Entry // with the aggregates of the messages before, to be used again
	points  []int32 // of sources at topics
}

// Decode is as the function Decode, but that the entries are valid until the next call only. Their categories, like all
// strings, may be kept.
func (d *Decoder) Decode(b []byte) (*Partial, error) {
	p := &Partial{}
	if err := p.readVersion(b); err != nil {
		return nil, fmt.Errorf("decode a partial of %d bytes: %w", len(b), err)
	}
	d.entries, d.points = d.entries[:0], d.points[:0]
	if err := each(b, func(f field) error { return d.read(p, f) }); err != nil {
		return nil, fmt.Errorf("decode a partial of %d bytes: %w", len(b), err)
	}
	p.Entries = slices.Clip(d.entries)
	if err := p.place(d.points); err != nil {
		return nil, fmt.Errorf("decode a partial of %s: %w", p.Writer, err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("decode a partial of %s: %w", p.Writer, err)
	}
	if err := p.checkChunk(); err != nil {
		return nil, fmt.Errorf("decode a partial of %s: %w", p.Writer, err)
	}
	return p, nil
}

// readVersion looks at the version alone first, for what the other fields of another version mean is not known here, and
// at what the entries carry, which stands behind them.
func (p *Partial) readVersion(b []byte) error {
	found, kinds, topics := uint64(0), []uint64(nil), false
	err := each(b, func(f field) (err error) {
		switch f.number {
		case partialVersion:
			found = f.bits
			return f.is(protowire.VarintType)
		case partialAggregates:
			kinds, err = f.list(kinds)
		case partialTopics:
			topics = true
		}
		return err
	})
	switch {
	case err != nil && found <= extended:
		return err
	case found == 0:
		return fmt.Errorf("%w: it has no version: is something else writing to this topic? give meanstream a topic of its own", ErrMalformed)
	case found > extended:
		return fmt.Errorf("%w: version %d, this release reads %d: upgrade the sinks before the processors", ErrVersion, found, extended)
	case found == version && (kinds != nil || topics):
		return fmt.Errorf("%w: aggregates or a list of topics in version %d", ErrMalformed, version)
	}
	return p.readAggregates(kinds)
}

func (p *Partial) readAggregates(numbers []uint64) error {
	var kinds []window.Kind
	for _, n := range numbers {
		k := window.Kind(min(n, math.MaxUint8))
		if !k.Known() {
			return fmt.Errorf("%w: aggregate %d is not known to this release: upgrade the sinks before the processors", ErrVersion, n)
		}
		if slices.Contains(kinds, k) {
			return fmt.Errorf("%w: aggregate %s is carried twice", ErrMalformed, k)
		}
		kinds = append(kinds, k)
	}
	if len(kinds) > 0 {
		p.Aggregates = window.AggregatesOf(kinds...)
	}
	return nil
}

func (d *Decoder) read(p *Partial, f field) error {
	switch f.number {
	case partialGroup:
		return f.string(&p.Group)
	case partialWriter:
		return f.string(&p.Writer)
	case partialEpoch:
		var epoch int32
		err := f.int32(&epoch)
		if err == nil && (epoch < 0 || epoch > math.MaxInt16) {
			return fmt.Errorf("%w: epoch %d, want 0 to %d", ErrMalformed, epoch, math.MaxInt16)
		}
		p.Epoch = int16(epoch)
		return err
	case partialSourcePartitions:
		return f.int32(&p.SourcePartitions)
	case partialPlacement:
		return f.int32(&p.Placement)
	case partialRule:
		return f.fixed(&p.Rule)
	case partialLateness:
		return f.int64(&p.Lateness)
	case partialChunk:
		return f.int32(&p.Chunk)
	case partialChunks:
		return f.int32(&p.Chunks)
	case partialSources:
		s, point := Source{Watermark: window.NoWatermark}, int32(0)
		if err := s.decode(f, &point); err != nil {
			return fmt.Errorf("source %d of the message: %w", len(p.Sources), err)
		}
		p.Sources, d.points = append(p.Sources, s), append(d.points, point)
	case partialEntries:
		if err := d.entry(p.Aggregates).decode(f); err != nil {
			return fmt.Errorf("entry %d of the message: %w", len(d.entries)-1, err)
		}
	case partialTopics:
		var t Topic
		if err := t.decode(f); err != nil {
			return fmt.Errorf("topic %d of the message: %w", len(p.Topics), err)
		}
		p.Topics = append(p.Topics, t)
	}
	return nil
}

func (s *Source) decode(message field, topic *int32) error {
	if err := message.is(protowire.BytesType); err != nil {
		return err
	}
	id, hasID := "", false
	err := each(message.bytes, func(f field) error {
		switch f.number {
		case sourceTopicID:
			hasID = true
			return f.string(&id)
		case sourcePartition:
			return f.int32(&s.Partition)
		case sourceFirst:
			return f.bool(&s.First)
		case sourceEnded:
			return f.bool(&s.Ended)
		case sourceFrom:
			return f.int64(&s.From)
		case sourceTo:
			return f.int64(&s.To)
		case sourceWatermark:
			return f.sfixed(&s.Watermark)
		case sourceKept:
			return f.int64(&s.Kept)
		case sourceFiltered:
			return f.int64(&s.Filtered)
		case sourceLate:
			return f.int64(&s.Late)
		case sourceRejected:
			return f.int64(&s.Rejected)
		case sourceLost:
			return f.int64(&s.Lost)
		case sourceTopic:
			return f.int32(topic)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !hasID { // place looks the topic up
		return nil
	}
	*topic = ownID
	return readID(&s.TopicID, id)
}
