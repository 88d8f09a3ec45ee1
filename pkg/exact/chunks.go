package exact

import (
	"errors"
	"fmt"
)

const (
	// MaxIndex is the greatest index that AddChunk takes. A canonical chunk there
	// reaches 2^2112, which no int64 count of squares exceeds.
	MaxIndex = 133
	// someChunks hold the squares of most measurements.
	someChunks = 6
	// MaxChunk is the greatest size of a canonical chunk, of either sign.
	MaxChunk = 1<<chunkBits - 1
)

var (
	// ErrIndex says that a foreign chunk lies outside 0 … MaxIndex.
	ErrIndex = errors.New("index of a sum's chunk is out of range")
	// ErrChunk says that a foreign chunk is larger than MaxChunk.
	ErrChunk = errors.New("chunk of a sum is out of range")
)

// scratch holds the digits of any sum of values; longer ones, which only sums
// merged with themselves can have, go to the heap.
type scratch [MaxIndex + 3]uint32

// digits appends the magnitude of s to buf in base 2^32, the lowest digit first
// and of index s.base, and says whether s is negative. There is one such form of
// a value but for zeros at either end.
func (s *Sum) digits(buf []uint32) (digits []uint32, negative bool) {
	carry := int64(0)
	for _, c := range s.chunks {
		// Far from overflow: pending keeps chunks below 2^62 + 2^32.
		c += carry
		buf = append(buf, uint32(c))
		carry = c >> chunkBits
	}
	for carry != 0 && carry != -1 {
		buf = append(buf, uint32(carry))
		carry >>= chunkBits
	}
	if carry == 0 {
		return buf, false
	}
	// What is left is a two's complement; its magnitude is wanted, so that a small
	// negative sum has few chunks too.
	one := uint64(1)
	for i, d := range buf {
		one += uint64(^d)
		buf[i] = uint32(one)
		one >>= chunkBits
	}
	if one != 0 {
		buf = append(buf, 1)
	}
	return buf, true
}

// IsZero says whether the sum is exactly 0.
func (s *Sum) IsZero() bool { return s.Sign() == 0 }

// Sign returns -1, 0 or 1, the sign of the exact sum.
func (s *Sum) Sign() int {
	var buf scratch
	digits, negative := s.digits(buf[:0])
	if negative {
		return -1
	}
	for _, d := range digits {
		if d != 0 {
			return 1
		}
	}
	return 0
}

// Chunks yields the non-zero chunks in rising order of their index: the sum is
// Σ chunk·2^(32·index − 2176), all chunks have its sign and are at most MaxChunk
// in size. The same value gives the same chunks, whatever was added in which
// order, so they may be compared byte by byte; 0 has none. An index above
// MaxIndex is possible only for a sum beyond 2^2112, which no measurements give.
func (s *Sum) Chunks(yield func(index int, chunk int64) bool) {
	var buf scratch
	digits, negative := s.digits(buf[:0])
	for i, d := range digits {
		if d == 0 {
			continue
		}
		chunk := int64(d)
		if negative {
			chunk = -chunk
		}
		if !yield(int(s.base)+i, chunk) {
			return
		}
	}
}

// AddChunk adds chunk·2^(32·index − 2176), as Chunks yields it. The index must be
// in 0 … MaxIndex, else the error is ErrIndex, and the chunk in ±MaxChunk, else
// it is ErrChunk; nothing is added then. Within these bounds any number of chunks
// in any order is safe. A chunk of 0 is taken and changes nothing.
func (s *Sum) AddChunk(index int, chunk int64) error {
	if index < 0 || index > MaxIndex {
		return fmt.Errorf("read chunk %d of a sum: %w: want 0 to %d", index, ErrIndex, MaxIndex)
	}
	if chunk < -MaxChunk || chunk > MaxChunk {
		return fmt.Errorf("read chunk %d of a sum: %w: %d is not within ±%d", index, ErrChunk, chunk, int64(MaxChunk))
	}
	if chunk == 0 {
		return nil
	}
	if s.chunks == nil {
		s.chunks = make([]int64, 0, someChunks) // what is read chunk by chunk would grow chunk by chunk
	}
	if at := uint(index) - uint(s.base); at >= uint(len(s.chunks)) || s.pending >= maxPending {
		s.prepare(uint(index), 1)
	}
	s.chunks[uint(index)-uint(s.base)] += chunk
	s.pending++
	return nil
}
