package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Bounds of an expression: what it can hold, and so what it can cost.
const (
	maxExpressionBytes = 4 << 10
	maxExpressionNodes = 1000
	maxExpressionText  = 4 << 10 // of text put together by +, in bytes
)

// wanted is the type that an expression must give.
type wanted uint8

const (
	boolWanted   wanted = iota // a rule: value is the mapped one
	numberWanted               // a value: value is the record's own field of that name
)

func (w wanted) String() string {
	return [...]string{"true or false", "a number"}[w]
}

// program is a compiled expression. It never changes, so any number of goroutines may run it, each on a machine of its
// own.
type program struct {
	code  *vm.Program
	want  wanted
	reads []access
	names []string // which of value, category and time it needs
	text  string   // canonical
}

// access is one field that an expression reads.
type access struct {
	path     path
	optional bool // nil where it is missing or null; else that is an error
}

// compileExpression checks an expression. The error says what is wrong, and at which character counted from 1.
func compileExpression(source string, want wanted) (p *program, err error) {
	defer func() {
		if trouble := recover(); trouble != nil { // of the library: a setting must not take the process down
			p, err = nil, fmt.Errorf("can't be compiled: %s", oneLine(fmt.Sprint(trouble)))
		}
	}()
	if len(source) > maxExpressionBytes {
		return nil, fmt.Errorf("is longer than %d bytes", maxExpressionBytes)
	}
	if at := badCharacter(source); at > 0 {
		return nil, fmt.Errorf("at character %d: is no UTF-8", at)
	}
	if strings.TrimSpace(source) == "" {
		return nil, errors.New("is empty: write an expression such as value < 90")
	}
	r := &resolver{want: want}
	options := []expr.Option{
		expr.Env(&scope{}), expr.DisableAllBuiltins(), expr.MaxNodes(maxExpressionNodes), expr.Patch(r),
		expr.Function(readFunction, readField, new(func(*scope, int) any)),
		expr.Function(plusFunction, plus, new(func(any, any) any)),
		expr.Function("len", length, new(func(any) any)),
		expr.Function("mod", modulo, new(func(float64, float64) any)),
	}
	for _, name := range safeBuiltins() {
		options = append(options, expr.EnableBuiltin(name))
	}
	if want == boolWanted {
		options = append(options, expr.AsBool())
	} else {
		options = append(options, expr.AsFloat64())
	}
	code, err := expr.Compile(source, options...)
	if refused := r.finish(); refused != nil {
		err = refused // the library may have stumbled over what we refuse
	}
	if err != nil {
		return nil, placed(err, want)
	}
	return &program{code: code, want: want, reads: r.reads, names: r.names, text: canonical(source)}, nil
}

// badCharacter is the place of the first character, counted from 1, that is none; 0 if all are. The library would read such
// bytes as it does no others: what was written back would be another text.
func badCharacter(s string) int {
	at := 0
	for i, r := range s {
		at++
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return at
			}
		}
	}
	return 0
}

// placed turns an error of the library into one line that says at which character.
func placed(err error, want wanted) error {
	at, ok := errors.AsType[*file.Error](err)
	if !ok { // the type of the whole
		return fmt.Errorf("must give %s: %w", want, err)
	}
	return fmt.Errorf("at character %d: %s", at.From+1, oneLine(at.Message))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// safeBuiltins are the library's functions that take no predicate, know no clock and give nothing longer than they got.
func safeBuiltins() []string {
	return []string{"abs", "ceil", "floor", "round", "min", "max", "float", "lower", "upper", "trim"}
}

// functions are the names of all that can be called.
func functions() []string { return append(safeBuiltins(), "len", "mod") }

// needs says whether the program reads value, category or time.
func (p *program) needs(name string) bool { return slices.Contains(p.names, name) }

// maxArray bounds how many elements all arrays that one run makes may have.
const maxArray = 1 << 12

// run evaluates the program. The error says, in part of a sentence, why it can't be evaluated for this record.
func (p *program) run(m *vm.VM, s *scope) (result any, err error) {
	// The machine recovers by itself; this is for what goes wrong while it does.
	defer func() {
		if trouble := recover(); trouble != nil {
			result, err = nil, fmt.Errorf("%v", trouble)
		}
	}()
	m.MemoryBudget = maxArray
	result, err = m.Run(p.code, s)
	if err == nil {
		return result, nil
	}
	at, ok := errors.AsType[*file.Error](err)
	if !ok {
		return nil, err
	}
	if at.Prev != nil {
		if missing, ok := errors.AsType[*fieldError](at.Prev); ok {
			return nil, missing
		}
	}
	if found, ok := strings.CutPrefix(at.Message, "invalid operation: bool("); ok && p.want == boolWanted {
		return nil, fmt.Errorf("it gives %s, neither true nor false", inWords(strings.TrimSuffix(found, ")")))
	}
	return nil, fmt.Errorf("%s at character %d", inWords(oneLine(at.Message)), at.From+1)
}

// inWords says in the words of JSON what the library says in Go's.
func inWords(message string) string {
	return strings.NewReplacer("interface conversion: ", "", "interface {} is ", "found ", "<nil>", "null", "float64", "number",
		"string", "text", "map[text]interface {}", "object", "map[string]interface {}", "object", "[]interface {}", "array",
		"bool", "true or false", ", not ", " in place of ").Replace(message)
}
