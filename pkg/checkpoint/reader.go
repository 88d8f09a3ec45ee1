package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
)

// reader takes a body apart. It goes on with zeros after its end and remembers that it did, so that a codec reads as one
// list of fields and asks once.
type reader struct {
	b     []byte
	short bool // the bytes ended early, or did not hold what they should
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.short, r.b = true, nil
		return nil
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.short, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.short, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int32() int32 {
	v := r.varint()
	if v < math.MinInt32 || v > math.MaxInt32 {
		r.short = true
		return 0
	}
	return int32(v)
}

// length reads a number of bytes that must follow.
func (r *reader) length() int {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.short = true
		return 0
	}
	return int(n)
}

// end is the error of a body that was too short or too long.
func (r *reader) end(what string) error {
	if r.short {
		return fmt.Errorf("parse the %s: %w: it ends early or holds numbers out of range", what, ErrUnreadable)
	}
	if len(r.b) > 0 {
		return fmt.Errorf("parse the %s: %w: %d bytes follow its end", what, ErrUnreadable, len(r.b))
	}
	return nil
}
