package feed

import (
	"strconv"
	"unicode/utf8"
)

// maxPythonDepth is deeper than Python's own repr gets before its recursion limit.
const maxPythonDepth = 1000

// Python appends to dst, as JSON, the dict that line is the Python form of, which
// is what a server sends that writes str(d) where it meant json.dumps(d). It
// returns dst as it was and false for everything else, JSON with true, false or
// null in it included: a caller tries JSON first.
//
// It knows what repr writes of dicts, lists, tuples, strings, numbers, booleans
// and None, and answers as json.dumps would, but for what JSON cannot say: inf
// becomes 1e999, a number too large, and nan becomes null, so that such a field
// is harmless where nobody reads it and rejected where somebody does.
func Python(line []byte, dst []byte) ([]byte, bool) {
	p := pythonLiteral{in: line, out: dst}
	p.space()
	if !p.at('{') || !p.value(0) {
		return dst, false
	}
	p.space()
	if p.pos != len(p.in) {
		return dst, false
	}
	return p.out, true
}

// pythonLiteral reads in from pos on and writes out. Its methods return false
// where in is not what repr writes; out is then half-written and of no use.
type pythonLiteral struct {
	in  []byte
	pos int
	out []byte
}

func (p *pythonLiteral) at(c byte) bool { return p.pos < len(p.in) && p.in[p.pos] == c }

func (p *pythonLiteral) take(c byte) bool {
	if !p.at(c) {
		return false
	}
	p.pos++
	return true
}

func (p *pythonLiteral) space() {
	for p.at(' ') || p.at('\t') {
		p.pos++
	}
}

func (p *pythonLiteral) put(s string) bool {
	p.out = append(p.out, s...)
	return true
}

func (p *pythonLiteral) value(depth int) bool {
	if depth > maxPythonDepth || p.pos == len(p.in) {
		return false
	}
	switch p.in[p.pos] {
	case '{':
		return p.items('{', '}', depth, p.pair)
	case '[':
		return p.items('[', ']', depth, p.value)
	case '(':
		return p.tuple(depth)
	case '\'', '"':
		return p.text()
	}
	return p.scalar()
}

// items reads what stands between two brackets, separated by commas, the last of
// which may be followed by nothing.
func (p *pythonLiteral) items(open, end byte, depth int, item func(int) bool) bool {
	p.take(open)
	p.out = append(p.out, open)
	for n := 0; ; n++ {
		p.space()
		if p.take(end) {
			p.out = append(p.out, end)
			return true
		}
		if n > 0 {
			p.out = append(p.out, ',')
		}
		if !item(depth + 1) {
			return false
		}
		p.space()
		if !p.take(',') && !p.at(end) {
			return false
		}
	}
}

// tuple reads (), (1,) and (1, 2); but (1) is a number in parentheses, which no
// repr writes.
func (p *pythonLiteral) tuple(depth int) bool {
	from, commas := len(p.out), 0
	item := func(depth int) bool {
		ok := p.value(depth)
		p.space()
		if p.at(',') {
			commas++
		}
		return ok
	}
	if !p.items('(', ')', depth, item) {
		return false
	}
	p.out[from], p.out[len(p.out)-1] = '[', ']'
	return commas > 0 || len(p.out) == from+2
}

func (p *pythonLiteral) pair(depth int) bool {
	if !p.key() {
		return false
	}
	p.space()
	if !p.take(':') {
		return false
	}
	p.out = append(p.out, ':')
	p.space()
	return p.value(depth)
}

// key reads a dict's key. JSON has only strings for that: a number, a boolean or
// None becomes one, as in json.dumps.
func (p *pythonLiteral) key() bool {
	if p.at('\'') || p.at('"') {
		return p.text()
	}
	return p.put(`"`) && p.scalar() && p.put(`"`)
}

func (p *pythonLiteral) scalar() bool {
	start := p.pos
	negative := p.take('-')
	from := p.pos
	for p.pos < len(p.in) && ('a' <= p.in[p.pos]|0x20 && p.in[p.pos]|0x20 <= 'z') {
		p.pos++
	}
	switch word := string(p.in[from:p.pos]); {
	case word == "":
		return p.number(start)
	case word == "inf" && negative:
		return p.put("-1e999")
	case word == "inf":
		return p.put("1e999")
	case negative:
		return false
	case word == "True":
		return p.put("true")
	case word == "False":
		return p.put("false")
	case word == "None", word == "nan":
		return p.put("null")
	}
	return false
}

// number reads the digits, fraction and exponent of a number that begins, with
// its sign, at start. What repr writes of a number is JSON as it stands.
func (p *pythonLiteral) number(start int) bool {
	first := p.pos
	n := p.digits()
	if n == 0 || n > 1 && p.in[first] == '0' {
		return false
	}
	if p.take('.') && p.digits() == 0 {
		return false
	}
	if p.take('e') {
		if !p.take('-') {
			p.take('+')
		}
		if p.digits() == 0 {
			return false
		}
	}
	p.out = append(p.out, p.in[start:p.pos]...)
	return true
}

func (p *pythonLiteral) digits() int {
	from := p.pos
	for p.pos < len(p.in) && '0' <= p.in[p.pos] && p.in[p.pos] <= '9' {
		p.pos++
	}
	return p.pos - from
}

// text reads a string in either kind of quotes. Bytes beyond ASCII pass as they
// are, valid UTF-8 or not: what they are worth is for the processor to judge.
func (p *pythonLiteral) text() bool {
	end := p.in[p.pos]
	p.pos++
	p.out = append(p.out, '"')
	for p.pos < len(p.in) {
		c := p.in[p.pos]
		p.pos++
		switch {
		case c == end:
			p.out = append(p.out, '"')
			return true
		case c == '\\':
			if !p.escape() {
				return false
			}
		case c < ' ': // repr escapes these
			return false
		case c == '"':
			p.out = append(p.out, '\\', '"')
		default:
			p.out = append(p.out, c)
		}
	}
	return false
}

// escape reads what follows a backslash.
func (p *pythonLiteral) escape() bool {
	if p.pos == len(p.in) {
		return false
	}
	c := p.in[p.pos]
	p.pos++
	switch c {
	case '\'':
		return p.put("'")
	case '\\', '"', 'n', 'r', 't':
		p.out = append(p.out, '\\', c)
		return true
	case 'x':
		return p.rune(2)
	case 'u':
		return p.rune(4)
	case 'U':
		return p.rune(8)
	}
	return false
}

// rune reads a code point of so many hexadecimal digits. Half of a surrogate pair
// is a character to Python and none to UTF-8, so it stays an escape.
func (p *pythonLiteral) rune(digits int) bool {
	if len(p.in)-p.pos < digits {
		return false
	}
	n, err := strconv.ParseUint(string(p.in[p.pos:p.pos+digits]), 16, 32)
	if err != nil || n > utf8.MaxRune {
		return false
	}
	p.pos += digits
	const hex = "0123456789abcdef"
	switch {
	case n == '"' || n == '\\':
		p.out = append(p.out, '\\', byte(n))
	case n == '\b':
		return p.put(`\b`)
	case n == '\f':
		return p.put(`\f`)
	case n < ' ' || 0xd800 <= n && n <= 0xdfff:
		p.out = append(p.out, '\\', 'u', hex[n>>12], hex[n>>8&15], hex[n>>4&15], hex[n&15])
	default:
		p.out = utf8.AppendRune(p.out, rune(n))
	}
	return true
}
