package partial

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/meanstream/meanstream/pkg/window"
)

// raw writes p as it is, right or wrong, in one message.
func raw(p *Partial) []byte {
	b := p.appendHead(nil, p.Chunk, p.Chunks)
	for i := range p.Sources {
		b = appendMessage(b, partialSources, p.Sources[i].append(nil, p.topic(p.Sources[i].Topic)))
	}
	for i := range p.Entries {
		b = appendMessage(b, partialEntries, p.Entries[i].append(nil))
	}
	b = p.appendTail(b)
	for i := range p.Topics {
		b = appendMessage(b, partialTopics, p.Topics[i].append(nil))
	}
	return b
}

func TestWhatNoReleaseWritesIsRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(p *Partial)
	}{
		{"a group that is not UTF-8", func(p *Partial) { p.Group = "\xff" }},
		{"a writer that is not UTF-8", func(p *Partial) { p.Writer = "\xff" }},
		{"a negative epoch", func(p *Partial) { p.Epoch = -1 }},
		{"no source partitions", func(p *Partial) { p.SourcePartitions = 0 }},
		{"no placement", func(p *Partial) { p.Placement = 0 }},
		{"a negative lateness", func(p *Partial) { p.Lateness = -1 }},
		{"a negative chunk", func(p *Partial) { p.Chunk = -1 }},
		{"a chunk beyond the last", func(p *Partial) { p.Chunk = 1 }},
		{"sources before the last chunk", func(p *Partial) { p.Chunks = 2 }},
		{"a negative source partition", func(p *Partial) { p.Sources[0].Partition = -1 }},
		{"a source twice", func(p *Partial) { p.Sources[2].Partition = 4 }},
		{"a span before the beginning", func(p *Partial) { p.Sources[0].From = -1 }},
		{"a span that ends before it starts", func(p *Partial) { p.Sources[0].From = 1 }},
		{"a negative count in a source", func(p *Partial) { p.Sources[1].Late = -1 }},
		{"more records than positions", func(p *Partial) { p.Sources[1].Rejected = 8 }},
		{"more records than positions that were not lost", func(p *Partial) { p.Sources[1].Lost = 5 }},
		{"less than nothing lost", func(p *Partial) { p.Sources[1].Lost = -1 }},
		{"counts that overflow", func(p *Partial) { p.Sources[1].Kept, p.Sources[1].Filtered = math.MaxInt64, math.MaxInt64 }},
		{"an empty category", func(p *Partial) { p.Entries[2].Category = "" }},
		{"a category over 1 KiB", func(p *Partial) { p.Entries[2].Category = strings.Repeat("B", 1025) }},
		{"a category that is not UTF-8", func(p *Partial) { p.Entries[2].Category = "A\xff" }},
		{"a window without length", func(p *Partial) { p.Entries[0].End = p.Entries[0].Start }},
		{"a window that ends before it starts", func(p *Partial) { p.Entries[0].End = p.Entries[0].Start - 1 }},
		{"a window longer than int64", func(p *Partial) {
			p.Entries[0].Bounds = window.Bounds{Start: math.MinInt64, End: math.MaxInt64}
		}},
		{"windows out of order", func(p *Partial) { p.Entries[0].Bounds = p.Entries[2].Bounds }},
		{"categories out of order", func(p *Partial) { p.Entries[2].Category = "Ä\x01" }},
		{"an entry twice", func(p *Partial) { p.Entries[3].Category = "A" }},
		{"a negative count", func(p *Partial) { p.Entries[2].Count = -3 }},
		{"a negative filtered count", func(p *Partial) { p.Entries[2].Filtered = -1 }},
		{"a count that no flush reaches", func(p *Partial) { p.Entries[2].Count = maxCount + 1 }},
		{"a filtered count that no flush reaches", func(p *Partial) { p.Entries[2].Filtered = maxCount + 1 }},
		{"an entry of no records", func(p *Partial) { p.Entries[3].Filtered = 0 }},
		{"a minimum above the maximum", func(p *Partial) { p.Entries[2].Min = 90 }},
		{"a minimum that is not a number", func(p *Partial) { p.Entries[2].Min = math.NaN() }},
		{"an infinite maximum", func(p *Partial) { p.Entries[2].Max = math.Inf(1) }},
		{"an infinite minimum", func(p *Partial) { p.Entries[2].Min = math.Inf(-1) }},
		{"an entry that carries less", func(p *Partial) { p.Aggregates = window.AggregatesOf(window.First) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := sample()
			p.Chunks = 1
			if _, err := Decode(raw(p)); err != nil {
				t.Fatalf("before it was spoiled: %v", err)
			}
			c.spoil(p)
			if _, err := Decode(raw(p)); !errors.Is(err, ErrMalformed) {
				t.Errorf("Decode: error %v, want ErrMalformed", err)
			}
			if p.Chunks != 1 || p.Chunk != 0 {
				return // Encode chooses the chunks itself
			}
			if strings.Contains(c.name, "order") {
				if m, err := p.Encode(1 << 20); err != nil {
					t.Errorf("Encode, which sorts: %v", err)
				} else if _, err = Decode(m[0]); err != nil {
					t.Errorf("Decode after Encode: %v", err)
				}
				return
			}
			if _, err := p.Encode(1 << 20); !errors.Is(err, ErrMalformed) {
				t.Errorf("Encode: error %v, want ErrMalformed", err)
			}
		})
	}
}

