package record

import (
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// fields is one JSON object as encoding/json understands it: the scratch of the reference.
type fields map[string]json.RawMessage

// maxScratch is the number of names above which the scratch is dropped rather than cleared, so that one odd record does
// not hold memory, and make every clear dear, for ever.
const maxScratch = 64

// slow is the reference for every verdict. value has at least one byte.
func (f *fields) slow(value []byte, r *Record) Reason {
	defer f.forget()
	if *f == nil {
		*f = fields{}
	}
	if err := json.Unmarshal(value, f); err != nil {
		if _, syntax := errors.AsType[*json.SyntaxError](err); syntax {
			return NotJSON
		}
		return NotObject
	}
	if *f == nil { // what encoding/json makes of null
		return NotObject
	}
	got, why := f.judge()
	if why == None {
		*r = got
	}
	return why
}

// forget lets go of the last record's bytes; a category handed out stands on its own.
func (f *fields) forget() {
	if len(*f) > maxScratch {
		*f = nil
		return
	}
	clear(*f)
}

func (f fields) judge() (r Record, why Reason) {
	if r.Time, why = judgeTimestamp(f["timestamp"]); why != None {
		return r, why
	}
	if r.Value, why = judgeValue(f["value"]); why != None {
		return r, why
	}
	r.Category, why = judgeCategory(f["category"])
	return r, why
}

func judgeTimestamp(raw json.RawMessage) (int64, Reason) {
	if raw == nil {
		return 0, MissingTimestamp
	}
	if !isNumber(raw) {
		return 0, TimestampType
	}
	t, ok := parseDecimal(raw).nanos()
	if !ok {
		return 0, TimestampRange
	}
	return t, None
}

func judgeValue(raw json.RawMessage) (float64, Reason) {
	if raw == nil {
		return 0, MissingValue
	}
	if !isNumber(raw) {
		return 0, ValueType
	}
	v, ok := parseDecimal(raw).float()
	if !ok {
		return 0, ValueRange
	}
	return v, None
}

func judgeCategory(raw json.RawMessage) ([]byte, Reason) {
	if raw == nil {
		return nil, MissingCategory
	}
	if raw[0] != '"' {
		return nil, CategoryType
	}
	name, ok := unquote(raw)
	switch {
	case !ok:
		return nil, CategoryUTF8
	case name == "":
		return nil, CategoryEmpty
	case len(name) > MaxCategory:
		return nil, CategoryLong
	}
	return []byte(name), None
}

// unquote reads a valid JSON string; ok is false where it is not Unicode. encoding/json would put U+FFFD in the place of
// that, and so average under one name what was sent under several.
func unquote(raw json.RawMessage) (text string, ok bool) {
	if !utf8.Valid(raw) || halfPair(raw) {
		return "", false
	}
	if err := json.Unmarshal(raw, &text); err != nil {
		panic("unreachable: a string that was valid JSON a moment ago: " + err.Error())
	}
	return text, true
}

// isNumber tells a valid JSON value's type by its first byte.
func isNumber(raw json.RawMessage) bool {
	return raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9'
}

// halfPair says whether a valid JSON string escapes one half of a surrogate pair without the other.
func halfPair(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++ // over the escaped character: a backslash there begins nothing
		unit, ok := codeUnit(raw[i:])
		if !ok {
			continue
		}
		i += 4
		if !utf16.IsSurrogate(unit) {
			continue
		}
		if raw[i+1] != '\\' {
			return true
		}
		second, _ := codeUnit(raw[i+2:]) // 0, which completes no pair, where another escape follows
		if utf16.DecodeRune(unit, second) == utf8.RuneError {
			return true
		}
		i += 6
	}
	return false
}

// codeUnit reads uXXXX at the start of b; ok is false if another escape stands there.
func codeUnit(b []byte) (unit rune, ok bool) {
	if b[0] != 'u' {
		return 0, false
	}
	u, err := strconv.ParseUint(string(b[1:5]), 16, 16)
	if err != nil {
		panic("unreachable: a \\u escape that was valid JSON a moment ago: " + err.Error())
	}
	return rune(u), true
}
