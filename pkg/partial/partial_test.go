package partial

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/meanstream/meanstream/pkg/exact"
	"github.com/meanstream/meanstream/pkg/window"
)

// show renders everything in a partial, sums by their chunks, so that two may be compared and a difference be read.
func show(p *Partial) string {
	var b strings.Builder
	fmt.Fprintf(&b, "group %q writer %q epoch %d partitions %d placement %d rule %x lateness %d chunk %d/%d\n",
		p.Group, p.Writer, p.Epoch, p.SourcePartitions, p.Placement, p.Rule, p.Lateness, p.Chunk, p.Chunks)
	for _, topic := range p.Topics {
		fmt.Fprintf(&b, "topic %+v\n", topic)
	}
	for _, s := range p.Sources {
		fmt.Fprintf(&b, "source %+v\n", s)
	}
	for _, e := range p.Entries {
		fmt.Fprintf(&b, "entry %v %q count %d filtered %d", e.Bounds, e.Category, e.Count, e.Filtered)
		if e.Count > 0 {
			fmt.Fprintf(&b, " min %v max %v sum %v squares %v", e.Min, e.Max, chunks(&e.Sum), chunks(&e.Squares))
		}
		if e.Chosen != nil {
			fmt.Fprintf(&b, " carries %+v", *e.Chosen)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "aggregates %s\n", p.Aggregates)
	return b.String()
}

func chunks(s *exact.Sum) (all [][2]int64) {
	s.Chunks(func(i int, c int64) bool { all = append(all, [2]int64{int64(i), c}); return true })
	return all
}

func aggregate(filtered int64, kept ...float64) *window.Aggregate {
	a := &window.Aggregate{Filtered: filtered}
	for _, v := range kept {
		a.Keep(v)
	}
	return a
}

// sample is a partial with something in every field.
func sample() *Partial {
	id := [16]byte{0xDE, 0xAD, 14: 0xBE, 15: 0xEF}
	return &Partial{
		Group: "processor", Writer: "processor/1b4e28ba-2fa1-11d2-883f-0016d3cca427", Epoch: 3,
		SourcePartitions: 6, Placement: 3, Rule: 0x110e0f2a40753f4a, Lateness: 2e9,
		Sources: []Source{
			{TopicID: id, Partition: 0, First: true, Watermark: math.MinInt64},
			{TopicID: id, Partition: 4, Ended: true, From: 100, To: 117, Watermark: 1764000008e9, Kept: 7, Filtered: 2, Late: 1, Rejected: 3},
			{TopicID: id, Partition: 5, From: 9, To: 9, Watermark: -5},
		},
		Entries: []Entry{
			{window.Bounds{Start: -10e9, End: 0}, "B", aggregate(0, 1e308, 1e-308, -1)},
			{window.Bounds{Start: 0, End: 10e9}, "A", aggregate(0, 0)},
			{window.Bounds{Start: 1764000000e9, End: 1764000010e9}, "A", aggregate(1, 53.214, 12.5, 89.97)},
			{window.Bounds{Start: 1764000000e9, End: 1764000010e9}, "Ä\x00", aggregate(1)},
		},
	}
}

// sampleChosen carries others than the default aggregates.
func sampleChosen() *Partial {
	p := sample()
	p.Aggregates = window.AggregatesOf(window.Last, window.Mean, window.First, window.Max)
	p.Entries = []Entry{
		{window.Bounds{Start: -10e9, End: 0}, "B", chosen(p.Aggregates, 0, window.Point{Time: -1, Partition: 4, Offset: 1 << 40, Value: -1e308})},
		{window.Bounds{Start: -5e9, End: 5e9}, "B", chosen(p.Aggregates, 3)},
		{window.Bounds{Start: 0, End: 10e9}, "A", chosen(p.Aggregates, 0, window.Point{}, window.Point{Time: 9e9, Value: 12.5}, window.Point{Time: 9e9, Offset: 7, Value: 2.25})},
	}
	return p
}

func chosen(carried window.Aggregates, filtered int64, kept ...window.Point) *window.Aggregate {
	a := window.NewAggregate(carried)
	a.Filtered = filtered
	for _, p := range kept {
		a.KeepPoint(p)
	}
	return &a
}

// sampleTopics is a partial of three topics, of which one has nothing new.
func sampleTopics() *Partial {
	p := sample()
	p.Entries, p.SourcePartitions = p.Entries[1:2], 13
	p.Topics = []Topic{{ID: [16]byte{1}, Name: "alarms", Partitions: 6}, {ID: [16]byte{2}, Name: "idle", Partitions: 1}, {ID: [16]byte{3}, Name: "readings", Partitions: 6}}
	for i, topic := range []int{0, 2, 2} {
		p.Sources[i].Topic, p.Sources[i].TopicID = p.Topics[topic].Name, p.Topics[topic].ID
	}
	p.Sources[2].Partition = 0
	slices.Reverse(p.Sources[1:])
	return p
}

// sampleBoth is a partial of several topics that carries others than the default aggregates.
func sampleBoth() *Partial {
	p, c := sampleTopics(), sampleChosen()
	p.Aggregates, p.Entries = c.Aggregates, c.Entries
	p.Entries[0].Aggregate = chosen(p.Aggregates, 0,
		window.Point{Time: 5, Topic: "readings", Offset: 3, Value: 1}, window.Point{Time: 5, Topic: "alarms", Partition: 4, Offset: 9, Value: 2})
	return p
}

func TestOnlyValidRecordsAreSpeech(t *testing.T) {
	for _, c := range []struct {
		source Source
		want   bool
	}{
		{Source{From: 1, To: 9}, false},
		{Source{From: 1, To: 9, Rejected: 8}, false},
		{Source{From: 1, To: 9, Lost: 8}, false},
		{Source{From: 1, To: 9, Kept: 1}, true},
		{Source{From: 1, To: 9, Filtered: 1, Rejected: 2}, true},
		{Source{From: 1, To: 9, Late: 1}, true},
	} {
		if got := c.source.Spoke(); got != c.want {
			t.Errorf("%+v: spoke %v, want %v", c.source, got, c.want)
		}
	}
}

func genPartial(t *rapid.T) *Partial {
	p := &Partial{
		Group: rapid.String().Draw(t, "group"), Writer: rapid.String().Draw(t, "writer"),
		Epoch:            rapid.Int16Min(0).Draw(t, "epoch"),
		SourcePartitions: rapid.Int32Min(1).Draw(t, "partitions"), Placement: rapid.Int32Min(1).Draw(t, "placement"),
		Rule: rapid.Uint64().Draw(t, "rule"), Lateness: rapid.Int64Min(0).Draw(t, "lateness"),
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "sources") {
		s := Source{
			Partition: int32(i*7) + rapid.Int32Range(0, 6).Draw(t, "partition"),
			First:     rapid.Bool().Draw(t, "first"), Ended: rapid.Bool().Draw(t, "ended"),
			From: rapid.Int64Min(0).Draw(t, "from"), Watermark: rapid.Int64().Draw(t, "watermark"),
		}
		copy(s.TopicID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "topic id"))
		s.To = rapid.Int64Min(s.From).Draw(t, "to")
		left := s.To - s.From
		for _, n := range []*int64{&s.Kept, &s.Filtered, &s.Late, &s.Rejected, &s.Lost} {
			*n = rapid.Int64Range(0, left).Draw(t, "count")
			left -= *n
		}
		p.Sources = append(p.Sources, s)
	}
	kinds := rapid.Permutation([]window.Kind{window.Count, window.Sum, window.Mean, window.Min, window.Max, window.StdDev, window.First, window.Last}).Draw(t, "kinds")
	if rapid.Bool().Draw(t, "chosen") {
		p.Aggregates = window.AggregatesOf(kinds[:rapid.IntRange(1, len(kinds)).Draw(t, "how many")]...)
	}
	if rapid.Bool().Draw(t, "several topics") {
		genTopics(t, p)
	}
	for range rapid.IntRange(0, 12).Draw(t, "entries") {
		size := rapid.Int64Range(1, math.MaxInt64).Draw(t, "size")
		start := rapid.Int64Range(math.MinInt64, math.MaxInt64-size).Draw(t, "start")
		kept := rapid.SliceOfN(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64), 0, 4).Draw(t, "kept")
		for i := range kept {
			kept[i] += 0 // no processor knows minus zero
		}
		filtered := rapid.Int64Range(0, maxCount).Draw(t, "filtered")
		if len(kept) == 0 && filtered == 0 {
			filtered = 1
		}
		category := rapid.StringN(1, -1, maxCategory).Draw(t, "category")
		p.Entries = append(p.Entries, Entry{window.Bounds{Start: start, End: start + size}, category, genAggregate(t, p.Aggregates, filtered, kept)})
	}
	slices.SortFunc(p.Entries, compare)
	p.Entries = slices.CompactFunc(p.Entries, func(a, b Entry) bool { return compare(a, b) == 0 })
	return p
}

