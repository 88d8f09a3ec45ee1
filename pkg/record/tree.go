package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// slot is what stands in a record at a path that somebody asked for.
type slot struct {
	raw   []byte  // valid JSON; nil: the field is missing
	num   numeral // if isNum: raw, read already
	isNum bool
}

// tree is all paths that are asked for, each name once: what a scanner walks beside the record.
type tree struct {
	name  string
	index int // the element that the name picks from an array; -1: none
	slot  int // where the whole is put; -1: nobody asked for it
	kids  []tree
}

func newTree() tree { return tree{index: -1, slot: -1} }

// add makes room for a path, whose slot is free if nobody asked for it before, and says which slot is its.
func (t *tree) add(p path, free int) int {
	if len(p) == 0 {
		if t.slot < 0 {
			t.slot = free
		}
		return t.slot
	}
	for i := range t.kids {
		if t.kids[i].name == p[0] {
			return t.kids[i].add(p[1:], free)
		}
	}
	t.kids = append(t.kids, tree{name: p[0], index: arrayIndex(p[0]), slot: -1})
	return t.kids[len(t.kids)-1].add(p[1:], free)
}

func (t *tree) named(name []byte) *tree {
	for i := range t.kids {
		if t.kids[i].name == string(name) {
			return &t.kids[i]
		}
	}
	return nil
}

func (t *tree) at(index int) *tree {
	for i := range t.kids {
		if t.kids[i].index == index {
			return &t.kids[i]
		}
	}
	return nil
}

// forget empties the slots of t and of all below it.
func (t *tree) forget(slots []slot) {
	if t.slot >= 0 {
		slots[t.slot] = slot{}
	}
	for i := range t.kids {
		t.kids[i].forget(slots)
	}
}

// slow fills the slots by encoding/json: the reference for what stands at a path.
func (t *tree) slow(value []byte, slots []slot) Reason {
	clear(slots)
	var object map[string]json.RawMessage
	if err := json.Unmarshal(value, &object); err != nil {
		if _, syntax := errors.AsType[*json.SyntaxError](err); syntax {
			return NotJSON
		}
		return NotObject
	}
	if object == nil { // what encoding/json makes of null
		return NotObject
	}
	t.descend(bytes.TrimLeft(value, " \t\r\n"), slots)
	return None
}

// descend fills the slots at and below t, where the valid JSON raw stands.
func (t *tree) descend(raw json.RawMessage, slots []slot) {
	if t.slot >= 0 {
		s := slot{raw: raw}
		if isNumber(raw) {
			s.num, s.isNum = readNumeral(raw)
		}
		slots[t.slot] = s
	}
	if len(t.kids) == 0 {
		return
	}
	// The errors are those of other types: what is neither an object nor an array has nothing below it.
	var object map[string]json.RawMessage
	var array []json.RawMessage
	if raw[0] == '{' {
		_ = json.Unmarshal(raw, &object)
	} else if raw[0] == '[' {
		_ = json.Unmarshal(raw, &array)
	}
	for i := range t.kids {
		kid := &t.kids[i]
		if inner, ok := object[kid.name]; ok {
			kid.descend(inner, slots)
		} else if kid.index >= 0 && kid.index < len(array) {
			kid.descend(array[kid.index], slots)
		}
	}
}

// string is the text of a JSON string, which aliases the record where it can; ok is false where it is not Unicode.
func (s *slot) string() (text []byte, ok bool) {
	inner := s.raw[1 : len(s.raw)-1 : len(s.raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner, utf8.Valid(inner)
	}
	unquoted, ok := unquote(s.raw)
	return []byte(unquoted), ok
}
