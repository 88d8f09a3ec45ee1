package record

// shape is how the last record was spelled, in the expectation that the next one is spelled alike: the same bytes around
// its three values, and around those that nobody asked for but that vary. Where that is so, names, separators and all
// other fields are compared and not read, and so is a time that repeats.
//
// A record that has these bytes, and between them values that end where these bytes go on, is taken apart as the one was
// from which the shape was learnt: each value is read from the same place by what fast would read it with, and ends at the
// same byte of the record. So what is found is what fast would have found.
type shape struct {
	text    []byte // a record like those that are expected
	members []spot // all values in it
	fields  []spot // those that are read: the three, and what varies
	whole   bool   // learnt
	misses  int    // since the last record of this shape

	head int   // how much of the text stands in front of the second field, if the first one is the time; else 0
	time int64 // that the text has

	tail []byte       // where the category comes last: what stands behind it; else nil
	ends [ends]ending // and what has stood behind the field before it, by slot
}

// ending is the rest of a record that was read: its category, and what stands around it.
type ending struct {
	text     []byte // empty: none
	from, to int    // the category in it
}

// Few categories in turn each have an ending of their own; one that is too long is read anew.
const (
	ends      = 16
	maxEnding = 128
)

// spot is a value in the text.
type spot struct {
	kind     field
	from, to int
	varies   bool // of otherField: not all records learnt had the same
	more     bool // if it is read: the next that is read is otherField as well
	behind   gap  // if it is read: what stands between it and the next, or the end
}

// field is which of the three a value is.
type field uint8

const (
	timeField field = iota
	valueField
	categoryField
	otherField // none: nobody asked for it
)

// spots are where fast has found the three values.
type spots [3]spot

// read is fast for a record of this shape; false, with r untouched, for every other.
func (s *shape) read(b []byte, r *Record) bool {
	if !s.whole {
		return false
	}
	var (
		time     int64
		value    float64
		category []byte
		k, i     int
	)
	if s.head > 0 && len(b) > s.head && string(b[:s.head]) == string(s.text[:s.head]) {
		time, k, i = s.time, 1, s.head
	} else if i = s.fields[0].from; i >= len(b) || string(b[:i]) != string(s.text[:i]) {
		return false
	}
	for last := len(s.fields) - 1; ; k++ {
		f := &s.fields[k]
		from, ok := i, false
		switch f.kind {
		case timeField:
			time, i, ok = plainTime(b, i)
			if ok && k == 0 && i-from == f.to-f.from { // it may come again
				copy(s.text[f.from:f.to], b[from:i])
				s.time = time
			}
		case valueField:
			value, i, ok = quickValue(b, i)
		case categoryField:
			category, i, ok = plainCategory(b, i)
		default:
			if k, i, ok = s.skip(b, k, i); ok {
				f = &s.fields[k]
			}
		}
		if !ok {
			return false
		}
		behind := f.behind.text
		if k == last {
			if string(b[i:]) != string(behind) {
				return false
			}
			break
		}
		if k+1 == last && s.tail != nil {
			if category, ok = s.ending(b[i:], behind); !ok {
				return false
			}
			break
		}
		next := i + len(behind)
		if next >= len(b) || string(b[i:next]) != string(behind) {
			return false
		}
		i = next
	}
	s.misses = 0
	r.Time, r.Value, r.Category = time, value, category
	return true
}

// skip steps over the value at i, which stands where field k does, and over those that follow in a row, none of which was
// asked for; last is the last of them. Many fields that vary are many turns of this loop: it does without all that the
// three need, and calls one function for each text.
func (s *shape) skip(b []byte, k, i int) (last, next int, ok bool) {
	for ; ; k++ {
		if i < len(b) && b[i] == '"' {
			i, ok = skipString(b, i)
		} else {
			i, ok = skipValue(b, i, 1)
		}
		f := &s.fields[k]
		if !ok || !f.more {
			return k, i, ok
		}
		if f.behind.long || i+16 > len(b) {
			ok = f.behind.at(b, i)
		} else {
			ok = f.behind.begins((*[16]byte)(b[i : i+16 : i+16]))
		}
		if !ok {
			return k, i, false
		}
		i += len(f.behind.text)
	}
}

// ending reads the rest of a record that ends with its category, or knows it; between is what the shape has in front of
// that.
func (s *shape) ending(b, between []byte) (category []byte, ok bool) {
	first, last := len(between)+1, len(b)-len(s.tail)-2 // of the category
	if first > last {
		return nil, false
	}
	e := &s.ends[(uint(b[last])+2*uint(b[first])+uint(len(b)))%ends]
	if string(b) == string(e.text) {
		return b[e.from:e.to:e.to], true
	}
	if string(b[:first-1]) != string(between) {
		return nil, false
	}
	category, next, ok := plainCategory(b, first-1)
	if !ok || string(b[next:]) != string(s.tail) {
		return nil, false
	}
	if len(b) <= maxEnding {
		e.text, e.from, e.to = append(e.text[:0], b...), first, next-1
	}
	return category, true
}
