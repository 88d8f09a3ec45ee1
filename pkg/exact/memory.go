package exact

// prepare makes room for one addition to the n chunks from index low on.
func (s *Sum) prepare(low, n uint) {
	if s.pending >= maxPending {
		s.carry()
	}
	s.grow(low, n)
}

// grow widens the chunks so that they hold low … low+n−1 as well. It takes no
// more than that: a process holds two sums for each window and category, and the
// magnitudes of one kind of measurement settle within a few calls.
func (s *Sum) grow(low, n uint) {
	if len(s.chunks) == 0 {
		s.base = uint32(low)
	}
	first := min(uint(s.base), low)
	end := max(uint(s.base)+uint(len(s.chunks)), low+n)
	offset, length := uint(s.base)-first, end-first
	if offset == 0 && length <= uint(cap(s.chunks)) {
		s.chunks = s.chunks[:length] // what lies behind is zero
		return
	}
	grown := s.chunks[:min(length, uint(cap(s.chunks)))]
	if uint(len(grown)) < length {
		grown = make([]int64, length)
	}
	copy(grown[offset:], s.chunks)
	clear(grown[:offset])
	s.chunks, s.base = grown, uint32(first)
}

// carry moves what exceeds 32 bits up, chunk by chunk, and starts the count of
// pending additions anew. Every chunk but the last becomes a digit in [0, 2^32);
// the last keeps the sign and is below 2^32 in size.
func (s *Sum) carry() {
	s.pending = 0
	if len(s.chunks) == 0 {
		return
	}
	last := len(s.chunks) - 1
	for i := range last {
		s.chunks[i+1] += s.chunks[i] >> chunkBits
		s.chunks[i] &= lowMask
	}
	if top := s.chunks[last]; top > lowMask || top < -lowMask {
		s.grow(uint(s.base)+uint(last)+1, 1)
		s.chunks[last+1] = top >> chunkBits
		s.chunks[last] = top & lowMask
	}
}
