package checkpoint

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func genSource(t *rapid.T) *Source {
	s := &Source{
		Opened: rapid.Bool().Draw(t, "opened"), Ended: rapid.Bool().Draw(t, "ended"), EndedAt: rapid.Int64().Draw(t, "ended at"),
		Watermark: rapid.OneOf(rapid.Just(int64(math.MinInt64)), rapid.Int64()).Draw(t, "watermark"),
	}
	copy(s.TopicID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "topic id"))
	if rapid.Bool().Draw(t, "pins") {
		s.Pins = &Pins{Placement: rapid.Int32().Draw(t, "placement"), Base: rapid.Int32().Draw(t, "base")}
	}
	if rapid.Bool().Draw(t, "targets") {
		s.Targets = rapid.SliceOf(rapid.Int64()).Draw(t, "targets")
		s.Run = rapid.Int64().Draw(t, "run")
	}
	for range rapid.IntRange(0, 3).Draw(t, "other topics") {
		o := Other{Topic: rapid.String().Draw(t, "topic"), Base: rapid.Int32().Draw(t, "other base")}
		if s.Targets != nil {
			o.Targets = rapid.SliceOf(rapid.Int64()).Draw(t, "other targets")
		}
		s.Others = append(s.Others, o)
	}
	return s
}

func genMerge(t *rapid.T) *Merge {
	m := &Merge{
		ReplayFrom: rapid.Int64().Draw(t, "replay"), Placement: rapid.Int32().Draw(t, "placement"),
		Emitted:  rapid.OneOf(rapid.Just(int64(math.MinInt64)), rapid.Int64()).Draw(t, "emitted"),
		Lateness: rapid.Int64().Draw(t, "lateness"), Rule: rapid.Uint64().Draw(t, "rule"),
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "topics") {
		topic := SourceTopic{Name: rapid.String().Draw(t, "topic")}
		copy(topic.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, fmt.Sprint("id of topic ", i)))
		m.Topics = append(m.Topics, topic)
	}
	if m.Topics == nil {
		copy(m.TopicID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "topic id"))
	}
	if rapid.Bool().Draw(t, "closing") {
		m.Cursor = &Cursor{End: rapid.Int64().Draw(t, "end"), Category: rapid.String().Draw(t, "category")}
	}
	for range rapid.IntRange(0, 9).Draw(t, "sources") {
		m.Sources = append(m.Sources, SourceState{
			Topic:     rapid.Int32Range(0, int32(max(len(m.Topics)-1, 0))).Draw(t, "its topic"),
			Partition: rapid.Int32().Draw(t, "partition"), Known: rapid.Bool().Draw(t, "known"), Ended: rapid.Bool().Draw(t, "ended"),
			To:        rapid.Int64().Draw(t, "to"),
			Watermark: rapid.OneOf(rapid.Just(int64(math.MinInt64)), rapid.Int64()).Draw(t, "watermark"),
		})
	}
	return m
}

func TestWhatIsAppendedIsParsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSource(t)
		if got, err := ParseSource(AppendSource(nil, s)); err != nil || !cmp.Equal(got, *s) {
			t.Fatalf("source: error %v, %s", err, cmp.Diff(*s, got))
		}
		m := genMerge(t)
		if got, err := ParseMerge(m.append([]byte("before"))[6:]); err != nil || !cmp.Equal(got, *m) {
			t.Fatalf("merge: error %v, %s", err, cmp.Diff(*m, got))
		}
	})
}

// TestEveryPrefixAndEverySuffixIsRefused: a body that is cut or followed by anything is never read as a smaller one.
func TestEveryPrefixAndEverySuffixIsRefused(t *testing.T) {
	for name, body := range samples() {
		parse := func(b []byte) error { _, err := ParseSource(b); return err }
		other := func(b []byte) error { _, err := ParseMerge(b); return err }
		if strings.HasPrefix(name, "merge") {
			parse, other = other, parse
		}
		for n := range body {
			if err := parse(body[:n]); !errors.Is(err, ErrUnreadable) {
				t.Errorf("%s cut to %d of %d bytes: error %v", name, n, len(body), err)
			}
		}
		if err := parse(append(body[:len(body):len(body)], 0)); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s with a byte behind: error %v", name, err)
		}
		if err := other(body); !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), "share a group's name") {
			t.Errorf("%s read as the other service's: error %v", name, err)
		}
	}
}

