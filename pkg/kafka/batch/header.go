package batch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// header is what a walk needs to know of one batch.
type header struct {
	base, end         int64 // the batch holds offsets in [base, end)
	baseTime, maxTime int64
	producer          int64 // negative: none
	attributes        uint16
	count             int32
	payload           []byte // the records, as fetched
}

func (h *header) is(bit uint16) bool { return h.attributes&bit != 0 }
func (h *header) codec() Codec       { return Codec(h.attributes & codecMask) }

// The key of a control record is a version and a kind.
const (
	markerKeyLen = 4
	markerAbort  = 0
)

// markerKind reads a control record's key. A kind that is neither abort nor commit is a leader's or a quorum's note,
// or one that is still to be invented: as in the Java client it ends no transaction.
func markerKind(key []byte) (kind int16, ok bool) {
	if len(key) < markerKeyLen || int16(binary.BigEndian.Uint16(key)) < 0 {
		return 0, false
	}
	return int16(binary.BigEndian.Uint16(key[2:])), true
}

// cut takes the next batch off the fetched bytes and checks its header; false at the end, where a batch may be
// truncated, and after an error.
func (w *Walker) cut() bool {
	b, be := w.rest, binary.BigEndian
	if len(b) <= magicAt {
		return false
	}
	before := w.head.end
	w.head = header{base: int64(be.Uint64(b[baseOffsetAt:]))}
	h := &w.head
	if b[magicAt] != magicV2 {
		return w.fail(ErrMagic, "it is v%d", b[magicAt])
	}
	size := int64(int32(be.Uint32(b[lengthAt:]))) + lengthEnd
	if size < headerLen {
		return w.fail(ErrMalformed, "its length is %d bytes, below the %d of a header", size, headerLen)
	}
	if size > int64(len(b)) {
		return false
	}
	b, w.rest = b[:size], b[size:]
	if want, got := be.Uint32(b[crcAt:]), checksum(b[attributesAt:]); want != got {
		return w.fail(ErrCRC, "header says %08x, its bytes give %08x", want, got)
	}
	last := int64(int32(be.Uint32(b[lastDeltaAt:])))
	h.attributes = be.Uint16(b[attributesAt:])
	h.baseTime = int64(be.Uint64(b[baseTimeAt:]))
	h.maxTime = int64(be.Uint64(b[maxTimeAt:]))
	h.producer = int64(be.Uint64(b[producerIDAt:]))
	h.count = int32(be.Uint32(b[countAt:]))
	h.payload = b[headerLen:]
	switch {
	case last < 0 || h.base > math.MaxInt64-1-last:
		return w.fail(ErrMalformed, "its last offset delta is %d", last)
	case h.base < before:
		// The CRC does not cover the base offset; that offsets rise is the only check there is.
		return w.fail(ErrMalformed, "it follows a batch that ends at %d", before)
	case h.count < 0 || int64(h.count) > last+1:
		return w.fail(ErrMalformed, "it claims %d records in %d offsets", h.count, last+1)
	case h.count == 0 && h.codec() == None && len(h.payload) > 0:
		return w.fail(ErrMalformed, "it claims no record and has %d bytes of them", len(h.payload))
	}
	h.end = h.base + last + 1
	return true
}

// fail ends the walk with kind, what was found in the current batch, and what to do; always false.
func (w *Walker) fail(kind error, found string, args ...any) bool {
	w.err = fmt.Errorf("read batch at offset %d: %w: %s; %s",
		w.head.base, kind, fmt.Sprintf(found, args...), w.remedy(kind))
	return false
}

// failInflate is fail for what the inflater says, which names its kind itself.
func (w *Walker) failInflate(err error) {
	kind := ErrCompression
	if errors.Is(err, ErrInflate) {
		kind = ErrInflate
	}
	w.err = fmt.Errorf("read batch at offset %d: %w; %s", w.head.base, err, w.remedy(kind))
}

// remedy says what a person can do, since a walk that ends here ends here again on the next fetch.
func (w *Walker) remedy(kind error) string {
	switch {
	case errors.Is(kind, ErrCRC):
		return "fetch again; if it stays, restore the partition from a good replica or go on behind this batch"
	case errors.Is(kind, ErrMagic):
		return "write the topic anew with a client of this decade, or start behind the old messages"
	case errors.Is(kind, ErrInflate):
		return "raise the limit if this batch is honest"
	}
	return fmt.Sprintf("look at it with kafka-dump-log; to go on without it, set the offset to %d",
		max(w.head.end, w.head.base+1))
}
