package partial

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/meanstream/meanstream/pkg/exact"
	"github.com/meanstream/meanstream/pkg/window"
)

// Field numbers of partial.proto.
const (
	partialVersion          protowire.Number = 1
	partialGroup            protowire.Number = 2
	partialWriter           protowire.Number = 3
	partialEpoch            protowire.Number = 4
	partialSourcePartitions protowire.Number = 5
	partialPlacement        protowire.Number = 6
	partialRule             protowire.Number = 7
	partialLateness         protowire.Number = 8
	partialChunk            protowire.Number = 9
	partialChunks           protowire.Number = 10
	partialSources          protowire.Number = 11
	partialEntries          protowire.Number = 12
	partialAggregates       protowire.Number = 20
	partialTopics           protowire.Number = 21

	sourceTopicID   protowire.Number = 1
	sourcePartition protowire.Number = 2
	sourceFirst     protowire.Number = 3
	sourceEnded     protowire.Number = 4
	sourceFrom      protowire.Number = 5
	sourceTo        protowire.Number = 6
	sourceWatermark protowire.Number = 7
	sourceKept      protowire.Number = 8
	sourceFiltered  protowire.Number = 9
	sourceLate      protowire.Number = 10
	sourceRejected  protowire.Number = 11
	sourceLost      protowire.Number = 12
	sourceTopic     protowire.Number = 13

	topicID         protowire.Number = 1
	topicName       protowire.Number = 2
	topicPartitions protowire.Number = 3

	entryStart    protowire.Number = 1
	entryLength   protowire.Number = 2
	entryCategory protowire.Number = 3
	entryCount    protowire.Number = 4
	entryFiltered protowire.Number = 5
	entryMin      protowire.Number = 6
	entryMax      protowire.Number = 7
	entrySum      protowire.Number = 8
	entrySquares  protowire.Number = 9
	entryFirst    protowire.Number = 10
	entryLast     protowire.Number = 11

	pointTime      protowire.Number = 1
	pointPartition protowire.Number = 2
	pointOffset    protowire.Number = 3
	pointValue     protowire.Number = 4
	pointTopic     protowire.Number = 5

	sumIndex protowire.Number = 1
	sumChunk protowire.Number = 2
)

// Encode writes p as one message value per chunk, each at most limit bytes, and sets Chunk and Chunks in them; p stays
// as it is. The same content gives the same bytes: entries are written in rising order of (window end, start, category
// bytes), sources by topic and partition.
//
// The error is ErrMalformed where Decode would refuse the outcome, and ErrTooLarge where one entry, or all sources
// together, exceed the limit.
func (p *Partial) Encode(limit int) ([][]byte, error) {
	p = p.sorted()
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("encode a partial of %s: %w", p.Writer, err)
	}
	// The numbers of the chunks come last into the head, so their room is set aside before they are known.
	tail := p.appendTail(nil)
	room := limit - len(p.appendHead(nil, math.MaxInt32, math.MaxInt32)) - len(tail)
	var sources, topics []byte
	for i := range p.Sources {
		sources = appendMessage(sources, partialSources, p.Sources[i].append(nil, p.topic(p.Sources[i].Topic)))
	}
	for i := range p.Topics {
		topics = appendMessage(topics, partialTopics, p.Topics[i].append(nil))
	}
	bodies, err := p.cut(room)
	if err != nil {
		return nil, err
	}
	if len(sources)+len(topics) > room {
		return nil, fmt.Errorf("encode a partial of %s: %w: its %d sources take %d bytes of at most %d: raise max.message.bytes of the partials topic",
			p.Writer, ErrTooLarge, len(p.Sources), len(sources)+len(topics), max(room, 0))
	}
	if last := bodies[len(bodies)-1]; len(last)+len(sources)+len(topics) > room {
		bodies = append(bodies, nil)
	}
	messages := make([][]byte, len(bodies))
	for i, body := range bodies {
		m := p.appendHead(make([]byte, 0, limit-room+len(body)+len(sources)+len(topics)), int32(i), int32(len(bodies)))
		end := tail
		if i == len(bodies)-1 {
			m, end = append(m, sources...), slices.Concat(tail, topics)
		}
		messages[i] = append(append(m, body...), end...)
	}
	return messages, nil
}

