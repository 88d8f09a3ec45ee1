package batch

import "math"

// room is how many bytes usual reads without asking whether there are so many: more than its varints can have.
const room = 32

// usual is parse for a record without headers whose lengths and deltas have up to three bytes, as nearly all have. It is
// false for every other one, every malformed one included: nothing has changed then but r, and parse judges.
func (w *Walker) usual(r *Record) bool {
	b := w.records[w.at:]
	if len(b) < room {
		return false
	}
	length, body := short(b, 0)
	timeDelta, t := short(b, body+1) // behind the attributes, which are unused
	delta, d := short(b, t)
	keyLength, p := short(b, d)
	if body == 0 || t == 0 || d == 0 || p == 0 || (length|delta)&1 != 0 { // too long, or negative
		return false
	}
	r.Key = nil
	if keyLength != 1 {
		end := p + int(keyLength/2)
		if keyLength&1 != 0 || end > len(b)-3 {
			return false
		}
		r.Key, p = b[p:end:end], end
	}
	valueLength, p := short(b, p)
	end := body + int(length/2)
	if p == 0 || valueLength&1 != 0 || p+int(valueLength/2)+1 != end || end > len(b) || b[end-1] != 0 {
		return false
	}
	h, offset := &w.head, int64(delta/2)
	if offset <= w.delta || offset >= h.end-h.base {
		return false
	}
	r.Time = h.maxTime
	if !h.is(attrLogAppend) {
		if h.baseTime > math.MaxInt64-1<<21 || h.baseTime < math.MinInt64+1<<21 {
			return false
		}
		r.Time = h.baseTime + (int64(timeDelta>>1) ^ -int64(timeDelta&1))
	}
	r.Offset = h.base + offset
	r.Value = b[p : end-1 : end-1]
	r.Raw, r.Headers = RawHeaders{}, nil
	w.at += end
	w.delta = offset
	w.left--
	return true
}

// short reads a varint of up to three bytes at i, zigzag and all, and says where the next byte is: 0 if it is longer.
func short(b []byte, i int) (x uint, next int) {
	x = uint(b[i])
	if x < 0x80 {
		return x, i + 1
	}
	x = x&0x7f | uint(b[i+1])<<7
	if x < 1<<14 {
		return x, i + 2
	}
	x = x&(1<<14-1) | uint(b[i+2])<<14
	if x < 1<<21 {
		return x, i + 3
	}
	return 0, 0
}