func genAggregate(t *rapid.T, carried window.Aggregates, filtered int64, kept []float64) *window.Aggregate {
	if carried == window.Default {
		return aggregate(filtered, kept...)
	}
	var points []window.Point
	for _, v := range kept {
		points = append(points, window.Point{Time: rapid.Int64().Draw(t, "time"), Topic: rapid.SampledFrom([]string{"", "t0", "t1"}).Draw(t, "from topic"), Partition: rapid.Int32Min(0).Draw(t, "from"), Offset: rapid.Int64Min(0).Draw(t, "offset"), Value: v + 0})
	}
	return chosen(carried, filtered, points...)
}

// genTopics spreads the sources over several topics.
func genTopics(t *rapid.T, p *Partial) {
	p.SourcePartitions = 0
	for i := range rapid.IntRange(2, 5).Draw(t, "topics") {
		topic := Topic{Name: fmt.Sprint("t", i), Partitions: rapid.Int32Range(1, math.MaxInt32/5).Draw(t, "topic's partitions")}
		copy(topic.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "topic id"))
		p.SourcePartitions += topic.Partitions
		p.Topics = append(p.Topics, topic)
	}
	for i := range p.Sources {
		topic := rapid.SampledFrom(p.Topics).Draw(t, "topic")
		p.Sources[i].Topic, p.Sources[i].TopicID = topic.Name, topic.ID
	}
	slices.SortFunc(p.Sources, Source.compare)
}

