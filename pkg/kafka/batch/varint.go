package batch

import "math/bits"

// varint reads a zigzag varint of b at i and says where the next byte is. A varint that runs out of b, or beyond 64
// bits, gives -1, and so does every varint read from -1 on: a row of them needs one check at its end.
func varint(b []byte, i int) (int64, int) {
	if uint(i) >= uint(len(b)) {
		return 0, -1
	}
	c := uint64(b[i])
	i++
	if c < 0x80 { // as nearly always
		return int64(c>>1) ^ -int64(c&1), i
	}
	x := c & 0x7f
	for shift := uint(7); shift < 64 && i < len(b); shift += 7 {
		c = uint64(b[i])
		i++
		if c < 0x80 {
			if shift == 63 && c > 1 {
				return 0, -1
			}
			x |= c << shift
			return int64(x>>1) ^ -int64(x&1), i
		}
		x |= (c & 0x7f) << shift
	}
	return 0, -1
}

// varintLen is the number of bytes that x takes as a zigzag varint, 1 to 10.
func varintLen(x int64) int {
	zigzag := uint64(x<<1) ^ uint64(x>>63)
	return (bits.Len64(zigzag|1) + 6) / 7
}
