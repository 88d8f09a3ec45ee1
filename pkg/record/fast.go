package record

import "unicode/utf8"

// fast reads an object whose names and category hold no escapes and whose time and value have at most 19 digits, and
// writes it to r if it counts, and to at where its values stand. It returns false, with r untouched, for everything else:
// whatever it is not certain of, every record that is to be rejected included, is the reference's to judge. What nobody
// asked for may be anything.
func fast(b []byte, r *Record, at *spots) bool {
	var got Record
	var time, value, category bool
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '{' {
		return false
	}
	for {
		name, next, _, ok := plainString(b, skipSpace(b, i+1))
		if !ok {
			return false
		}
		if next = skipSpace(b, next); next >= len(b) || b[next] != ':' {
			return false
		}
		next = skipSpace(b, next+1)
		// A field that comes twice overwrites what came first, as the reference has it: all that got this far was
		// acceptable.
		switch string(name) {
		case "timestamp":
			got.Time, i, time = plainTime(b, next)
			ok, at[timeField] = time, spot{kind: timeField, from: next, to: i}
		case "value":
			got.Value, i, value = quickValue(b, next)
			ok, at[valueField] = value, spot{kind: valueField, from: next, to: i}
		case "category":
			got.Category, i, category = plainCategory(b, next)
			ok, at[categoryField] = category, spot{kind: categoryField, from: next, to: i}
		default:
			i, ok = skipValue(b, next, 1)
		}
		if !ok {
			return false
		}
		if i = skipSpace(b, i); i >= len(b) {
			return false
		}
		if b[i] == '}' {
			break
		}
		if b[i] != ',' {
			return false
		}
	}
	if skipSpace(b, i+1) != len(b) || !time || !value || !category {
		return false
	}
	*r = got
	return true
}

// plainString reads a string without escapes at i; next is behind its closing quote, and ascii says that UTF-8 needs no
// check.
func plainString(b []byte, i int) (s []byte, next int, ascii, ok bool) {
	if i >= len(b) || b[i] != '"' {
		return nil, i, false, false
	}
	end, ascii := textEnd(b, i+1)
	if end >= len(b) || b[end] != '"' {
		return nil, end, false, false
	}
	return b[i+1 : end : end], end + 1, ascii, true
}

func plainCategory(b []byte, i int) (name []byte, next int, ok bool) {
	name, next, ascii, ok := plainString(b, i)
	ok = ok && len(name) > 0 && len(name) <= MaxCategory && (ascii || utf8.Valid(name))
	return name, next, ok
}

func plainTime(b []byte, i int) (t int64, next int, ok bool) {
	n, next, ok := plainNumber(b, i)
	if !ok {
		return 0, i, false
	}
	t, ok = n.nanos()
	return t, next, ok
}

func plainValue(b []byte, i int) (v float64, next int, ok bool) {
	n, next, ok := plainNumber(b, i)
	if !ok {
		return 0, i, false
	}
	v, ok = n.float(b[i:next])
	return v, next, ok
}
