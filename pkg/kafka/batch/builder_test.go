package batch

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func build(b *Builder, records []Record, o Options) []byte {
	b.Reset()
	for i := range records {
		b.Append(&records[i])
	}
	return b.Seal(o)
}

// The file was checked by hand against the protocol's description, and kafka-go reads it in clients_test.go.
func TestPlainBatchHasTheGoldenBytes(t *testing.T) {
	var b Builder
	got := build(&b, []Record{
		{Time: 1764000000000, Key: []byte("A"), Value: []byte("53.2")},
		{Time: 1764000000005, Value: []byte("7"), Headers: []Header{{Key: "h", Value: []byte("x")}}},
		{Time: 1763999999999, Key: []byte("B")},
	}, Options{})
	Stamp(got, 4711, 3, 42, true)

	text, err := os.ReadFile("testdata/plain.hex")
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		hexed, _, _ := strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(hexed), ""))
	}
	if have := hex.EncodeToString(got); have != digits.String() {
		t.Errorf("batch is\n%s, golden is\n%s", have, digits.String())
	}
}

func TestBuilderWritesWhatTheSlowWriterDoes(t *testing.T) {
	var b Builder
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOfN(rapid.Custom(drawRecord), 1, 20).Draw(t, "records")
		got := build(&b, records, Options{})
		s := spec{last: int32(len(records) - 1), records: numbered(records, 0), producer: -1, epoch: -1, sequence: -1,
			baseTime: records[0].Time, maxTime: records[0].Time}
		for _, r := range records {
			s.maxTime = max(s.maxTime, r.Time)
		}
		if want := s.bytes(t); !bytes.Equal(got, want) {
			t.Fatalf("batch is\n%x, want\n%x", got, want)
		}
		if Count(got) != int32(len(records)) || MaxTime(got) != s.maxTime {
			t.Fatalf("count %d, max time %d", Count(got), MaxTime(got))
		}
	})
}

func drawRecord(t *rapid.T) Record {
	text := rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOfN(rapid.Byte(), 0, 200))
	r := Record{
		Time:  rapid.Int64Range(-1<<50, 1<<50).Draw(t, "time"),
		Key:   text.Draw(t, "key"),
		Value: text.Draw(t, "value"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "headers") {
		r.Headers = append(r.Headers, Header{rapid.String().Draw(t, "name"), text.Draw(t, "header")})
	}
	return r
}

func TestSizeIsWhatAppendAdds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b Builder
		for _, r := range rapid.SliceOfN(rapid.Custom(drawRecord), 1, 200).Draw(t, "records") {
			before, size := b.Len(), b.Size(&r)
			b.Append(&r)
			if b.Len() != before+size {
				t.Fatalf("Size said %d, Append added %d", size, b.Len()-before)
			}
		}
		if sealed := b.Seal(Options{}); len(sealed) != b.Len() {
			t.Fatalf("Len said %d, the batch has %d bytes", b.Len(), len(sealed))
		}
	})
}

func TestEmptyBuilderSealsNothing(t *testing.T) {
	var b Builder
	if got := b.Seal(Options{Compression: Zstd}); got != nil || b.Count() != 0 || b.Len() != headerLen {
		t.Errorf("sealed %x, count %d, length %d", got, b.Count(), b.Len())
	}
	b.Append(&Record{})
	b.Reset()
	if got := b.Seal(Options{}); got != nil || b.Count() != 0 || b.Len() != headerLen {
		t.Errorf("after Reset: sealed %x, count %d, length %d", got, b.Count(), b.Len())
	}
}

func TestRandomBytesAreLeftPlain(t *testing.T) {
	value := make([]byte, 1000)
	source := rand.NewChaCha8([32]byte{})
	if _, err := source.Read(value); err != nil {
		t.Fatal(err)
	}
	var b Builder
	for _, codec := range codecs() {
		sealed := build(&b, []Record{{Value: value}}, Options{Compression: codec})
		if got := binary.BigEndian.Uint16(sealed[attributesAt:]) & codecMask; got != 0 || len(sealed) > b.Len() {
			t.Errorf("%v: sealed as codec %d in %d bytes, plain it has %d", codec, got, len(sealed), b.Len())
		}
	}
	if sealed := build(&b, mixed(), Options{Compression: 7}); sealed[attributesAt+1]&codecMask != 0 {
		t.Error("a codec that does not exist was written into the batch")
	}
}

func TestCompressedBatchesShrinkAndSayTheirCodec(t *testing.T) {
	var b Builder
	for _, codec := range codecs()[1:] {
		sealed := build(&b, mixed(), Options{Compression: codec, Transactional: true})
		if got := binary.BigEndian.Uint16(sealed[attributesAt:]); got != uint16(codec)|attrTransactional {
			t.Errorf("%v: attributes are %b", codec, got)
		}
		if len(sealed) >= b.Len()/2 {
			t.Errorf("%v: %d bytes of %d", codec, len(sealed), b.Len())
		}
	}
}

func TestStampIsRepeatableAndTouchesNothingElse(t *testing.T) {
	var b Builder
	batch := build(&b, mixed(), Options{Compression: LZ4})
	plain := bytes.Clone(batch)
	Stamp(batch, 1<<40, 7, 99, true)
	first := bytes.Clone(batch)
	Stamp(batch, 1<<40, 8, 100, false)
	if bytes.Equal(batch, first) {
		t.Fatal("another identity gave the same bytes")
	}
	Stamp(batch, 1<<40, 7, 99, true)
	if !bytes.Equal(batch, first) {
		t.Fatal("a resend differs from what it repeats")
	}
	var w Walker
	mustEqual(t, walk(&w, batch, 0, nil, true), numbered(mixed(), 0))
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	Stamp(batch, -1, -1, -1, false)
	if !bytes.Equal(batch, plain) {
		t.Fatal("taking the identity away does not give the sealed bytes back")
	}
}

func TestRecordsPassedOnKeepTheirHeaders(t *testing.T) {
	var in, out Builder
	var w Walker
	w.Reset(build(&in, mixed(), Options{}), 0, nil, true)
	want := numbered(mixed(), 0)
	var r Record
	for w.Next() {
		for w.Record(&r) {
			if r.Headers != nil {
				t.Fatal("the record before left its headers")
			}
			r.Headers = []Header{{Key: "partition", Value: []byte("3")}}
			out.Append(&r)
		}
	}
	for i := range want {
		want[i].Headers = append(want[i].Headers, Header{Key: "partition", Value: []byte("3")})
	}
	mustEqual(t, walk(&w, out.Seal(Options{}), 0, nil, true), want)
}

func TestSequenceGoesOnAtZeroBehindItsEnd(t *testing.T) {
	const end = 1<<31 - 1
	for _, c := range []struct{ sequence, count, want int32 }{
		{0, 5, 5}, {end - 5, 5, end}, {end, 1, 0}, {end - 1, 5, 3}, {end, end, end - 1},
	} {
		if got := NextSequence(c.sequence, c.count); got != c.want {
			t.Errorf("behind %d records at %d comes %d, want %d", c.count, c.sequence, got, c.want)
		}
	}
}

func TestAbandonedBuilderMemoryIsNotShared(t *testing.T) {
	var b Builder
	first := build(&b, mixed(), Options{Compression: Snappy})
	kept := bytes.Clone(first)
	b = Builder{}
	build(&b, []Record{{Value: bytes.Repeat([]byte("z"), 5000)}}, Options{Compression: Snappy})
	if !bytes.Equal(first, kept) {
		t.Error("a new Builder wrote into the old one's batch")
	}
}
