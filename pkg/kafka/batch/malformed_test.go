package batch

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

func TestLyingBatchesAreNamed(t *testing.T) {
	count := func(n int32) func(*spec) { return func(s *spec) { s.count = &n } }
	// raw is one record that is all of the batch, so that nothing but itself can be wrong.
	raw := func(b ...byte) func(*spec) {
		return func(s *spec) { s.last, s.records, s.raw = 0, s.records[:1], append([]byte{}, b...) }
	}
	beyond := func(baseTime, delta int64) func(*spec) {
		return func(s *spec) {
			raw(slowRecord(Record{}, 0, delta)...)(s)
			s.baseTime = baseTime
		}
	}
	for _, tt := range []struct {
		name string
		lie  func(*spec)
		want error
	}{
		{"more records than offsets", count(3), ErrMalformed},
		{"a negative count", count(-1), ErrMalformed},
		{"fewer records than bytes", count(1), ErrMalformed},
		{"no record, but bytes", count(0), ErrMalformed},
		{"2^31-1 records in a handful of bytes", func(s *spec) { s.last = math.MaxInt32; count(math.MaxInt32)(s) }, ErrMalformed},
		{"a negative last offset delta", func(s *spec) { s.last = -1 }, ErrMalformed},
		{"offsets beyond 63 bits", func(s *spec) { s.base = math.MaxInt64 - 1 }, ErrMalformed},
		{"a negative base offset", func(s *spec) { s.base = -5 }, ErrMalformed},
		{"offset deltas that fall", func(s *spec) { slices.Reverse(s.records) }, ErrMalformed},
		{"an offset delta twice", func(s *spec) { s.records[1] = s.records[0] }, ErrMalformed},
		{"an offset delta behind the last", func(s *spec) { s.records[1].Offset++ }, ErrMalformed},
		{"a negative offset delta", func(s *spec) { s.records[0].Offset -= 5 }, ErrMalformed},
		{"a time beyond 64 bits", beyond(math.MaxInt64, 1), ErrMalformed},
		{"a time below 64 bits", beyond(math.MinInt64, -1), ErrMalformed},
		{"no bytes for its records", raw(), ErrMalformed},
		{"a record of no bytes", raw(0), ErrMalformed},
		{"a record length beyond the batch", raw(100, 0), ErrMalformed},
		{"a negative record length", raw(1, 0, 0, 0, 1, 1, 0), ErrMalformed},
		{"a varint that never ends", raw(bytes.Repeat([]byte{0xff}, 40)...), ErrMalformed},
		{"a key beyond its record", raw(12, 0, 0, 0, 100, 1, 0), ErrMalformed},
		{"a key length of -2", raw(12, 0, 0, 0, 3, 1, 0), ErrMalformed},
		{"a value beyond its record", raw(12, 0, 0, 0, 1, 100, 0), ErrMalformed},
		{"a negative header count", raw(12, 0, 0, 0, 1, 1, 1), ErrMalformed},
		{"2^31 headers", raw(20, 0, 0, 0, 1, 1, 0x80, 0x80, 0x80, 0x80, 0x10), ErrMalformed},
		{"a header with a null name", raw(16, 0, 0, 0, 1, 1, 2, 1, 1), ErrMalformed},
		{"a header beyond its record", raw(16, 0, 0, 0, 1, 1, 2, 2, 1), ErrMalformed},
		{"bytes behind its last header", raw(14, 0, 0, 0, 1, 1, 0, 0), ErrMalformed},
		{"a record without header count", raw(10, 0, 0, 0, 1, 1), ErrMalformed},
		{"a codec that does not exist", func(s *spec) { s.codec, s.raw = 5, []byte{0} }, ErrCompression},
		{"gzip that is none", func(s *spec) { s.codec, s.raw = Gzip, []byte("no gzip here") }, ErrCompression},
		{"empty gzip", func(s *spec) { s.codec, s.raw = Gzip, []byte{} }, ErrCompression},
		{"snappy that is none", func(s *spec) { s.codec, s.raw = Snappy, []byte{200, 1, 1} }, ErrCompression},
		{"xerial header alone, cut off", func(s *spec) { s.codec, s.raw = Snappy, []byte(xerialMagic) }, ErrCompression},
		{"lz4 that is none", func(s *spec) { s.codec, s.raw = LZ4, []byte("no lz4 here") }, ErrCompression},
		{"zstd that is none", func(s *spec) { s.codec, s.raw = Zstd, []byte("no zstd here") }, ErrCompression},
	} {
		s := data(40, -1, false, 2)
		tt.lie(&s)
		var w Walker
		got := walk(&w, s.bytes(t), 0, nil, true)
		wantError(t, tt.name, w.Err(), tt.want)
		if len(got) > 2 || w.Position() > 42 {
			t.Errorf("%s: %d records, position %d", tt.name, len(got), w.Position())
		}
	}
}