// TestChunksHoldWhatWasPutIn: whatever the limit, the chunks together are the partial, in order, none too long.
func TestChunksHoldWhatWasPutIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genPartial(t)
		limit := rapid.IntRange(0, 5000).Draw(t, "limit")
		before := show(p)
		messages, err := p.Encode(limit)
		if show(p) != before {
			t.Fatalf("Encode changed its partial")
		}
		if err != nil {
			if !errors.Is(err, ErrTooLarge) {
				t.Fatal(err)
			}
			// Room is kept for chunk numbers of five bytes each, before they are known.
			if whole, err := p.Encode(1 << 30); err != nil || len(whole[0])+10 <= limit {
				t.Fatalf("refused at %d bytes, although it takes %d in one (error %v)", limit, len(whole[0]), err)
			}
			return
		}
		joined := *p
		joined.Entries = nil
		for i, m := range messages {
			if len(m) > limit {
				t.Fatalf("chunk %d is %d bytes long, the limit is %d", i, len(m), limit)
			}
			q, err := Decode(m)
			if err != nil {
				t.Fatal(err)
			}
			joined.Chunk, joined.Chunks = int32(i), int32(len(messages))
			joined.Entries = append(joined.Entries, q.Entries...)
			head, got := joined, *q
			head.Entries, got.Entries = nil, nil
			if i < len(messages)-1 {
				head.Sources, head.Topics = nil, nil
			}
			if show(&got) != show(&head) {
				t.Fatalf("chunk %d reads\n%s, want\n%s", i, show(&got), show(&head))
			}
		}
		joined.Chunk, joined.Chunks = p.Chunk, p.Chunks
		if show(&joined) != before {
			t.Fatalf("the chunks hold\n%swant\n%s", show(&joined), before)
		}
	})
}

// TestNoLimitIsExceededByAByte tries every limit, since a mistake of a few bytes shows at few of them.
func TestNoLimitIsExceededByAByte(t *testing.T) {
	for _, p := range []*Partial{sample(), sampleChosen(), sampleTopics(), sampleBoth()} {
		whole, err := p.Encode(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		tried := 0
		for limit := range len(whole[0]) + 20 {
			messages, err := p.Encode(limit)
			if err != nil && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("at %d bytes: %v", limit, err)
			}
			for i, m := range messages {
				if tried++; len(m) > limit {
					t.Errorf("chunk %d of %d takes %d bytes, the limit is %d", i, len(messages), len(m), limit)
				}
			}
		}
		if tried == 0 {
			t.Error("nothing was ever encoded")
		}
	}
}

