package batch

import "iter"

// Header is one header of a record. A nil Value is null, which differs from an empty one.
type Header struct {
	Key   string
	Value []byte
}

// Record is one record, to be appended to a batch or as a [Walker] found it.
type Record struct {
	Offset int64  // in its partition; ignored by Append
	Time   int64  // milliseconds since the epoch; -1: none
	Key    []byte // nil: null
	Value  []byte // nil: null, a tombstone
	// Raw are the headers as they were found; Append writes them first, so a record passed on keeps its own.
	Raw RawHeaders
	// Headers are written behind Raw by Append. A Walker leaves them nil.
	Headers []Header
}

// RawHeaders are a record's headers, still encoded: most readers never look at them. The zero value has none.
// They alias the bytes of their batch, like Key and Value.
type RawHeaders struct {
	count int
	bytes []byte // known to hold exactly count headers
}

// Len is the number of headers.
func (h RawHeaders) Len() int { return h.count }

// All yields the headers in the order in which they were written. Keys are copied, values alias the batch.
func (h RawHeaders) All() iter.Seq[Header] {
	return func(yield func(Header) bool) {
		for p := 0; p < len(h.bytes); {
			var key, value []byte
			key, p = span(h.bytes, p)
			value, p = span(h.bytes, p)
			if p < 0 || !yield(Header{Key: string(key), Value: value}) {
				return
			}
		}
	}
}

// rawHeaders takes the headers that are all of b from p on, and false when they do not fill it exactly. They are
// checked here, once, so that nobody who iterates meets an error; count is never trusted with an allocation.
func rawHeaders(b []byte, p int) (RawHeaders, bool) {
	count, p := varint(b, p)
	if p < 0 || count < 0 {
		return RawHeaders{}, false
	}
	raw := RawHeaders{count: int(count), bytes: b[p:]}
	for range count {
		var name []byte
		name, p = span(b, p)
		if _, p = span(b, p); p < 0 || name == nil { // null is no name
			return RawHeaders{}, false
		}
	}
	return raw, p == len(b)
}

// span reads a length and that many bytes of b at p, and says where the next byte is: -1 if they do not fit, or if p
// was -1 already. A length of -1 is null and gives nil.
func span(b []byte, p int) ([]byte, int) {
	n, p := varint(b, p)
	switch {
	case p < 0 || n < -1 || n > int64(len(b)-p):
		return nil, -1
	case n < 0:
		return nil, p
	}
	end := p + int(n)
	return b[p:end:end], end
}