// cut encodes the entries and divides them into bodies of at most room bytes; there is always one, perhaps empty.
func (p *Partial) cut(room int) ([][]byte, error) {
	bodies := [][]byte{nil}
	var entry []byte
	for _, e := range p.Entries {
		entry = e.append(entry[:0])
		size := protowire.SizeTag(partialEntries) + protowire.SizeBytes(len(entry))
		if size > room {
			return nil, fmt.Errorf("encode a partial of %s: %w: category %.40q takes %d bytes of at most %d: raise max.message.bytes of the partials topic",
				p.Writer, ErrTooLarge, e.Category, size, max(room, 0))
		}
		if len(bodies[len(bodies)-1])+size > room {
			bodies = append(bodies, nil)
		}
		last := &bodies[len(bodies)-1]
		*last = appendMessage(*last, partialEntries, entry)
	}
	return bodies, nil
}

// sorted returns p with its entries and sources in the order in which they are written, without touching the caller's.
func (p *Partial) sorted() *Partial {
	byName := func(a, b Topic) int { return strings.Compare(a.Name, b.Name) }
	q := *p
	if !slices.IsSortedFunc(q.Topics, byName) {
		q.Topics = slices.SortedFunc(slices.Values(q.Topics), byName)
	}
	if !slices.IsSortedFunc(q.Entries, compare) {
		q.Entries = slices.SortedFunc(slices.Values(q.Entries), compare)
	}
	if !slices.IsSortedFunc(q.Sources, Source.compare) {
		q.Sources = slices.SortedStableFunc(slices.Values(q.Sources), Source.compare)
	}
	return &q
}

func (p *Partial) appendHead(b []byte, chunk, chunks int32) []byte {
	v := int64(version)
	if p.Aggregates != window.Default || len(p.Topics) > 0 {
		v = extended
	}
	b = appendVarint(b, partialVersion, v)
	b = appendString(b, partialGroup, p.Group)
	b = appendString(b, partialWriter, p.Writer)
	b = appendVarint(b, partialEpoch, int64(p.Epoch))
	b = appendVarint(b, partialSourcePartitions, int64(p.SourcePartitions))
	b = appendVarint(b, partialPlacement, int64(p.Placement))
	if p.Rule != 0 {
		b = appendFixed(b, partialRule, p.Rule)
	}
	b = appendVarint(b, partialLateness, p.Lateness)
	b = appendVarint(b, partialChunk, int64(chunk))
	return appendVarint(b, partialChunks, int64(chunks))
}

// appendTail is written behind the entries because its number is greater than theirs.
func (p *Partial) appendTail(b []byte) []byte {
	if p.Aggregates == window.Default {
		return b
	}
	// A packed list of numbers below 128.
	return appendMessage(b, partialAggregates, []byte(p.Aggregates))
}

// append writes a source; topic is the place of its topic in the partial's list, -1 if there is none.
func (s *Source) append(b []byte, topic int) []byte {
	if topic < 0 {
		b = protowire.AppendTag(b, sourceTopicID, protowire.BytesType)
		b = protowire.AppendBytes(b, s.TopicID[:])
	}
	b = appendVarint(b, sourcePartition, int64(s.Partition))
	b = appendVarint(b, sourceFirst, int64(protowire.EncodeBool(s.First)))
	b = appendVarint(b, sourceEnded, int64(protowire.EncodeBool(s.Ended)))
	b = appendVarint(b, sourceFrom, s.From)
	b = appendVarint(b, sourceTo, s.To)
	if s.Watermark != window.NoWatermark {
		b = appendFixed(b, sourceWatermark, uint64(s.Watermark))
	}
	b = appendVarint(b, sourceKept, s.Kept)
	b = appendVarint(b, sourceFiltered, s.Filtered)
	b = appendVarint(b, sourceLate, s.Late)
	b = appendVarint(b, sourceRejected, s.Rejected)
	b = appendVarint(b, sourceLost, s.Lost)
	return appendVarint(b, sourceTopic, int64(max(topic, 0)))
}

