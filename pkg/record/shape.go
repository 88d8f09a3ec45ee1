package record

// shape is how the last record was spelled, in the expectation that the next one is spelled alike: the same bytes around
// its three values. Where that is so, names, separators and fields that nobody asked for are compared and not read, and so
// is a time that repeats.
//
// A record that has these bytes, and between them two numbers and a text that end where these bytes go on, is taken apart
// as the one was from which the shape was learnt: a number ends at the first byte that can't belong to it, a text at its
// closing quote, and both bytes are the shape's. So what is found is what fast would have found.
type shape struct {
	text   []byte // a record like those that are expected
	fields [3]spot
	whole  bool // learnt
	misses int  // since the last record of this shape

	head int   // how much of the text stands in front of the second value, if the first one is the time; else 0
	time int64 // that the text has

	ends [ends]ending // where the category comes last: what has stood behind the second value, by slot
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

// spot is one of the three values in the text.
type spot struct {
	kind     field
	from, to int
}

// field is which of the three a value is.
type field uint8

const (
	timeField field = iota
	valueField
	categoryField
)

// spots are where fast has found the three values.
type spots [3]spot

// Records that come in many shapes are not worth a guess each: after so many in a row that were guessed wrong, so many are
// not guessed.
const (
	maxMisses = 8
	pause     = 1000
)

// maxShape bounds what is remembered, in bytes; longer records are read as any other.
const maxShape = 4 << 10

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
	for {
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
		default:
			category, i, ok = plainCategory(b, i)
		}
		if !ok {
			return false
		}
		if k++; k == len(s.fields) {
			break
		}
		if k == 2 && s.fields[2].kind == categoryField {
			if category, ok = s.ending(b[i:]); !ok {
				return false
			}
			s.misses = 0
			r.Time, r.Value, r.Category = time, value, category
			return true
		}
		between := s.text[f.to:s.fields[k].from]
		next := i + len(between)
		if next >= len(b) || string(b[i:next]) != string(between) {
			return false
		}
		i = next
	}
	if string(b[i:]) != string(s.text[s.fields[2].to:]) {
		return false
	}
	s.misses = 0
	r.Time, r.Value, r.Category = time, value, category
	return true
}

// ending reads the rest of a record that ends with its category, or knows it.
func (s *shape) ending(b []byte) (category []byte, ok bool) {
	between, tail := s.text[s.fields[1].to:s.fields[2].from], s.text[s.fields[2].to:]
	first, last := len(between)+1, len(b)-len(tail)-2 // of the category
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
	if !ok || string(b[next:]) != string(tail) {
		return nil, false
	}
	if len(b) <= maxEnding {
		e.text, e.from, e.to = append(e.text[:0], b...), first, next-1
	}
	return category, true
}

// learn takes the shape of a record that fast has read.
func (s *shape) learn(b []byte, at spots, time int64) {
	s.misses++
	if s.misses > maxMisses+pause {
		s.misses = 1
	}
	if s.whole = s.misses <= maxMisses && len(b) <= maxShape; !s.whole {
		return
	}
	// Three are sorted by three comparisons.
	for _, p := range [...][2]int{{0, 1}, {1, 2}, {0, 1}} {
		if at[p[0]].from > at[p[1]].from {
			at[p[0]], at[p[1]] = at[p[1]], at[p[0]]
		}
	}
	for i := range s.ends { // they go with the shape
		s.ends[i].text = s.ends[i].text[:0]
	}
	s.text = append(s.text[:0], b...)
	s.fields, s.head = at, 0
	if at[0].kind == timeField {
		s.head, s.time = at[1].from, time
	}
}
