package partial

import (
	"fmt"
	"io"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a message as it stands on the wire.
type field struct {
	number protowire.Number
	typ    protowire.Type
	bits   uint64 // of a varint or a fixed64
	bytes  []byte // of a string, bytes, message or packed list; aliases the message
}

// each reads the fields of a message one by one. Those of unknown types are passed on as well: whether a field is known
// is for the reader of the message to say.
func each(b []byte, read func(f field) error) error {
	var f field
	for len(b) > 0 {
		var err error
		if b, err = f.cut(b); err != nil {
			return err
		}
		if err := read(f); err != nil {
			return err
		}
	}
	return nil
}

// cut takes the first field off b, which is not empty.
func (f *field) cut(b []byte) (rest []byte, err error) {
	f.bits, f.bytes = 0, nil
	n := 1
	if tag := b[0]; tag >= 1<<3 && tag < 0x80 { // of one byte, as nearly all are
		f.number, f.typ = protowire.Number(tag>>3), protowire.Type(tag&7)
	} else if f.number, f.typ, n = protowire.ConsumeTag(b); n < 0 {
		return nil, fmt.Errorf("%w: tag of a field: %w", ErrMalformed, protowire.ParseError(n))
	}
	b = b[n:]
	switch f.typ {
	case protowire.VarintType:
		f.bits, n = protowire.ConsumeVarint(b)
	case protowire.Fixed64Type:
		f.bits, n = protowire.ConsumeFixed64(b)
	case protowire.BytesType:
		if len(b) > 0 && b[0] < 0x80 && int(b[0]) < len(b) { // a length of one byte
			end := 1 + int(b[0])
			f.bytes = b[1:end]
			return b[end:], nil
		}
		f.bytes, n = protowire.ConsumeBytes(b)
	default:
		n = protowire.ConsumeFieldValue(f.number, f.typ, b)
	}
	if n < 0 {
		return nil, fmt.Errorf("%w: field %d: %w", ErrMalformed, f.number, protowire.ParseError(n))
	}
	return b[n:], nil
}

// is refuses a known field of another wire type, which no version of the format has.
func (f field) is(typ protowire.Type) error {
	if f.typ != typ {
		return fmt.Errorf("%w: field %d has wire type %d, want %d", ErrMalformed, f.number, f.typ, typ)
	}
	return nil
}

// int32 reads a number that Protocol Buffers widens to 64 bits on the wire; it is not cut back silently.
func (f field) int32(to *int32) error {
	if v := int64(f.bits); f.typ == protowire.VarintType && (v < math.MinInt32 || v > math.MaxInt32) {
		return fmt.Errorf("%w: field %d holds %d, want 32 bits", ErrMalformed, f.number, v)
	}
	*to = int32(f.bits)
	return f.is(protowire.VarintType)
}

func (f field) int64(to *int64) error {
	*to = int64(f.bits)
	return f.is(protowire.VarintType)
}

func (f field) bool(to *bool) error {
	*to = f.bits != 0
	return f.is(protowire.VarintType)
}

func (f field) fixed(to *uint64) error {
	*to = f.bits
	return f.is(protowire.Fixed64Type)
}

func (f field) sfixed(to *int64) error {
	*to = int64(f.bits)
	return f.is(protowire.Fixed64Type)
}

// double reads a measurement. Minus zero is zero, as everywhere: zeros are left out where they are written.
func (f field) double(to *float64) error {
	*to = math.Float64frombits(f.bits) + 0
	return f.is(protowire.Fixed64Type)
}

func (f field) string(to *string) error {
	*to = string(f.bytes)
	return f.is(protowire.BytesType)
}

// packed appends the numbers of a repeated field as they stand in a packed one, whole ones alone.
func (f field) packed(to []byte) ([]byte, error) {
	if f.typ == protowire.VarintType {
		return protowire.AppendVarint(slices.Clip(to), f.bits), nil
	}
	if err := f.is(protowire.BytesType); err != nil {
		return nil, err
	}
	if n := len(f.bytes); n > 0 && f.bytes[n-1] >= 0x80 {
		return nil, fmt.Errorf("%w: list in field %d: %w", ErrMalformed, f.number, io.ErrUnexpectedEOF)
	}
	if to == nil {
		return f.bytes, nil // as it stands in the message
	}
	return append(slices.Clip(to), f.bytes...), nil
}

// list appends the numbers of a repeated field, packed or one by one: readers of the format take both.
func (f field) list(to []uint64) ([]uint64, error) {
	if f.typ == protowire.VarintType {
		return append(to, f.bits), nil
	}
	if err := f.is(protowire.BytesType); err != nil {
		return nil, err
	}
	for b := f.bytes; len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return nil, fmt.Errorf("%w: list in field %d: %w", ErrMalformed, f.number, protowire.ParseError(n))
		}
		to = append(to, v)
		b = b[n:]
	}
	return to, nil
}
