package batch

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// TestEndIsWhereAWalkEnds, also if the last batch is cut off.
func TestEndIsWhereAWalkEnds(t *testing.T) {
	var log []byte
	ends := []int64{100}
	for i, n := range []int{3, 1, 5} {
		var b Builder
		for range n {
			b.Append(&Record{Time: 1, Value: []byte("a record")})
		}
		one := bytes.Clone(b.Seal(Options{Compression: []Codec{None, LZ4, None}[i]}))
		binary.BigEndian.PutUint64(one[baseOffsetAt:], uint64(ends[len(ends)-1]))
		log, ends = append(log, one...), append(ends, ends[len(ends)-1]+int64(n))
	}
	for length := range len(log) + 1 {
		var w Walker
		w.Reset(log[:length], ends[0], nil, true)
		var m Record
		for w.Next() {
			for w.Record(&m) {
			}
		}
		next, ok := End(log[:length])
		if w.Err() != nil || ok != slices.Contains(ends[1:], w.Position()) || ok && next != w.Position() {
			t.Fatalf("of %d bytes: end %d, %v; a walk ends at %d, %v", length, next, ok, w.Position(), w.Err())
		}
	}
}

// TestNoEndOfWhatIsNoBatch: what is fetched next must not depend on bytes that no walk would accept.
func TestNoEndOfWhatIsNoBatch(t *testing.T) {
	var b Builder
	b.Append(&Record{Time: 1, Value: []byte("a record")})
	good := bytes.Clone(b.Seal(Options{}))
	for name, spoil := range map[string]func([]byte){
		"a length below a header's":  func(b []byte) { copy(b[lengthAt:], []byte{0, 0, 0, 1}) },
		"a negative length":          func(b []byte) { b[lengthAt] = 0x80 },
		"a negative base offset":     func(b []byte) { b[baseOffsetAt] = 0x80 },
		"a negative last offset":     func(b []byte) { b[lastDeltaAt] = 0x80 },
		"an offset beyond the limit": func(b []byte) { copy(b[baseOffsetAt:], []byte{0x7f, 255, 255, 255, 255, 255, 255, 255}) },
	} {
		bad := bytes.Clone(good)
		spoil(bad)
		if next, ok := End(bad); ok {
			t.Errorf("%s: end %d", name, next)
		}
	}
}
