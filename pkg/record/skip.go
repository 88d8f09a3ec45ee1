package record

import "encoding/binary"

// maxDepth is how deep nesting is followed; what is deeper is the reference's.
const maxDepth = 64

// skipValue steps over the value at i that nobody asked for, which is in depth objects and arrays. It allows what JSON
// allows, save that it returns false for what is nested too deep.
func skipValue(b []byte, i, depth int) (next int, ok bool) {
	if i >= len(b) {
		return i, false
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		return skipNested(b, i, depth)
	case 't':
		return skipWord(b, i, "true")
	case 'f':
		return skipWord(b, i, "false")
	case 'n':
		return skipWord(b, i, "null")
	default:
		return skipNumber(b, i)
	}
}

// skipNested steps over an object or an array.
func skipNested(b []byte, i, depth int) (next int, ok bool) {
	if depth >= maxDepth {
		return i, false
	}
	isObject, end := b[i] == '{', b[i]+2 // ASCII has both pairs of brackets two apart
	if i = skipSpace(b, i+1); i < len(b) && b[i] == end {
		return i + 1, true
	}
	for {
		if isObject {
			if i, ok = skipName(b, i); !ok {
				return i, false
			}
		}
		if i, ok = skipValue(b, i, depth+1); !ok {
			return i, false
		}
		if i = skipSpace(b, i); i >= len(b) {
			return i, false
		}
		if b[i] != ',' {
			return i + 1, b[i] == end
		}
		i = skipSpace(b, i+1)
	}
}

// skipName steps over a name and its colon, up to the value.
func skipName(b []byte, i int) (next int, ok bool) {
	if i >= len(b) || b[i] != '"' {
		return i, false
	}
	if i, ok = skipString(b, i); !ok {
		return i, false
	}
	if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
		return i, false
	}
	return skipSpace(b, i+1), true
}

// skipSpace is the index of the first byte at or after i that is not JSON's white space, or len(b).
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

func skipWord(b []byte, i int, word string) (next int, ok bool) {
	next = i + len(word)
	return next, next <= len(b) && string(b[i:next]) == word
}

// skipString steps over the string that begins with the quote at i, whatever escapes and bytes it holds. It looks at 16
// bytes at a time, most short texts in one go, and at the last ones of a record as textEnd does.
func skipString(b []byte, i int) (next int, ok bool) {
	for i++; i+16 <= len(b); {
		w := (*[16]byte)(b[i : i+16 : i+16])
		first, second := textStops(binary.LittleEndian.Uint64(w[:8])), textStops(binary.LittleEndian.Uint64(w[8:]))
		if first|second == 0 {
			i += 16
			continue
		}
		if i += firstStop(first, second); b[i] == '"' {
			return i + 1, true
		}
		if i, ok = skipEscape(b, i); !ok {
			return i, false
		}
	}
	for {
		if i, _ = textEnd(b, i); i >= len(b) {
			return i, false
		}
		if b[i] == '"' {
			return i + 1, true
		}
		if i, ok = skipEscape(b, i); !ok {
			return i, false
		}
	}
}

// skipEscape steps over the escape that a backslash at i begins.
func skipEscape(b []byte, i int) (next int, ok bool) {
	if b[i] != '\\' || i+1 >= len(b) {
		return i, false
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, true
	case 'u':
		return i + 6, fourHex(b, i+2)
	default:
		return i, false
	}
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

// skipNumber steps over a number of any length.
func skipNumber(b []byte, i int) (next int, ok bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	first := i
	if i = skipDigits(b, i); i == first || i > first+1 && b[first] == '0' {
		return i, false
	}
	if i < len(b) && b[i] == '.' {
		point := i + 1
		if i = skipDigits(b, point); i == point {
			return i, false
		}
	}
	if i < len(b) && b[i]|' ' == 'e' {
		if i++; i < len(b) && (b[i] == '-' || b[i] == '+') {
			i++
		}
		first = i
		if i = skipDigits(b, i); i == first {
			return i, false
		}
	}
	return i, true
}

func skipDigits(b []byte, i int) int {
	for i+8 <= len(b) {
		n := leadingDigits(binary.LittleEndian.Uint64(b[i : i+8 : i+8]))
		if i += int(n); n < 8 {
			return i
		}
	}
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}
