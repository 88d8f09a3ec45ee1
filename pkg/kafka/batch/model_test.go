package batch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go/compress"
)

// spec is everything that the wire can say of one batch, and writes it field by field, slowly.
type spec struct {
	base      int64
	last      int32 // last offset delta
	records   []Record
	codec     Codec
	producer  int64
	epoch     int16
	sequence  int32
	txn       bool
	control   bool
	logAppend bool
	maxTime   int64
	baseTime  int64
	count     *int32 // nil: len(records)
	raw       []byte // nil: records, encoded
}

func (s spec) end() int64 { return s.base + int64(s.last) + 1 }

func (s spec) bytes(t failer) []byte {
	attributes := int16(s.codec)
	for bit, set := range map[int]bool{3: s.logAppend, 4: s.txn, 5: s.control} {
		if set {
			attributes |= 1 << bit
		}
	}
	count := int32(len(s.records))
	if s.count != nil {
		count = *s.count
	}
	payload := s.raw
	if payload == nil {
		for _, r := range s.records {
			payload = append(payload, slowRecord(r, r.Offset-s.base, r.Time-s.baseTime)...)
		}
		if s.codec != None {
			payload = slowCompress(t, s.codec, payload)
		}
	}
	covered := new(bytes.Buffer)
	for _, field := range []any{attributes, s.last, s.baseTime, s.maxTime, s.producer, s.epoch, s.sequence, count, payload} {
		write(t, covered, field)
	}
	whole := new(bytes.Buffer)
	crc := crc32.Checksum(covered.Bytes(), crc32.MakeTable(crc32.Castagnoli))
	for _, field := range []any{s.base, int32(covered.Len() + 9), int32(-1), int8(2), crc, covered.Bytes()} {
		write(t, whole, field)
	}
	return whole.Bytes()
}

func write(t failer, b *bytes.Buffer, field any) {
	if err := binary.Write(b, binary.BigEndian, field); err != nil {
		t.Fatal(err)
	}
}

func slowRecord(r Record, offsetDelta, timeDelta int64) []byte {
	body := []byte{0}
	number := func(x int64) { body = binary.AppendVarint(body, x) }
	text := func(s []byte) {
		if s == nil {
			number(-1)
			return
		}
		number(int64(len(s)))
		body = append(body, s...)
	}
	number(timeDelta)
	number(offsetDelta)
	text(r.Key)
	text(r.Value)
	number(int64(len(r.Headers)))
	for _, h := range r.Headers {
		text([]byte(h.Key))
		text(h.Value)
	}
	return append(binary.AppendVarint(nil, int64(len(body))), body...)
}

// slowCompress uses kafka-go's codecs, which for snappy write the xerial framing that ours does not.
func slowCompress(t failer, c Codec, b []byte) []byte {
	var out bytes.Buffer
	w := compress.Compression(c).Codec().NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// marker is a control batch of one record.
func marker(base, producer int64, kind int16) spec {
	key := binary.BigEndian.AppendUint16([]byte{0, 0}, uint16(kind))
	return spec{base: base, producer: producer, txn: true, control: true, records: []Record{
		{Offset: base, Key: key, Value: []byte{0, 0, 0, 0, 0, 0}}}}
}

// data is a batch of n records whose values name their offset.
func data(base, producer int64, txn bool, n int) spec {
	s := spec{base: base, last: int32(n - 1), producer: producer, txn: txn}
	for i := range n {
		offset := base + int64(i)
		s.records = append(s.records, Record{Offset: offset, Value: fmt.Appendf(nil, "v%d", offset)})
	}
	return s
}

// walk reads everything, with copies, so that a record kept too long by the Walker shows.
func walk(w *Walker, section []byte, from int64, aborted []Aborted, committed bool) []Record {
	var out []Record
	w.Reset(section, from, aborted, committed)
	var r Record
	for w.Next() {
		for w.Record(&r) {
			c := r
			c.Key, c.Value, c.Raw = bytes.Clone(r.Key), bytes.Clone(r.Value), RawHeaders{}
			for h := range r.Raw.All() {
				c.Headers = append(c.Headers, Header{Key: h.Key, Value: bytes.Clone(h.Value)})
			}
			out = append(out, c)
		}
	}
	return out
}

func mustEqual(t failer, got, want []Record) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(RawHeaders{})); diff != "" {
		t.Fatalf("records differ (-want +got):\n%s", diff)
	}
}

func codecs() []Codec { return []Codec{None, Gzip, Snappy, LZ4, Zstd} }

// mixed are records of every shape: null and empty keys and values, headers, times in any order, a long value.
func mixed() []Record {
	return []Record{
		{Time: 1764000000123, Key: []byte("A"), Value: []byte(`{"timestamp":1764000000,"value":53.2,"category":"A"}`)},
		{Time: 1764000000001, Value: []byte{}},
		{Time: 1764000009999, Key: []byte{}},
		{Time: 1763999990000, Key: []byte("k"), Value: bytes.Repeat([]byte("meanstream "), 500), Headers: []Header{
			{Key: "reason", Value: []byte("late")}, {Key: "", Value: nil}, {Key: "empty", Value: []byte{}}}},
		{Time: 1764000000123, Key: []byte("é"), Value: []byte{0, 255}},
	}
}

// numbered gives records the offsets that they have in a fresh batch at base.
func numbered(records []Record, base int64) []Record {
	out := append([]Record(nil), records...)
	for i := range out {
		out[i].Offset = base + int64(i)
	}
	return out
}

// failer is what *testing.T and *rapid.T have in common here.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}
