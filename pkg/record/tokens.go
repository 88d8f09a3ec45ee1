package record

import (
	"strconv"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
	"github.com/expr-lang/expr/parser/operator"
)

// canonical spells an expression that has been compiled in one way, whatever its blanks, comments, quotes, spellings of
// numbers and words for operators. Tokens alone decide what an expression means, so two that differ in meaning differ in
// their text.
func canonical(source string) string {
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil {
		panic("unreachable: an expression that was compiled a moment ago: " + err.Error())
	}
	for i := range tokens {
		if tokens[i].Kind != lexer.EOF {
			tokens[i].Value = spelling(tokens[i], tokens[i+1])
		}
	}
	var b strings.Builder
	before := lexer.Token{Kind: lexer.EOF}
	glued := true // what was written last takes no blank behind it
	for _, t := range tokens {
		if !glued && !gluesLeft(t, before) {
			b.WriteByte(' ')
		}
		b.WriteString(t.Value)
		glued = gluesRight(t, before)
		before = t
	}
	return b.String()
}

// gluesLeft says whether no blank stands in front of a token.
func gluesLeft(t, before lexer.Token) bool {
	if t.Is(lexer.Bracket, "(", "[") {
		return before.Is(lexer.Identifier) || before.Is(lexer.Bracket, ")", "]")
	}
	return t.Kind == lexer.EOF || t.Is(lexer.Bracket, ")", "]") || t.Is(lexer.Operator, ".", "?.", ",")
}

// gluesRight says whether no blank stands behind a token.
func gluesRight(t, before lexer.Token) bool {
	if t.Is(lexer.Operator, "-", "+") { // of a sign, not a difference
		return before.Is(lexer.EOF) || before.Is(lexer.Operator) || before.Is(lexer.Bracket, "(", "[")
	}
	return t.Is(lexer.Bracket, "(", "[") || t.Is(lexer.Operator, ".", "?.", "!")
}

func spelling(t, next lexer.Token) string {
	switch {
	case t.Kind == lexer.String:
		return strconv.Quote(t.Value)
	case t.Kind == lexer.Number:
		return numberSpelling(t.Value)
	case t.Is(lexer.Operator, "and"):
		return "&&"
	case t.Is(lexer.Operator, "or"):
		return "||"
	case t.Is(lexer.Operator, "^"):
		return "**"
	case t.Is(lexer.Operator, "not") && !(next.Kind == lexer.Operator && operator.AllowedNegateSuffix(next.Value)):
		return "!"
	default:
		return t.Value
	}
}

// numberSpelling reads a number as the library does: in decimal, whatever zeros it begins with, save after 0x, 0b or 0o.
func numberSpelling(s string) string {
	plain := strings.ToLower(strings.ReplaceAll(s, "_", ""))
	if len(plain) > 1 && strings.ContainsAny(plain[1:2], "xbo") {
		if n, err := strconv.ParseInt(plain, 0, 64); err == nil {
			return boundText(float64(n))
		}
		return s
	}
	v, err := strconv.ParseFloat(plain, 64)
	if err != nil {
		return s
	}
	if v >= 1<<63 { // digits alone would be read as a whole number, and be too great for one
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	return boundText(v)
}
