package broker

import (
	"encoding/binary"
	"errors"
)

// errShort means that an answer ended before its fields did.
var errShort = errors.New("the broker's answer is shorter than its fields")

// enc appends the fields of a request; flex switches strings, arrays and tag buffers to the compact forms that
// "flexible" request versions use.
type enc struct {
	b    []byte
	flex bool
}

func (e *enc) i8(x int8)   { e.b = append(e.b, byte(x)) }
func (e *enc) i16(x int16) { e.b = binary.BigEndian.AppendUint16(e.b, uint16(x)) }
func (e *enc) i32(x int32) { e.b = binary.BigEndian.AppendUint32(e.b, uint32(x)) }
func (e *enc) i64(x int64) { e.b = binary.BigEndian.AppendUint64(e.b, uint64(x)) }

func (e *enc) bool(x bool) {
	if x {
		e.i8(1)
		return
	}
	e.i8(0)
}

// array begins an array of n elements.
func (e *enc) array(n int) {
	if e.flex {
		e.b = binary.AppendUvarint(e.b, uint64(n+1))
		return
	}
	e.i32(int32(n))
}

func (e *enc) str(s string) {
	if e.flex {
		e.b = binary.AppendUvarint(e.b, uint64(len(s)+1))
	} else {
		e.i16(int16(len(s)))
	}
	e.b = append(e.b, s...)
}

// null is a null string.
func (e *enc) null() {
	if e.flex {
		e.b = append(e.b, 0)
		return
	}
	e.i16(-1)
}

// optStr writes the empty string as null.
func (e *enc) optStr(s string) {
	if s == "" {
		e.null()
		return
	}
	e.str(s)
}

// tags is an empty tag buffer; classic versions have none.
func (e *enc) tags() {
	if e.flex {
		e.b = append(e.b, 0)
	}
}

// dec reads the fields of an answer. After the first short read every further field is zero and err is set, so that
// a caller checks once, at the end.
type dec struct {
	b    []byte
	flex bool
	err  error
}

func (d *dec) take(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.err, d.b = errShort, nil
		return nil
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *dec) i8() int8 {
	if b := d.take(1); b != nil {
		return int8(b[0])
	}
	return 0
}

func (d *dec) i16() int16 {
	if b := d.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (d *dec) i32() int32 {
	if b := d.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (d *dec) i64() int64 {
	if b := d.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (d *dec) uvarint() int {
	x, n := binary.Uvarint(d.b)
	if n <= 0 || x > 1<<30 {
		d.err, d.b = errShort, nil
		return 0
	}
	d.b = d.b[n:]
	return int(x)
}

// array is the number of elements that follow; a null array has none. Each element takes a byte at least, so a
// number beyond the bytes left is an error and never an allocation.
func (d *dec) array() int {
	n := 0
	if d.flex {
		n = d.uvarint() - 1
	} else {
		n = int(d.i32())
	}
	if n > len(d.b) {
		d.err, d.b = errShort, nil
		return 0
	}
	return max(n, 0)
}

// str reads a string; null reads as empty.
func (d *dec) str() string {
	n := 0
	if d.flex {
		n = d.uvarint() - 1
	} else {
		n = int(d.i16())
	}
	if n <= 0 {
		return ""
	}
	return string(d.take(n))
}

// skipTags passes over a tag buffer.
func (d *dec) skipTags() {
	if !d.flex {
		return
	}
	for n := d.uvarint(); n > 0 && d.err == nil; n-- {
		d.uvarint()
		d.take(d.uvarint())
	}
}
