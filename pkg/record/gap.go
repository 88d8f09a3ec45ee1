package record

import "encoding/binary"

// gap is what stands in a shape between two values that are read, or behind the last. Where these are two that nobody asked
// for it is mostly a short name and what is around it: 16 bytes of it are compared as two words.
type gap struct {
	text  []byte
	words [2]uint64 // its first 16 bytes, the first one lowest; 0 where it has none
	masks [2]uint64 // which bits of them it has
	long  bool      // there is more of it
}

func newGap(text []byte) gap {
	var first [16]byte
	n := copy(first[:], text)
	return gap{
		text:  text,
		words: [2]uint64{binary.LittleEndian.Uint64(first[:8]), binary.LittleEndian.Uint64(first[8:])},
		masks: [2]uint64{1<<(8*n) - 1, 1<<(8*max(n-8, 0)) - 1}, // by 64 and more, 1 is shifted out, and all bits are left
		long:  len(text) > len(first),
	}
}

// at says whether the gap stands in b at i.
func (g *gap) at(b []byte, i int) bool {
	next := i + len(g.text)
	return next <= len(b) && string(b[i:next]) == string(g.text)
}

// begins says whether the gap, which is not a long one, is what b begins with.
func (g *gap) begins(b *[16]byte) bool {
	first, second := binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:])
	return (first^g.words[0])&g.masks[0]|(second^g.words[1])&g.masks[1] == 0
}
