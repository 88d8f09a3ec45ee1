package record

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// textEnd is the index of the first byte at or after i that plain text in a string ends at: a quote, a backslash or a
// control character; len(b) if there is none. ascii says that UTF-8 needs no check before it. It takes eight bytes at a
// time, so that how long a text is, which differs from record to record, is hardly a branch.
//
// The third index, here and where else words are read, spares four steps that the compiler takes lest an empty slice points
// behind the array: steps on the way from the end of one value to the end of the next, which nothing can be done beside.
func textEnd(b []byte, i int) (end int, ascii bool) {
	var seen uint64
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i : i+8 : i+8])
		if stops := textStops(w); stops != 0 {
			before := uint(bits.TrailingZeros64(stops)) / 8
			seen |= w << (64 - 8*before) // by 64, where nothing is before, it leaves 0
			return i + int(before), seen&eachTop == 0
		}
		seen |= w
	}
	for ; i < len(b); i++ {
		c := b[i]
		if c == '"' || c == '\\' || c < ' ' {
			break
		}
		seen |= uint64(c)
	}
	return i, seen&eachTop == 0
}

const (
	eachByte = 0x0101010101010101
	eachTop  = utf8.RuneSelf * eachByte
)

// textStops marks by its top bit the first of the eight bytes in w, the first one lowest, that plain text ends at. Marks
// behind that may be false: a borrow out of a byte that has stopped spoils the next.
func textStops(w uint64) uint64 {
	// A quote changes places with a blank, and is then the one character behind the control characters.
	quoteOrControl := (w ^ 2*eachByte) - '!'*eachByte
	backslash := (w ^ '\\'*eachByte) - eachByte
	return (quoteOrControl | backslash) &^ w & eachTop
}

// firstStop is which of 16 bytes text ends at, by the marks of the first eight and of the other ones; 16 if there are none.
// How many bytes stand before it is no branch.
func firstStop(first, second uint64) int {
	before, more := uint(bits.TrailingZeros64(first))/8, uint(bits.TrailingZeros64(second))/8
	return int(before + more&-(before>>3)) // more counts only where all eight stand before
}
