package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/klauspost/compress/s2"
)

// What Java producers write is not snappy's own framing but that of the xerial library: this header, the version,
// the least version able to read it (both int32), then chunks of an int32 length and a raw block.
const (
	xerialMagic     = "\x82SNAPPY\x00"
	xerialHeaderLen = len(xerialMagic) + 8
)

// inflateSnappy appends src decompressed to dst, whether it is one raw block, as librdkafka and most others write, or
// framed. No raw block begins like the header: it would start with a copy of bytes that are not there.
func inflateSnappy(dst, src []byte, limit int) ([]byte, error) {
	if !bytes.HasPrefix(src, []byte(xerialMagic)) {
		return appendSnappyBlock(dst, src, limit)
	}
	for len(src) > 0 {
		// Streams may follow each other, each with its header; as a chunk's length it would be negative.
		if bytes.HasPrefix(src, []byte(xerialMagic)) {
			if len(src) < xerialHeaderLen {
				return dst, errors.New("xerial header is cut off")
			}
			src = src[xerialHeaderLen:]
			continue
		}
		if len(src) < 4 {
			return dst, errors.New("xerial chunk length is cut off")
		}
		n := int64(binary.BigEndian.Uint32(src))
		if src = src[4:]; n > int64(len(src)) {
			return dst, errors.New("xerial chunk is cut off")
		}
		var err error
		if dst, err = appendSnappyBlock(dst, src[:n], limit); err != nil {
			return dst, err
		}
		src = src[n:]
	}
	return dst, nil
}

// snappyRatio is more than a raw block can be compressed: its best tag gives 64 bytes for 3.
const snappyRatio = 22

func appendSnappyBlock(dst, block []byte, limit int) ([]byte, error) {
	n, err := s2.DecodedLen(block)
	if err != nil {
		return dst, err
	}
	// The length is only a claim, and the decoder allocates by it.
	if n > limit-len(dst) {
		return dst, tooLarge(limit)
	}
	if n > snappyRatio*len(block) {
		return dst, errors.New("snappy block claims more than its bytes can hold")
	}
	at := len(dst)
	dst = slices.Grow(dst, n)[:at+n]
	// Exactly n bytes long, so the decoder fills it in place.
	if _, err := s2.Decode(dst[at:], block); err != nil {
		return dst[:at], err
	}
	return dst, nil
}
