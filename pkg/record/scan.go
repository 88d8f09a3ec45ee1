package record

import "unicode/utf8"

// scan fills the slots of a tree in one pass over a record. It returns false, with the slots in any state, for what it
// is not certain of: names beside those asked for that are spelled with escapes or not in UTF-8, long numbers that are
// asked for, deep nesting, and all that is no JSON object.
func (t *tree) scan(b []byte, slots []slot) bool {
	clear(slots)
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '{' {
		return false
	}
	s := scanner{b: b, slots: slots}
	i, ok := s.object(i, t, 1)
	return ok && skipSpace(b, i) == len(b)
}

type scanner struct {
	b     []byte
	slots []slot
}

// object reads the object at i, which is t's place in the tree, in which somebody asked for something.
func (s *scanner) object(i int, t *tree, depth int) (next int, ok bool) {
	b := s.b
	if i = skipSpace(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1, true
	}
	for {
		name, next, ascii, ok := plainString(b, i)
		if !ok || !ascii && !utf8.Valid(name) {
			return i, false
		}
		if next = skipSpace(b, next); next >= len(b) || b[next] != ':' {
			return next, false
		}
		kid := t.named(name)
		if kid != nil {
			kid.forget(s.slots) // of a field that comes twice the last counts
		}
		var more bool
		if i, more, ok = s.member(next+1, kid, depth, '}'); !ok || !more {
			return i, ok
		}
	}
}

// array reads the array at i, as object does.
func (s *scanner) array(i int, t *tree, depth int) (next int, ok bool) {
	b := s.b
	if i = skipSpace(b, i+1); i < len(b) && b[i] == ']' {
		return i + 1, true
	}
	for n := 0; ; n++ {
		var more bool
		if i, more, ok = s.member(i, t.at(n), depth, ']'); !ok || !more {
			return i, ok
		}
	}
}

// member reads a value and what is behind it: a comma, after which more follows at next, or the end of what it is in.
func (s *scanner) member(i int, t *tree, depth int, end byte) (next int, more, ok bool) {
	b := s.b
	if i, ok = s.value(skipSpace(b, i), t, depth); !ok {
		return i, false, false
	}
	if i = skipSpace(b, i); i >= len(b) {
		return i, false, false
	}
	if b[i] == ',' {
		return skipSpace(b, i+1), true, true
	}
	return i + 1, false, b[i] == end
}

// value reads any value at i and puts it where t says; t is nil where nobody asked for it or for anything in it.
func (s *scanner) value(i int, t *tree, depth int) (next int, ok bool) {
	b := s.b
	if t == nil || i >= len(b) {
		return skipValue(b, i, depth)
	}
	var got slot
	switch nested := len(t.kids) > 0; {
	case nested && b[i] == '{':
		next, ok = s.object(i, t, depth+1)
	case nested && b[i] == '[':
		next, ok = s.array(i, t, depth+1)
	case isNumber(b[i:]):
		got.num.short, next, ok = plainNumber(b, i)
		got.isNum, got.num.plain = ok, ok
	default:
		next, ok = skipValue(b, i, depth)
	}
	if ok && t.slot >= 0 {
		got.raw = b[i:next:next]
		got.num.text = got.raw
		s.slots[t.slot] = got
	}
	return next, ok
}