func TestTheOrderGivenDoesNotChangeTheBytes(t *testing.T) {
	for _, sample := range []func() *Partial{sample, sampleChosen, sampleTopics, sampleBoth} {
		want, err := sample().Encode(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		p := sample()
		slices.Reverse(p.Entries)
		slices.Reverse(p.Sources)
		slices.Reverse(p.Topics)
		before := show(p)
		got, err := p.Encode(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || string(got[0]) != string(want[0]) {
			t.Error("a partial given in another order is written differently")
		}
		if show(p) != before {
			t.Error("Encode sorted the caller's slices")
		}
	}
}

func TestSeveralHundredSourcesFitOneMessage(t *testing.T) {
	p := &Partial{Group: "g", Writer: "g/1", SourcePartitions: 1000, Placement: 1}
	for i := range int32(1000) {
		p.Sources = append(p.Sources, Source{Partition: i, From: 123456789, To: 123456999, Watermark: 1764000000e9, Kept: 200})
	}
	messages, err := p.Encode(100 << 10)
	if err != nil || len(messages) != 1 {
		t.Errorf("%d messages, error %v", len(messages), err)
	}
	if _, err = p.Encode(30 << 10); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
}

func TestFieldsOfALaterReleaseAreSkipped(t *testing.T) {
	unknown := protowire.AppendTag(nil, 900, protowire.Fixed32Type)
	unknown = protowire.AppendFixed32(unknown, 7)
	unknown = protowire.AppendTag(unknown, 901, protowire.StartGroupType)
	unknown = protowire.AppendTag(unknown, 1, protowire.VarintType)
	unknown = protowire.AppendVarint(unknown, 1)
	unknown = protowire.AppendTag(unknown, 901, protowire.EndGroupType)

	p := sampleChosen()
	p.Chunks = 1
	m := p.appendHead(nil, 0, 1)
	m = append(m, unknown...)
	for i := range p.Sources {
		m = appendMessage(m, partialSources, append(p.Sources[i].append(nil, -1), unknown...))
	}
	for i := range p.Entries {
		m = appendMessage(m, partialEntries, append(unknown[:len(unknown):len(unknown)], p.Entries[i].append(nil)...))
	}
	m = p.appendTail(m)
	got, err := Decode(m)
	if err != nil {
		t.Fatal(err)
	}
	if show(got) != show(p) {
		t.Errorf("decoded\n%swant\n%s", show(got), show(p))
	}
}

// TestADecoderKeepsNothingOfTheMessageBefore: whatever it has read, or refused in the middle, the next one reads alike.
func TestADecoderKeepsNothingOfTheMessageBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d Decoder
		for range rapid.IntRange(2, 4).Draw(t, "messages") {
			m, err := genPartial(t).Encode(1 << 20)
			if err != nil {
				t.Fatal(err)
			}
			if cut := rapid.IntRange(0, len(m[0])).Draw(t, "cut"); cut < len(m[0]) {
				d.Decode(m[0][:cut])
			}
			got, err := d.Decode(m[0])
			if err != nil {
				t.Fatal(err)
			}
			want, err := Decode(m[0])
			if err != nil || show(got) != show(want) {
				t.Fatalf("decoded\n%swant\n%s(error %v)", show(got), show(want), err)
			}
		}
	})
}

func TestAClonedEntryOutlivesItsMessage(t *testing.T) {
	var d Decoder
	for _, p := range []*Partial{sample(), sampleBoth()} {
		p.Chunks = 1
		got, err := d.Decode(raw(p))
		if err != nil {
			t.Fatal(err)
		}
		kept := *got
		kept.Entries = nil
		for _, e := range got.Entries {
			kept.Entries = append(kept.Entries, e.Clone())
		}
		if _, err := d.Decode(raw(sampleChosen())); !errors.Is(err, ErrMalformed) {
			t.Fatalf("a partial of no chunks: error %v", err)
		}
		if show(&kept) != show(p) {
			t.Errorf("after another message\n%swas\n%s", show(&kept), show(p))
		}
	}
}
