package feed

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// findCategory returns the category that the processor will read from a JSON
// line: the last top-level field of that exact name. It is nil for a line that
// will be rejected for its category, and for most that are not JSON; a key given
// to one of those does no harm. The bytes are part of the line where they can be.
func findCategory(line []byte) []byte {
	w := walk{in: line}
	w.space()
	if !w.take('{') {
		return nil
	}
	var found []byte
	for {
		w.space()
		name := w.value()
		w.space()
		if len(name) == 0 || name[0] != '"' || !w.take(':') {
			return nil
		}
		w.space()
		value := w.value()
		if len(value) == 0 {
			return nil
		}
		if isCategory(name) {
			found = value
		}
		w.space()
		if w.take('}') {
			return unquote(found)
		}
		if !w.take(',') {
			return nil
		}
	}
}

func isCategory(name []byte) bool {
	if bytes.IndexByte(name, '\\') < 0 {
		return string(name) == `"category"`
	}
	return string(unquote(name)) == "category"
}

// unquote returns what a JSON string says, nil if it is none that can be a key.
func unquote(raw []byte) []byte {
	if len(raw) < 3 || raw[0] != '"' || !utf8.Valid(raw) {
		return nil
	}
	text := raw[1 : len(raw)-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return nil
		}
		text = []byte(s)
	}
	if len(text) > maxCategory {
		return nil
	}
	return text
}

// walk steps over JSON without checking more of it than it needs to find its way.
type walk struct {
	in  []byte
	pos int
}

func (w *walk) space() {
	for w.pos < len(w.in) {
		switch w.in[w.pos] {
		case ' ', '\t', '\r', '\n':
			w.pos++
		default:
			return
		}
	}
}

func (w *walk) take(c byte) bool {
	if w.pos == len(w.in) || w.in[w.pos] != c {
		return false
	}
	w.pos++
	return true
}

// value steps over one value, nested ones included, and returns its bytes; none
// if the line ends inside it.
func (w *walk) value() []byte {
	start, depth := w.pos, 0
	for w.pos < len(w.in) {
		switch c := w.in[w.pos]; c {
		case '"':
			if !w.quoted() {
				return nil
			}
			if depth == 0 {
				return w.in[start:w.pos]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']', ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 { // a number or a word ends before this
				return w.in[start:w.pos]
			}
			if c == '}' || c == ']' {
				depth--
				if depth == 0 {
					w.pos++
					return w.in[start:w.pos]
				}
			}
		}
		w.pos++
	}
	return nil
}

func (w *walk) quoted() bool {
	for w.pos++; w.pos < len(w.in); w.pos++ {
		switch w.in[w.pos] {
		case '\\':
			w.pos++
		case '"':
			w.pos++
			return true
		}
	}
	return false
}