// Nobody reads the records of an aborted batch; its header must hold all the same, since the position relies on it.
func TestLyingCountOfADroppedBatchIsNamed(t *testing.T) {
	s := data(0, 7, true, 2)
	three := int32(3)
	s.count = &three
	var w Walker
	walk(&w, s.bytes(t), 0, []Aborted{{7, 0}}, true)
	wantError(t, "aborted batch", w.Err(), ErrMalformed, "3 records in 2 offsets")
}

func TestLyingHeadersOutsideTheCRCAreNamed(t *testing.T) {
	for _, tt := range []struct {
		name string
		lie  func(b []byte)
		want error
		says string
	}{
		{"message format v0", func(b []byte) { b[magicAt] = 0 }, ErrMagic, "v0"},
		{"message format v1", func(b []byte) { b[magicAt] = 1 }, ErrMagic, "client of this decade"},
		{"a format to come", func(b []byte) { b[magicAt] = 3 }, ErrMagic, "v3"},
		{"a negative length", func(b []byte) { b[lengthAt] = 0x80 }, ErrMalformed, "offset 7"},
		{"a length below a header's", func(b []byte) { binary.BigEndian.PutUint32(b[lengthAt:], 48) }, ErrMalformed, "60 bytes"},
		{"an offset below the batch before", func(b []byte) { b[7] = 4 }, ErrMalformed, "ends at 5"},
	} {
		second := data(7, -1, false, 2).bytes(t)
		tt.lie(second)
		var w Walker
		got := walk(&w, append(data(0, -1, false, 5).bytes(t), second...), 0, nil, true)
		wantError(t, tt.name, w.Err(), tt.want, tt.says)
		if len(got) != 5 || w.Position() != 5 {
			t.Errorf("%s: %d records, position %d", tt.name, len(got), w.Position())
		}
	}
}

// What lies before the attributes but for the magic is not covered by the CRC; everything else must be noticed.
func TestCorruptedAtEveryByte(t *testing.T) {
	for _, codec := range codecs() {
		s := spec{base: 1000, last: int32(len(mixed()) - 1), records: numbered(mixed(), 1000), codec: codec, producer: 7}
		good := s.bytes(t)
		w := Walker{MaxInflated: 1 << 20}
		for i := range good {
			for _, flip := range []byte{1, 0x80, 0xff} {
				bad := bytes.Clone(good)
				bad[i] ^= flip
				walk(&w, bad, 0, nil, true)
				if covered := i >= magicAt; covered && w.Err() == nil {
					t.Fatalf("%v: byte %d with %02x flipped went unnoticed", codec, i, flip)
				}
				// A producer can be wrong, too: the CRC is then right.
				binary.BigEndian.PutUint32(bad[crcAt:], checksum(bad[attributesAt:]))
				sane(t, &w, bad, 3)
			}
		}
	}
}

