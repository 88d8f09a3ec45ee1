package partial

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/meanstream/meanstream/pkg/exact"
	"github.com/meanstream/meanstream/pkg/window"
)

// Entries are nearly all of a partial, so they are read without closures, and without memory of their own. The loop over
// fields stands twice, in Entry.decode and in decodeSum: a type that walks them for both keeps what is left of the message in
// memory instead of registers, which costs BenchmarkDecode 4 to 7 percent.

// entry returns the next entry to be read, with an aggregate of no record.
func (d *Decoder) entry(carried window.Aggregates) *Entry {
	if n := len(d.entries); n < cap(d.entries) {
		d.entries = d.entries[:n+1]
	} else {
		d.entries = append(d.entries, Entry{})
	}
	e := &d.entries[len(d.entries)-1]
	if e.Aggregate == nil {
		e.Aggregate = &window.Aggregate{}
	}
	e.Reset(carried)
	return e
}

func (e *Entry) decode(message field) error {
	if err := message.is(protowire.BytesType); err != nil {
		return err
	}
	e.Start = 0
	length, has := int64(0), present(0)
	var category []byte
	var f field
	for b := message.bytes; len(b) > 0; {
		var err error
		if b, err = f.cut(b); err != nil {
			return err
		}
		switch f.number {
		case entryStart:
			err = f.sfixed(&e.Start)
		case entryLength:
			err = f.int64(&length)
		case entryCategory:
			category, err = f.bytes, f.is(protowire.BytesType)
		case entryCount:
			err = f.int64(&e.Count)
		case entryFiltered:
			err = f.int64(&e.Filtered)
		case entryMin:
			has |= bit(window.Min)
			err = f.double(&e.Min)
		case entryMax:
			has |= bit(window.Max)
			err = f.double(&e.Max)
		case entrySum:
			err = decodeSum(&e.Sum, f)
		case entrySquares:
			err = decodeSum(&e.Squares, f)
		case entryFirst, entryLast:
			err = e.decodePoint(f, &has)
		}
		if err != nil {
			return err
		}
	}
	// Most often the message before had the same category here.
	if e.Category != string(category) {
		e.Category = string(category)
	}
	// An end that wraps around is noticed by check.
	e.End = e.Start + length
	return e.checkPresent(has)
}

// present are the kinds of which an entry has a field, one bit each.
type present uint64

func bit(k window.Kind) present { return 1 << k }

func (e *Entry) checkPresent(has present) error {
	for _, k := range [...]window.Kind{window.Min, window.Max, window.First, window.Last} {
		if there, want := has&bit(k) != 0, e.Count > 0 && e.Carried().Has(k); there != want {
			return fmt.Errorf("%w: %d kept records, %s there: %v, want %v: it is exactly where it is carried and records were kept",
				ErrMalformed, e.Count, k, there, want)
		}
	}
	return nil
}

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
	var indexes, chunks []byte // packed
	var f field
	for b := message.bytes; len(b) > 0; {
		var err error
		if b, err = f.cut(b); err != nil {
			return err
		}
		switch f.number {
		case sumIndex:
			indexes, err = f.packed(indexes)
		case sumChunk:
			chunks, err = f.packed(chunks)
		}
		if err != nil {
			return err
		}
	}
	return addChunks(s, indexes, chunks)
}

// addChunks adds chunks to s, of which there is one for each index.
func addChunks(s *exact.Sum, indexes, chunks []byte) error {
	for before := -1; len(indexes) > 0 && len(chunks) > 0; {
		i, n := protowire.ConsumeVarint(indexes)
		c, m := protowire.ConsumeVarint(chunks)
		if n < 0 || m < 0 {
			return fmt.Errorf("%w: list in a sum: %w", ErrMalformed, protowire.ParseError(min(n, m)))
		}
		indexes, chunks = indexes[n:], chunks[m:]
		index, chunk := int(min(i, math.MaxInt32)), protowire.DecodeZigZag(c)
		if index <= before || chunk == 0 {
			return fmt.Errorf("%w: chunk %d of a sum at index %d is 0 or out of order", ErrMalformed, chunk, i)
		}
		if err := s.AddChunk(index, chunk); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		before = index
	}
	if len(indexes)+len(chunks) > 0 {
		return fmt.Errorf("%w: a sum with as many indexes as chunks is wanted, %d bytes of indexes and %d of chunks are left", ErrMalformed, len(indexes), len(chunks))
	}
	return nil
}