func TestNumbersOutOfRangeAreRefused(t *testing.T) {
	head := appendMerge(Merge{Emitted: math.MinInt64})
	head = head[:len(head)-1] // without the number of sources
	ones := func(n int) []byte { return append(make([]byte, 0, n), []byte(strings.Repeat("\xff", n))...) }
	for _, c := range []struct {
		name    string
		sources []byte
	}{
		{"more partitions than a topic can have", []byte{0x81, 0x80, 0x08, 0, 1, 0, 0, 1, 0, 0, 1, 0}},
		{"a step of nothing", []byte{1, 0, 0, 0, 0, 1, 0, 0, 1, 0}},
		{"a width over 64 bits", append([]byte{1, 0, 1, 65}, ones(30)...)},
		{"a value beyond int64", append([]byte{1, 0, 1, 64}, append(ones(8), 0, 1, 0, 0, 1, 0)...)},
		{"a product beyond 64 bits", []byte{1, 0, 4, 63, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 1, 0, 0, 1, 0}},
		{"a partition beyond 32 bits", []byte{1, 0x80, 0x80, 0x80, 0x80, 0x10, 1, 0, 0, 1, 0, 0, 1, 0}},
		{"a flag that is not known", []byte{1, 0, 1, 0, 16, 1, 0, 0, 1, 0}},
		{"a flag that is not known, with all that it asks for", []byte{1, 0, 1, 0, 16, 1, 0, 0, 1, 0, 0, 1, 0}},
		{"a negative flag", []byte{1, 0, 1, 0, 1, 1, 0, 0, 1, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if m, err := ParseMerge(append(head[:len(head):len(head)], c.sources...)); !errors.Is(err, ErrUnreadable) {
				t.Errorf("parsed %+v, error %v", m, err)
			}
		})
	}
	several := appendMerge(Merge{Emitted: math.MinInt64, Topics: []SourceTopic{{Name: "a"}, {Name: "b"}}})
	several = several[:len(several)-1]
	source := []byte{1, 0, 0, 1, 0, 0, 1, 0}
	for topic, want := range map[byte]error{0: nil, 2: nil, 4: ErrUnreadable, 1: ErrUnreadable} { // zigzag: 0, 1, 2, -1
		if _, err := ParseMerge(slices.Concat(several, []byte{1, topic, 1, 0, 0}, source)); !errors.Is(err, want) {
			t.Errorf("a source of the topic %d, zigzag, of two: error %v, want %v", topic, err, want)
		}
	}
	if _, err := ParseMerge(append(head[:len(head):len(head)], 1, 0, 1, 0, 0, 1, 0, 0, 1, 0)); err != nil {
		t.Errorf("a source with nothing wrong: %v", err)
	}
}

// TestColumnsAgainstBigIntegers: the width is that of the widest difference in steps, no more.
func TestColumnsAgainstBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(rapid.Int64(), rapid.Map(rapid.Int64Range(-50, 50), func(v int64) int64 { return v * 1000 })), 1, 20).Draw(t, "values")
		b := appendColumn(nil, values)
		r := reader{b: b}
		if got := r.column(len(values)); r.short || len(r.b) > 0 || !cmp.Equal(got, values) {
			t.Fatalf("read %v, %d bytes left, want %v", got, len(r.b), values)
		}
		least, step, widest := big.NewInt(math.MaxInt64), new(big.Int), new(big.Int)
		for _, v := range values {
			if big.NewInt(v).Cmp(least) < 0 {
				least.SetInt64(v)
			}
		}
		for _, v := range values {
			d := new(big.Int).Sub(big.NewInt(v), least)
			step.GCD(nil, nil, step, d)
			if d.Cmp(widest) > 0 {
				widest = d
			}
		}
		width := 0
		if step.Sign() > 0 {
			width = new(big.Int).Div(widest, step).BitLen()
		}
		r = reader{b: b}
		if base := r.varint(); base != least.Int64() {
			t.Fatalf("base %d, want %v", base, least)
		}
		if r.uvarint(); int(r.byte()) != width || len(r.b) != (len(values)*width+7)/8 {
			t.Fatalf("%d bytes of bits, want %d values of %d bits", len(r.b), len(values), width)
		}
	})
}

// FuzzParse looks for bytes that panic, fail without a name, or do not survive being written again.
func FuzzParse(f *testing.F) {
	for _, body := range samples() {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := ParseSource(b); err == nil {
			if again, err := ParseSource(AppendSource(nil, &s)); err != nil || !cmp.Equal(again, s) {
				t.Fatalf("source written again: error %v, %s", err, cmp.Diff(s, again))
			}
		} else if !errors.Is(err, ErrUnreadable) {
			t.Fatalf("an error without a name: %v", err)
		}
		if m, err := ParseMerge(b); err == nil {
			if again, err := ParseMerge(m.append(nil)); err != nil || !cmp.Equal(again, m) {
				t.Fatalf("merge written again: error %v, %s", err, cmp.Diff(m, again))
			}
		} else if !errors.Is(err, ErrUnreadable) {
			t.Fatalf("an error without a name: %v", err)
		}
		if n, err := Decode(string(b)); err == nil {
			if text, err := EncodeWithin(n, math.MaxInt); err != nil || text != string(b) {
				t.Fatalf("text written again: %q, error %v", text, err)
			}
		} else if !errors.Is(err, ErrUnreadable) && !errors.Is(err, ErrVersion) {
			t.Fatalf("an error without a name: %v", err)
		}
	})
}