func (e *Entry) append(b []byte) []byte {
	if e.Start != 0 {
		b = appendFixed(b, entryStart, uint64(e.Start))
	}
	b = appendVarint(b, entryLength, e.End-e.Start)
	b = appendString(b, entryCategory, e.Category)
	b = appendVarint(b, entryCount, e.Count)
	b = appendVarint(b, entryFiltered, e.Filtered)
	if e.Count == 0 {
		return b
	}
	if e.Chosen != nil {
		return e.appendChosen(b, e.Chosen)
	}
	// Written even when 0, because absence says that there was no value.
	b = appendFixed(b, entryMin, math.Float64bits(e.Min))
	b = appendFixed(b, entryMax, math.Float64bits(e.Max))
	b = appendSum(b, entrySum, &e.Sum)
	return appendSum(b, entrySquares, &e.Squares)
}

// appendChosen writes what is carried where that is not the default.
func (e *Entry) appendChosen(b []byte, c *window.Chosen) []byte {
	if c.Aggregates.Has(window.Min) {
		b = appendFixed(b, entryMin, math.Float64bits(e.Min))
	}
	if c.Aggregates.Has(window.Max) {
		b = appendFixed(b, entryMax, math.Float64bits(e.Max))
	}
	b = appendSum(b, entrySum, &e.Sum)
	b = appendSum(b, entrySquares, &e.Squares)
	if c.Aggregates.Has(window.First) {
		b = appendMessage(b, entryFirst, appendPoint(nil, c.First))
	}
	if c.Aggregates.Has(window.Last) {
		b = appendMessage(b, entryLast, appendPoint(nil, c.Last))
	}
	return b
}

func appendPoint(b []byte, p window.Point) []byte {
	if p.Time != 0 {
		b = appendFixed(b, pointTime, uint64(p.Time))
	}
	b = appendVarint(b, pointPartition, int64(p.Partition))
	b = appendVarint(b, pointOffset, p.Offset)
	if p.Value != 0 {
		b = appendFixed(b, pointValue, math.Float64bits(p.Value))
	}
	return appendString(b, pointTopic, p.Topic)
}

// appendSum writes a sum's canonical chunks, so that equal sums are equal bytes whatever was added in which order.
func appendSum(b []byte, field protowire.Number, s *exact.Sum) []byte {
	// Room for the sums of ordinary measurements, which then cost no allocation here.
	var indexes, chunks [64]byte
	index, chunk := indexes[:0], chunks[:0]
	s.Chunks(func(i int, c int64) bool {
		index = protowire.AppendVarint(index, uint64(i))
		chunk = protowire.AppendVarint(chunk, protowire.EncodeZigZag(c))
		return true
	})
	if len(index) == 0 {
		return b
	}
	size := protowire.SizeTag(sumIndex) + protowire.SizeBytes(len(index)) + protowire.SizeTag(sumChunk) + protowire.SizeBytes(len(chunk))
	b = protowire.AppendTag(b, field, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	b = appendMessage(b, sumIndex, index)
	return appendMessage(b, sumChunk, chunk)
}

// appendVarint leaves a 0 out, as every Protocol Buffers writer does.
func appendVarint(b []byte, field protowire.Number, v int64) []byte {
	if v == 0 {
		return b
	}
	b = protowire.AppendTag(b, field, protowire.VarintType)
	return protowire.AppendVarint(b, uint64(v))
}

func appendFixed(b []byte, field protowire.Number, v uint64) []byte {
	b = protowire.AppendTag(b, field, protowire.Fixed64Type)
	return protowire.AppendFixed64(b, v)
}

func appendString(b []byte, field protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	b = protowire.AppendTag(b, field, protowire.BytesType)
	return protowire.AppendString(b, s)
}

func appendMessage(b []byte, field protowire.Number, m []byte) []byte {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	return protowire.AppendBytes(b, m)
}