// TestTopicsThatNoReleaseWritesAreRefused: what is said of several source topics must fit together.
func TestTopicsThatNoReleaseWritesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(p *Partial)
	}{
		{"a single topic in the list", func(p *Partial) { p.Topics = p.Topics[:1] }},
		{"a topic without a name", func(p *Partial) { p.Topics[0].Name = "" }},
		{"a name that is too long", func(p *Partial) { p.Topics[2].Name = strings.Repeat("z", 250) }},
		{"a name that is not UTF-8", func(p *Partial) { p.Topics[1].Name = "b\xff" }},
		{"a topic twice", func(p *Partial) { p.Topics[1].Name = "alarms" }},
		{"a topic without partitions", func(p *Partial) { p.Topics[0].Partitions, p.SourcePartitions = 0, 7 }},
		{"a sum that is not theirs", func(p *Partial) { p.SourcePartitions = 12 }},
		{"a sum beyond 32 bits", func(p *Partial) { p.Topics[0].Partitions, p.Topics[1].Partitions = math.MaxInt32, math.MaxInt32 }},
		{"a source of a topic that is not listed", func(p *Partial) { p.Sources[0].Topic = "others" }},
		{"a source twice in one topic", func(p *Partial) { p.Sources[2].Partition = 0 }},
		{"topics before the last chunk", func(p *Partial) { p.Sources, p.Chunks = nil, 2 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := sampleBoth()
			p.Chunks = 1
			if _, err := Decode(raw(p)); err != nil {
				t.Fatalf("before it was spoiled: %v", err)
			}
			c.spoil(p)
			if _, err := Decode(raw(p)); !errors.Is(err, ErrMalformed) {
				t.Errorf("Decode: error %v, want ErrMalformed", err)
			}
			if p.Chunks != 1 {
				return // Encode chooses the chunks itself
			}
			if _, err := p.Encode(1 << 20); !errors.Is(err, ErrMalformed) {
				t.Errorf("Encode: error %v, want ErrMalformed", err)
			}
		})
	}
	p := sampleTopics()
	p.Sources[1].TopicID[5]++
	if _, err := p.Encode(1 << 20); !errors.Is(err, ErrMalformed) {
		t.Errorf("a source of another id than its topic's: Encode: error %v, want ErrMalformed", err)
	}
}

