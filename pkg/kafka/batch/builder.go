package batch

import (
	"encoding/binary"
	"math"
)

// Options are what a sealed batch says of itself.
type Options struct {
	Compression   Codec
	Transactional bool
}

// Builder makes one batch at a time. Its zero value is ready, it keeps its memory from batch to batch, and it belongs
// to one goroutine.
//
// Who must abandon sealed bytes, because a connection may still be reading them, abandons the Builder with them.
type Builder struct {
	buf      []byte // header, still blank, and records
	sealed   []byte // the compressed form, where there is one
	count    int32
	baseTime int64
	maxTime  int64
	deflater deflater
}

// Reset empties the Builder and keeps its memory. It ends the validity of what Seal gave.
func (b *Builder) Reset() {
	b.buf, b.count = b.buf[:0], 0
}

// Append adds a record with its headers; r and what it points to may be reused at once. Offsets are numbered from 0,
// as a producer must.
//
// The format counts bytes and records in 31 bits: the caller seals long before (brokers take 1 MiB by default). All
// times of one batch must lie within 2^63 ms of each other, which everything from year 1 to 9999 does.
func (b *Builder) Append(r *Record) {
	if b.count == 0 {
		b.start(r.Time)
	}
	b.maxTime = max(b.maxTime, r.Time)
	delta := r.Time - b.baseTime
	buf := binary.AppendVarint(b.buf, int64(b.body(r)))
	buf = append(buf, 0) // attributes: unused, of a record
	buf = binary.AppendVarint(buf, delta)
	buf = binary.AppendVarint(buf, int64(b.count))
	buf = appendSpan(buf, r.Key)
	buf = appendSpan(buf, r.Value)
	buf = binary.AppendVarint(buf, int64(r.Raw.count+len(r.Headers)))
	buf = append(buf, r.Raw.bytes...)
	for i := range r.Headers {
		h := &r.Headers[i]
		buf = binary.AppendVarint(buf, int64(len(h.Key)))
		buf = append(buf, h.Key...)
		buf = appendSpan(buf, h.Value)
	}
	b.buf = buf
	b.count++
}

func (b *Builder) start(time int64) {
	var blank [headerLen]byte
	b.buf = append(b.buf[:0], blank[:]...)
	b.baseTime, b.maxTime = time, time
}

// Count is the number of records appended since Reset.
func (b *Builder) Count() int { return int(b.count) }

// Len is the size in bytes of the whole batch if it were sealed now without compression. Compressed it is never
// larger.
func (b *Builder) Len() int { return max(len(b.buf), headerLen) }

// Size is the number of bytes by which Append(r) would lengthen the batch, exactly.
func (b *Builder) Size(r *Record) int {
	n := b.body(r)
	return varintLen(int64(n)) + n
}

// body is the length of r's encoding without the length in front of it.
func (b *Builder) body(r *Record) int {
	var delta int64
	if b.count > 0 {
		delta = r.Time - b.baseTime
	}
	headers := r.Raw.count + len(r.Headers)
	n := 1 + varintLen(delta) + varintLen(int64(b.count)) +
		spanLen(r.Key) + spanLen(r.Value) + varintLen(int64(headers)) + len(r.Raw.bytes)
	for i := range r.Headers {
		h := &r.Headers[i]
		n += varintLen(int64(len(h.Key))) + len(h.Key) + spanLen(h.Value)
	}
	return n
}

// Seal gives the whole batch, CRC included, without a producer's identity (see [Stamp]); nil when there is no record,
// since brokers refuse an empty batch. The bytes are the Builder's and valid until the next Append, Seal or Reset.
//
// Records that compression would lengthen are left plain: the batch then says so itself, and every reader takes it.
func (b *Builder) Seal(o Options) []byte {
	if b.count == 0 {
		return nil
	}
	out, codec := b.buf, None
	if o.Compression != None {
		b.sealed = append(b.sealed[:0], b.buf[:headerLen]...)
		b.sealed = b.deflater.deflate(b.sealed, b.buf[headerLen:], o.Compression)
		if len(b.sealed) > headerLen && len(b.sealed) < len(b.buf) {
			out, codec = b.sealed, o.Compression
		}
	}
	attributes := uint16(codec)
	if o.Transactional {
		attributes |= attrTransactional
	}
	be := binary.BigEndian
	be.PutUint64(out[baseOffsetAt:], 0)
	be.PutUint32(out[lengthAt:], uint32(len(out)-lengthEnd))
	be.PutUint32(out[leaderEpochAt:], math.MaxUint32) // -1: the broker knows better
	out[magicAt] = magicV2
	be.PutUint16(out[attributesAt:], attributes)
	be.PutUint32(out[lastDeltaAt:], uint32(b.count-1))
	be.PutUint64(out[baseTimeAt:], uint64(b.baseTime))
	be.PutUint64(out[maxTimeAt:], uint64(b.maxTime))
	be.PutUint32(out[countAt:], uint32(b.count))
	Stamp(out, -1, -1, -1, o.Transactional)
	return out
}

func appendSpan(buf, s []byte) []byte {
	if s == nil {
		return append(buf, 1) // zigzag of -1
	}
	return append(binary.AppendVarint(buf, int64(len(s))), s...)
}

func spanLen(s []byte) int {
	if s == nil {
		return 1
	}
	return varintLen(int64(len(s))) + len(s)
}