// sane walks any bytes and demands what must hold of all.
func sane(t *testing.T, w *Walker, section []byte, from int64) {
	t.Helper()
	for _, committed := range []bool{true, false} {
		w.Reset(section, from, []Aborted{{7, 0}, {7, 1 << 40}}, committed)
		var r Record
		last := from - 1
		for w.Next() {
			budget := max(len(section), w.MaxInflated)
			for w.Record(&r) {
				if r.Offset <= last || w.Position() != r.Offset+1 {
					t.Fatalf("record %d behind %d, position %d", r.Offset, last, w.Position())
				}
				last = r.Offset
				budget -= len(r.Key) + len(r.Value)
				n := 0
				for h := range r.Raw.All() {
					n++
					budget -= len(h.Key) + len(h.Value)
				}
				if n != r.Raw.Len() || budget < 0 {
					t.Fatalf("record %d has %d headers of %d, %d bytes over", r.Offset, n, r.Raw.Len(), -budget)
				}
			}
		}
		if w.Position() <= last || w.Next() || w.Record(&r) {
			t.Fatalf("position %d behind record %d, or the walk goes on behind its end", w.Position(), last)
		}
	}
}

func TestInflatesUpToItsLimitAndNoFurther(t *testing.T) {
	s := data(5, -1, false, 1)
	s.records[0].Value = make([]byte, 100_000)
	plain := slowRecord(s.records[0], 0, 0)
	for _, codec := range codecs()[1:] {
		s.codec = codec
		batch := s.bytes(t)
		var w Walker
		for _, c := range []struct {
			limit int
			want  error
		}{{10, ErrInflate}, {len(plain) - 1, ErrInflate}, {len(plain), nil}, {0, nil}, {math.MaxInt, nil}, {20, ErrInflate}} {
			fresh := Walker{MaxInflated: c.limit}
			walk(&fresh, batch, 0, nil, true)
			if c.want != nil && cap(fresh.inflater.buf) > 2*c.limit+4096 {
				t.Errorf("%v, limit %d: %d bytes were allocated", codec, c.limit, cap(fresh.inflater.buf))
			}
			w.MaxInflated = c.limit // one that had other limits before
			got := walk(&w, batch, 0, nil, true)
			if c.want == nil && (w.Err() != nil || len(got) != 1) {
				t.Errorf("%v, limit %d: %d records, error %v", codec, c.limit, len(got), w.Err())
			}
			if c.want != nil {
				wantError(t, codec.String(), w.Err(), c.want, "offset 5", "raise the limit")
			}
		}
	}
}

func TestSnappyThatClaimsMuchAllocatesLittle(t *testing.T) {
	claim := binary.AppendUvarint(nil, 100<<20) // 100 MiB, within the limit, in a dozen bytes
	s := data(0, -1, false, 1)
	s.codec, s.raw = Snappy, append(claim, 0, 'x')
	var w Walker
	walk(&w, s.bytes(t), 0, nil, true)
	wantError(t, "snappy", w.Err(), ErrCompression)
	if cap(w.inflater.buf) > 1<<20 {
		t.Errorf("%d bytes were allocated", cap(w.inflater.buf))
	}
	// The densest honest block is still believed.
	const copies = 10_000 // a literal x, then copies of 64 bytes from one byte back
	dense := append(binary.AppendUvarint(nil, 1+64*copies), 0, 'x')
	dense = append(dense, bytes.Repeat([]byte{63<<2 | 2, 1, 0}, copies)...)
	if out, err := inflateSnappy(nil, dense, 1<<20); err != nil || len(out) != 1+64*copies {
		t.Errorf("%d times x in %d bytes: %v", 1+64*copies, len(dense), err)
	}
}

func TestXerialStreamsMayFollowEachOther(t *testing.T) {
	one := slowCompress(t, Snappy, []byte("first, "))
	two := slowCompress(t, Snappy, []byte("second"))
	if !bytes.HasPrefix(one, []byte(xerialMagic)) {
		t.Fatal("kafka-go does not frame any more; this test needs framed snappy")
	}
	for cut := range len(two) {
		if _, err := inflateSnappy(nil, slices.Concat(one, two[:cut]), 1000); err == nil && cut != 0 && cut != xerialHeaderLen {
			t.Errorf("cut at %d of the second stream went unnoticed", cut)
		}
	}
	if got, err := inflateSnappy(nil, slices.Concat(one, two), 1000); err != nil || string(got) != "first, second" {
		t.Errorf("%q, %v", got, err)
	}
}
