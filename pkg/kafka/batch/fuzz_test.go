package batch

import (
	"encoding/binary"
	"slices"
	"testing"
)

// FuzzWalk feeds a Walker anything. The CRCs of what looks like batches are made right first, or nothing behind that
// check would ever be reached. Run it with -fuzzminimizetime=1x: buffers kept from input to input make coverage differ
// from run to run, and minimising would take all the time.
func FuzzWalk(f *testing.F) {
	for _, codec := range codecs() {
		s := spec{base: 1, last: 4, records: numbered(mixed(), 1), codec: codec, producer: 7, txn: true}
		f.Add(s.bytes(f))
		f.Add(slices.Concat(s.bytes(f), marker(6, 7, 0).bytes(f), data(7, 7, true, 3).bytes(f)))
	}
	f.Add([]byte{})
	// Small enough for a fuzzer to exceed, and one Walker for all inputs, so that what one leaves behind may hurt
	// the next.
	w := Walker{MaxInflated: 1 << 16}
	f.Fuzz(func(t *testing.T, section []byte) {
		sane(t, &w, section, 3)
		section = slices.Clone(section)
		for b := section; len(b) >= headerLen; {
			size := int64(int32(binary.BigEndian.Uint32(b[lengthAt:]))) + lengthEnd
			if size < headerLen || size > int64(len(b)) {
				break
			}
			binary.BigEndian.PutUint32(b[crcAt:], checksum(b[attributesAt:size]))
			b = b[size:]
		}
		sane(t, &w, section, 3)
	})
}

// FuzzVarint holds the two readers of varints against each other and the library's.
func FuzzVarint(f *testing.F) {
	for _, x := range []int64{0, -1, 63, 64, -65, 1 << 31, -1 << 63, 1<<63 - 1} {
		f.Add(binary.AppendVarint(nil, x))
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		want, n := binary.Varint(b)
		if n <= 0 {
			want, n = 0, -1
		}
		if got, p := varint(b, 0); got != want || p != n {
			t.Fatalf("varint of %x is %d and goes on at %d, want %d and %d", b, got, p, want, n)
		}
		if len(binary.AppendVarint(nil, want)) != varintLen(want) {
			t.Fatalf("varintLen(%d) = %d", want, varintLen(want))
		}
	})
}