// entry is a message of one raw entry with the head of the sample.
func entry(fields ...[]byte) []byte {
	p := sample()
	return appendMessage(p.appendHead(nil, 0, 1), partialEntries, bytes.Join(fields, nil))
}

func TestBytesThatAreNoPartialAreRefused(t *testing.T) {
	p := sample()
	head := p.appendHead(nil, 0, 1)
	length, category := appendVarint(nil, entryLength, 10), appendString(nil, entryCategory, "A")
	count := appendVarint(nil, entryCount, 1)
	lo, hi := appendFixed(nil, entryMin, 0), appendFixed(nil, entryMax, 0)
	sum := func(parts ...[]byte) []byte { return appendMessage(nil, entrySum, bytes.Join(parts, nil)) }
	index := func(b ...byte) []byte { return appendMessage(nil, sumIndex, b) }
	chunk := func(b ...byte) []byte { return appendMessage(nil, sumChunk, b) }
	if _, err := Decode(entry(length, category, count, lo, hi, sum(index(3, 4), chunk(2, 2)))); err != nil {
		t.Fatalf("before anything is wrong: %v", err)
	}
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"nothing", nil, ErrMalformed},
		{"a line of JSON", []byte(`{"timestamp":1764000000,"value":53.2,"category":"B"}`), ErrMalformed},
		{"a later version", append(appendVarint(nil, partialVersion, extended+1), 0x12, 0x00), ErrVersion},
		{"no version", head[2:], ErrMalformed},
		{"a version that is a string", appendString(nil, partialVersion, "1"), ErrMalformed},
		{"a message cut short", head[:len(head)-1], ErrMalformed},
		{"a number that ends a group", append(head[:len(head):len(head)], 0x0c), ErrMalformed},
		{"a source that is a number", appendVarint(head[:len(head):len(head)], partialSources, 1), ErrMalformed},
		{"an entry that is a number", appendVarint(head[:len(head):len(head)], partialEntries, 1), ErrMalformed},
		{"a source without topic id", appendMessage(head[:len(head):len(head)], partialSources, nil), ErrMalformed},
		{"an epoch of 32 bits", appendVarint(head[:len(head):len(head)], partialEpoch, 1<<15), ErrMalformed},
		{"a placement of 64 bits", appendVarint(head[:len(head):len(head)], partialPlacement, 1<<32+1), ErrMalformed},
		{"a kept record without minimum", entry(length, category, count, hi), ErrMalformed},
		{"a kept record without maximum", entry(length, category, count, lo), ErrMalformed},
		{"a minimum without kept record", entry(length, category, appendVarint(nil, entryFiltered, 1), lo), ErrMalformed},
		{"a sum without kept record", entry(length, category, appendVarint(nil, entryFiltered, 1), sum(index(3), chunk(2))), ErrMalformed},
		{"a window that ends beyond 64 bits", entry(appendFixed(nil, entryStart, math.MaxInt64), length, category, count, lo, hi), ErrMalformed},
		{"more indexes than chunks", entry(length, category, count, lo, hi, sum(index(3, 4), chunk(2))), ErrMalformed},
		{"indexes that fall", entry(length, category, count, lo, hi, sum(index(4, 3), chunk(2, 2))), ErrMalformed},
		{"an index out of range", entry(length, category, count, lo, hi, sum(index(0xff, 0x7f), chunk(2))), ErrMalformed},
		{"a chunk of nothing", entry(length, category, count, lo, hi, sum(index(3), chunk(0))), ErrMalformed},
		{"a chunk out of range", entry(length, category, count, lo, hi,
			sum(index(3), chunk(protowire.AppendVarint(nil, protowire.EncodeZigZag(1<<32))...))), ErrMalformed},
		{"more chunks than indexes", entry(length, category, count, lo, hi, sum(index(3), chunk(2, 2))), ErrMalformed},
		{"a list cut short", entry(length, category, count, lo, hi, sum(index(0xff), chunk(2))), ErrMalformed},
		{"a list cut short before its next piece", entry(length, category, count, lo, hi, sum(index(0x83), index(0x00), chunk(2))), ErrMalformed},
		{"a number of a list that is too long", entry(length, category, count, lo, hi,
			sum(index(0x83, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), chunk(2))), ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Decode(c.b); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestWhatIsCarriedMustBeThereAndNothingElse(t *testing.T) {
	for name, spoil := range map[string]func(p *Partial){
		"a first that is not a number":    func(p *Partial) { p.Entries[0].Chosen.First.Value = math.NaN() },
		"an infinite last":                func(p *Partial) { p.Entries[0].Chosen.Last.Value = math.Inf(1) },
		"a first of a negative partition": func(p *Partial) { p.Entries[0].Chosen.First.Partition = -1 },
		"a first of a topic that is long": func(p *Partial) { p.Entries[0].Chosen.First.Topic = strings.Repeat("z", 250) },
		"a last of no UTF-8 topic":        func(p *Partial) { p.Entries[0].Chosen.Last.Topic = "\xff" },
		"a last at a negative offset":     func(p *Partial) { p.Entries[0].Chosen.Last.Offset = -1 },
		"squares that nobody asked for":   func(p *Partial) { p.Entries[0].Squares.AddSquare(2) },
		"an infinite maximum":             func(p *Partial) { p.Entries[0].Max = math.Inf(1) },
		"another list than its partial's": func(p *Partial) { p.Entries[0].Chosen.Aggregates = window.AggregatesOf(window.Last) },
	} {
		t.Run(name, func(t *testing.T) {
			p := sampleChosen()
			p.Chunks = 1
			spoil(p)
			if _, err := Decode(raw(p)); !errors.Is(err, ErrMalformed) {
				t.Errorf("Decode: error %v, want ErrMalformed", err)
			}
			if _, err := p.Encode(1 << 20); !errors.Is(err, ErrMalformed) {
				t.Errorf("Encode: error %v, want ErrMalformed", err)
			}
		})
	}
	tail := func(kinds ...byte) []byte {
		p := sampleChosen()
		p.Entries = nil
		return appendMessage(p.appendHead(nil, 0, 1), partialAggregates, kinds)
	}
	if _, err := Decode(tail(7, 1)); err != nil {
		t.Fatalf("before anything is wrong: %v", err)
	}
	first := appendMessage(nil, entryFirst, appendPoint(nil, window.Point{Value: 1}))
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"an aggregate of a later release": {tail(7, 9), ErrVersion},
		"a sketch of a later release":     {tail(32), ErrVersion},
		"an aggregate beyond all":         {tail(0xff, 0xff, 0x7f), ErrVersion},
		"one twice":                       {tail(7, 1, 7), ErrMalformed},
		"aggregates in the first version": {appendMessage(sample().appendHead(nil, 0, 1), partialAggregates, []byte{7}), ErrMalformed},
		"topics in the first version":     {appendMessage(sample().appendHead(nil, 0, 1), partialTopics, nil), ErrMalformed},
		"a first where it is not carried": {entry(appendVarint(nil, entryLength, 10), appendString(nil, entryCategory, "A"), appendVarint(nil, entryCount, 1), appendFixed(nil, entryMin, 0), appendFixed(nil, entryMax, 0), first), ErrMalformed},
		"a first without a kept record":   {appendMessage(tail(7), partialEntries, append(appendVarint(appendString(appendVarint(nil, entryLength, 10), entryCategory, "A"), entryFiltered, 1), first...)), ErrMalformed},
		"no first though it is carried":   {appendMessage(tail(7), partialEntries, appendVarint(appendString(appendVarint(nil, entryLength, 10), entryCategory, "A"), entryCount, 1)), ErrMalformed},
		"a sum that nobody asked for":     {appendMessage(tail(1), partialEntries, appendMessage(appendVarint(appendString(appendVarint(nil, entryLength, 10), entryCategory, "A"), entryCount, 1), entrySum, append(appendMessage(nil, sumIndex, []byte{3}), appendMessage(nil, sumChunk, []byte{2})...))), ErrMalformed},
		"a maximum that is not asked for": {appendMessage(tail(1), partialEntries, appendFixed(appendVarint(appendString(appendVarint(nil, entryLength, 10), entryCategory, "A"), entryCount, 1), entryMax, 0)), ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Decode(c.b); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

// FuzzDecode looks for bytes that panic, that fail without a name, or that do not survive being written again.
func FuzzDecode(f *testing.F) {
	for _, file := range []string{"testdata/partial_v1.hex", "testdata/partial_v2_aggregates.hex", "testdata/partial_v2_topics.hex", "testdata/partial_v2_both.hex"} {
		golden, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(golden)) {
			b, err := hex.DecodeString(strings.TrimSpace(line))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	other := sampleBoth()
	other.Chunks = 1
	before := raw(other)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Decode(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrVersion) {
				t.Fatalf("an error without a name: %v", err)
			}
			return
		}
		var used Decoder
		if _, err := used.Decode(before); err != nil {
			t.Fatal(err)
		}
		if again, err := used.Decode(b); err != nil || show(again) != show(p) {
			t.Fatalf("decoded\n%sand after another message, with error %v,\n%s", show(p), err, show(again))
		}
		messages, err := p.Encode(1 << 30)
		if err != nil || len(messages) != 1 {
			t.Fatalf("what was decoded encodes to %d messages, error %v", len(messages), err)
		}
		q, err := Decode(messages[0])
		if err != nil {
			t.Fatal(err)
		}
		q.Chunk, q.Chunks = p.Chunk, p.Chunks
		if show(q) != show(p) {
			t.Fatalf("decoded\n%sand after being written again\n%s", show(p), show(q))
		}
	})
}

// TestASumReadsAlikeInWhateverPieces: Protocol Buffers lets a list be packed or not, and be in several pieces.
func TestASumReadsAlikeInWhateverPieces(t *testing.T) {
	index := func(b ...byte) []byte { return appendMessage(nil, sumIndex, b) }
	chunk := func(b ...byte) []byte { return appendMessage(nil, sumChunk, b) }
	for name, parts := range map[string][][]byte{
		"packed":            {index(3, 4, 7), chunk(2, 4, 6)},
		"chunks first":      {chunk(2, 4, 6), index(3, 4, 7)},
		"in pieces":         {index(3), chunk(2, 4), index(4, 7), chunk(6), index()},
		"one by one":        {appendVarint(nil, sumIndex, 3), appendVarint(nil, sumIndex, 4), appendVarint(nil, sumIndex, 7), chunk(2), appendVarint(nil, sumChunk, 4), chunk(6)},
		"in two sums":       {index(3, 7), chunk(2, 6), nil, index(4), chunk(4)},
		"with longer tags":  {{0x8a, 0x00, 3, 3, 4, 7}, chunk(2, 4, 6)},
		"with longer sizes": {{0x0a, 0x83, 0x00, 3, 4, 7}, chunk(2, 4, 6)},
	} {
		t.Run(name, func(t *testing.T) {
			b := slices.Concat(appendVarint(nil, entryLength, 10), appendString(nil, entryCategory, "A"), appendVarint(nil, entryCount, 1),
				appendFixed(nil, entryMin, 0), appendFixed(nil, entryMax, 0))
			var sum []byte
			for _, part := range parts {
				if part == nil {
					b, sum = appendMessage(b, entrySum, sum), nil
				}
				sum = append(sum, part...)
			}
			p, err := Decode(entry(appendMessage(b, entrySum, sum)))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := chunks(&p.Entries[0].Sum), [][2]int64{{3, 1}, {4, 2}, {7, 3}}; !slices.Equal(got, want) {
				t.Errorf("read %v, want %v", got, want)
			}
		})
	}
}
