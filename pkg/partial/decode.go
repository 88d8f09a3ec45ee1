package partial

import (
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/meanstream/meanstream/pkg/exact"
	"github.com/meanstream/meanstream/pkg/window"
)

// Decode reads one message value. Unknown fields are skipped, since a later release may add some that this one does not
// need; nothing of the result aliases b.
//
// The error is ErrVersion for a message that only a later release can read, and ErrMalformed for anything that Encode
// would not have written: such a message must stop the sink rather than be guessed at.
func Decode(b []byte) (*Partial, error) {
	p := &Partial{}
	if err := p.readVersion(b); err != nil {
		return nil, fmt.Errorf("decode a partial of %d bytes: %w", len(b), err)
	}
	var points []int32 // of sources at topics
	if err := each(b, func(f field) error { return p.read(f, &points) }); err != nil {
		return nil, fmt.Errorf("decode a partial of %d bytes: %w", len(b), err)
	}
	if err := p.place(points); err != nil {
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

func (p *Partial) read(f field, points *[]int32) error {
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
		p.Sources, *points = append(p.Sources, s), append(*points, point)
	case partialEntries:
		a := window.NewAggregate(p.Aggregates)
		e := Entry{Aggregate: &a}
		if err := e.decode(f); err != nil {
			return fmt.Errorf("entry %d of the message: %w", len(p.Entries), err)
		}
		p.Entries = append(p.Entries, e)
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

func (e *Entry) decode(message field) error {
	if err := message.is(protowire.BytesType); err != nil {
		return err
	}
	length, has := int64(0), present(0)
	err := each(message.bytes, func(f field) error {
		switch f.number {
		case entryStart:
			return f.sfixed(&e.Start)
		case entryLength:
			return f.int64(&length)
		case entryCategory:
			return f.string(&e.Category)
		case entryCount:
			return f.int64(&e.Count)
		case entryFiltered:
			return f.int64(&e.Filtered)
		case entryMin:
			has |= bit(window.Min)
			return f.double(&e.Min)
		case entryMax:
			has |= bit(window.Max)
			return f.double(&e.Max)
		case entrySum:
			return decodeSum(&e.Sum, f)
		case entrySquares:
			return decodeSum(&e.Squares, f)
		case entryFirst, entryLast:
			return e.decodePoint(f, &has)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range [...]window.Kind{window.Min, window.Max, window.First, window.Last} {
		if there, want := has&bit(k) != 0, e.Count > 0 && e.Carried().Has(k); there != want {
			return fmt.Errorf("%w: %d kept records, %s there: %v, want %v: it is exactly where it is carried and records were kept",
				ErrMalformed, e.Count, k, there, want)
		}
	}
	// An end that wraps around is noticed by check.
	e.End = e.Start + length
	return nil
}

// present are the kinds of which an entry has a field, one bit each.
type present uint64

func bit(k window.Kind) present { return 1 << k }

func (e *Entry) decodePoint(message field, has *present) error {
	if err := message.is(protowire.BytesType); err != nil {
		return err
	}
	if e.Chosen == nil { // the default has none: what is there too much is refused when all has been read
		e.Chosen = &window.Chosen{}
	}
	p := window.Point{}
	err := each(message.bytes, func(f field) error {
		switch f.number {
		case pointTime:
			return f.sfixed(&p.Time)
		case pointTopic:
			if string(f.bytes) == e.Chosen.First.Topic { // most often the last one is of the same topic
				p.Topic = e.Chosen.First.Topic
				return f.is(protowire.BytesType)
			}
			return f.string(&p.Topic)
		case pointPartition:
			return f.int32(&p.Partition)
		case pointOffset:
			return f.int64(&p.Offset)
		case pointValue:
			return f.double(&p.Value)
		}
		return nil
	})
	if message.number == entryFirst {
		*has |= bit(window.First)
		e.Chosen.First = p
	} else {
		*has |= bit(window.Last)
		e.Chosen.Last = p
	}
	return err
}

// decodeSum adds what a Sum message holds to s; a sum in two pieces is their sum, as Protocol Buffers merges them.
func decodeSum(s *exact.Sum, message field) error {
	if err := message.is(protowire.BytesType); err != nil {
		return err
	}
	// Ordinary measurements need a few chunks; more go to the heap.
	var indexRoom, chunkRoom [8]uint64
	indexes, chunks := indexRoom[:0], chunkRoom[:0]
	err := each(message.bytes, func(f field) (err error) {
		switch f.number {
		case sumIndex:
			indexes, err = f.list(indexes)
		case sumChunk:
			chunks, err = f.list(chunks)
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(indexes) != len(chunks) {
		return fmt.Errorf("%w: a sum with %d indexes and %d chunks, want as many", ErrMalformed, len(indexes), len(chunks))
	}
	for i, index := range indexes {
		chunk := protowire.DecodeZigZag(chunks[i])
		if i > 0 && index <= indexes[i-1] || chunk == 0 {
			return fmt.Errorf("%w: chunk %d of a sum at index %d is 0 or out of order", ErrMalformed, chunk, index)
		}
		if err := s.AddChunk(int(min(index, math.MaxInt32)), chunk); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	return nil
}
