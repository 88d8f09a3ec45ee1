package record

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Keep is the user's rule: which measurements count. The zero Keep keeps every one. It never changes, so any number of
// decoders may share one.
type Keep struct {
	holds condition
	code  *program // nil: holds says it all
	text  string
}

// ParseKeep reads a rule: an expression that gives true for what counts, such as "value < 90". Comparisons of value with
// numbers and of category with texts, joined by && || and !, are evaluated without the expression library. An error
// quotes s, says at which character it went wrong, counted from 1, and why.
func ParseKeep(s string) (Keep, error) {
	if c, ok := oneComparison(s); ok { // also with numbers that the library can't read
		return Keep{holds: c, text: c.String()}, nil
	}
	code, err := compileExpression(s, boolWanted)
	if err != nil {
		return Keep{}, fmt.Errorf("read keep rule %q: %w", s, err)
	}
	c, ok := conditionOf(s)
	switch {
	case !ok:
		return Keep{code: code, text: code.text}, nil
	case c.kind == valueCompared:
		return Keep{holds: c, text: c.String()}, nil
	default:
		return Keep{holds: c, text: code.text}, nil
	}
}

// String is the rule's canonical text, which ParseKeep reads back to the same rule; empty for the zero Keep. Rules that
// differ in blanks, comments, quotes and the spelling of numbers have one text.
func (k Keep) String() string { return k.text }

// spaces are the bytes that may stand between a rule's parts.
const spaces = " \t\r\n"

// oneComparison reads the usual rule: value, a comparison, and a number in JSON's spelling.
func oneComparison(s string) (condition, bool) {
	rest, ok := strings.CutPrefix(strings.Trim(s, spaces), "value")
	if !ok {
		return condition{}, false
	}
	rest = strings.TrimLeft(rest, spaces)
	op, n := comparisonAt(rest)
	number := []byte(strings.TrimLeft(rest[n:], spaces))
	if n == 0 || len(number) == 0 || !isNumber(number) || !json.Valid(number) {
		return condition{}, false
	}
	bound, ok := parseDecimal(number).float()
	return condition{kind: valueCompared, op: op, bound: bound}, ok
}

type comparison uint8

const (
	less comparison = iota
	lessOrEqual
	greater
	greaterOrEqual
	notEqual
	equal
)

// comparisonAt reads the comparison that s begins with, and says how many bytes it takes; 0 if there is none.
func comparisonAt(s string) (op comparison, n int) {
	// Two characters first: < begins <= as well.
	for _, op := range []comparison{lessOrEqual, greaterOrEqual, notEqual, equal, less, greater} {
		if strings.HasPrefix(s, op.String()) {
			return op, len(op.String())
		}
	}
	return 0, 0
}

// String is the comparison as expressions spell it.
func (c comparison) String() string {
	return [...]string{"<", "<=", ">", ">=", "!=", "=="}[c]
}

// flipped is the comparison that says the same with its sides exchanged.
func (c comparison) flipped() comparison {
	return [...]comparison{greater, greaterOrEqual, less, lessOrEqual, notEqual, equal}[c]
}

func (c comparison) holds(a, b float64) bool {
	switch c {
	case less:
		return a < b
	case lessOrEqual:
		return a <= b
	case greater:
		return a > b
	case greaterOrEqual:
		return a >= b
	case notEqual:
		return a != b
	default:
		return a == b
	}
}

// boundText spells a number in one way.
func boundText(v float64) string {
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e' // as encoding/json does, so that nobody has to count zeros
	}
	return strconv.FormatFloat(v, format, -1, 64)
}
