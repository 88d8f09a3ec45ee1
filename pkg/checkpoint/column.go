package checkpoint

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// A column is many numbers of one meaning, which lie close together: the least of them, their greatest common step, and
// then for each the number of steps in as many bits as the widest needs. Offsets of nine digits take 30 bits this way
// and watermarks in whole milliseconds a few, where varints would take five to ten bytes; without it the sources of a
// few hundred partitions would not fit into a commit.

// appendColumn appends the values; their number is for the reader to know.
func appendColumn(b []byte, values []int64) []byte {
	if len(values) == 0 {
		return b
	}
	base, step, widest := slices.Min(values), uint64(0), uint64(0)
	for _, v := range values {
		// The difference of two int64 always fits uint64, also where it overflows int64.
		d := uint64(v) - uint64(base)
		step, widest = gcd(step, d), max(widest, d)
	}
	step = max(step, 1) // all alike
	width := bits.Len64(widest / step)
	b = binary.AppendVarint(b, base)
	b = binary.AppendUvarint(b, step)
	b = append(b, byte(width))
	at := len(b) * 8
	b = append(b, make([]byte, (len(values)*width+7)/8)...)
	for _, v := range values {
		putBits(b, at, width, (uint64(v)-uint64(base))/step)
		at += width
	}
	return b
}

// column reads n values.
func (r *reader) column(n int) []int64 {
	if n == 0 {
		return []int64{}
	}
	base, step, width := r.varint(), r.uvarint(), int(r.byte())
	if step == 0 || width > 64 {
		r.short = true
		return nil
	}
	packed := r.take((n*width + 7) / 8)
	if r.short {
		return nil
	}
	room := uint64(math.MaxInt64) - uint64(base) // how far above base an int64 can be
	values := make([]int64, n)
	for i := range values {
		over, d := bits.Mul64(getBits(packed, i*width, width), step)
		if over != 0 || d > room {
			r.short = true
			return nil
		}
		values[i] = int64(uint64(base) + d)
	}
	return values
}

// putBits writes the low width bits of v into b from bit at on, the lowest first; b is 0 there.
func putBits(b []byte, at, width int, v uint64) {
	for width > 0 {
		n := min(8-at%8, width)
		b[at/8] |= byte(v&(1<<n-1)) << (at % 8)
		v >>= n
		at, width = at+n, width-n
	}
}

// getBits reads width bits of b from bit at on.
func getBits(b []byte, at, width int) (v uint64) {
	for done := 0; done < width; {
		n := min(8-at%8, width-done)
		v |= uint64(b[at/8]>>(at%8)&(1<<n-1)) << done
		at, done = at+n, done+n
	}
	return v
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
