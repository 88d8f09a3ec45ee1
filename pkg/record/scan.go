package record

import "unicode/utf8"

// maxScanDepth is how deep scan follows nesting; what is deeper is the reference's.
const maxScanDepth = 64

// scan fills the slots of a tree in one pass over a record. It returns false, with the slots in any state, for what it
// is not certain of: names spelled with escapes or not in UTF-8, long numbers, deep nesting, and all that is no JSON
// object.
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

// object reads the object at i, which is t's place in the tree; t is nil where nobody asked for anything.
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
		var kid *tree
		if t != nil {
			if kid = t.named(name); kid != nil {
				kid.forget(s.slots) // of a field that comes twice the last counts
			}
		}
		var more bool
		if i, more, ok = s.member(next+1, kid, depth, '}'); !ok || !more {
			return i, ok
		}
	}
}

// array reads the array at i.
func (s *scanner) array(i int, t *tree, depth int) (next int, ok bool) {
	b := s.b
	if i = skipSpace(b, i+1); i < len(b) && b[i] == ']' {
		return i + 1, true
	}
	for n := 0; ; n++ {
		var kid *tree
		if t != nil {
			kid = t.at(n)
		}
		var more bool
		if i, more, ok = s.member(i, kid, depth, ']'); !ok || !more {
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

// value reads any value at i and puts it where t says.
func (s *scanner) value(i int, t *tree, depth int) (next int, ok bool) {
	b := s.b
	if i >= len(b) || depth == maxScanDepth {
		return i, false
	}
	below := t
	if t != nil && len(t.kids) == 0 {
		below = nil
	}
	var got slot
	switch b[i] {
	case '{':
		next, ok = s.object(i, below, depth+1)
	case '[':
		next, ok = s.array(i, below, depth+1)
	case '"':
		next, ok = skipString(b, i)
	case 't':
		next, ok = skipWord(b, i, "true")
	case 'f':
		next, ok = skipWord(b, i, "false")
	case 'n':
		next, ok = skipWord(b, i, "null")
	default:
		got.num.short, next, ok = plainNumber(b, i)
		got.isNum, got.num.plain = ok, ok
	}
	if ok && t != nil && t.slot >= 0 {
		got.raw = b[i:next:next]
		got.num.text = got.raw
		s.slots[t.slot] = got
	}
	return next, ok
}

// skipString steps over a string, whatever escapes it holds.
func skipString(b []byte, i int) (next int, ok bool) {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, true
		case c < ' ':
			return i, false
		case c == '\\':
			if i++; i >= len(b) {
				return i, false
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if !fourHex(b, i+1) {
					return i, false
				}
				i += 4
			default:
				return i, false
			}
		}
	}
	return i, false
}

func fourHex(b []byte, i int) bool {
	if i+4 > len(b) {
		return false
	}
	for _, c := range b[i : i+4] {
		if c-'0' > 9 && (c|0x20)-'a' > 5 {
			return false
		}
	}
	return true
}
