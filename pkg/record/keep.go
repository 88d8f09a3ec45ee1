package record

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Keep is the user's rule: which values count. The zero Keep keeps every value. Two rules that say the same are equal
// under ==, and so are their texts, however they were spelled.
type Keep struct {
	op    comparison
	bound float64
}

// spaces are the bytes that may stand between a rule's parts.
const spaces = " \t\r\n"

type comparison uint8

const (
	anything comparison = iota
	less
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
	return anything, 0
}

// String is the comparison as ParseKeep reads it, empty for the one that keeps everything.
func (c comparison) String() string {
	switch c {
	case less:
		return "<"
	case lessOrEqual:
		return "<="
	case greater:
		return ">"
	case greaterOrEqual:
		return ">="
	case notEqual:
		return "!="
	case equal:
		return "=="
	default:
		return ""
	}
}

// ParseKeep reads one comparison of value with a finite number, such as "value < 90". The comparisons are <, <=, >, >=,
// != and ==, spaces are optional, and the number is spelled as in JSON. An error quotes s, says at which character it
// went wrong, counted from 1, and what would be right there.
func ParseKeep(s string) (Keep, error) {
	rest := strings.TrimLeft(s, spaces)
	wrong := func(what, want string) (Keep, error) {
		at := len(s) - len(rest) + 1 // all that was understood before it is ASCII, so bytes are characters
		return Keep{}, fmt.Errorf("read keep rule %q: at character %d: %s; %s, as in \"value < 90\"", s, at, what, want)
	}

	after, ok := strings.CutPrefix(rest, "value")
	if !ok || after != "" && !strings.ContainsAny(after[:1], spaces+"<>!=") {
		return wrong(found(rest), `a rule begins with the word value`)
	}
	rest = strings.TrimLeft(after, spaces)

	op, n := comparisonAt(rest)
	if n == 0 || n < len(rest) && strings.ContainsAny(rest[n:n+1], "<>!=") {
		return wrong(found(rest), `one of < <= > >= != == belongs here`)
	}
	rest = strings.TrimLeft(rest[n:], spaces)

	number := firstWord(rest)
	if number == "" || !isNumber(json.RawMessage(number)) || !json.Valid([]byte(number)) {
		return wrong(found(rest), `a number in plain decimal spelling belongs here`)
	}
	bound, ok := parseDecimal([]byte(number)).float()
	if !ok {
		return wrong(found(rest)+", which no 64-bit float can hold", `the number must be finite`)
	}
	if rest = strings.TrimLeft(rest[len(number):], spaces); rest != "" {
		return wrong(found(rest), `a rule ends behind its one number`)
	}
	return Keep{op: op, bound: bound}, nil
}

// found names what stands at the start of rest: its first word.
func found(rest string) string {
	if rest == "" {
		return "the rule ends"
	}
	return fmt.Sprintf("found %q", firstWord(rest))
}

func firstWord(s string) string {
	if i := strings.IndexAny(s, spaces); i >= 0 {
		return s[:i]
	}
	return s
}

// Keeps says whether a record with this value counts; v must be finite.
func (k Keep) Keeps(v float64) bool {
	switch k.op {
	case less:
		return v < k.bound
	case lessOrEqual:
		return v <= k.bound
	case greater:
		return v > k.bound
	case greaterOrEqual:
		return v >= k.bound
	case notEqual:
		return v != k.bound
	case equal:
		return v == k.bound
	default:
		return true
	}
}

// String is the rule's canonical text, which ParseKeep reads back to the same rule; empty for the zero Keep.
func (k Keep) String() string {
	if k.op == anything {
		return ""
	}
	format := byte('f')
	if a := math.Abs(k.bound); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e' // as encoding/json does, so that nobody has to count zeros
	}
	return "value " + k.op.String() + " " + strconv.FormatFloat(k.bound, format, -1, 64)
}
