package record

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// condition is a rule that needs nothing but the measurement itself. The zero condition holds for every one.
type condition struct {
	kind  kind
	op    comparison
	bound float64
	name  string      // for categoryIs and categoryIsNot
	parts []condition // for all, either and negated
}

type kind uint8

const (
	always kind = iota
	never
	valueCompared
	categoryIs
	categoryIsNot
	all
	either
	negated
)

// String is the text of a comparison of the value.
func (c condition) String() string {
	return "value " + c.op.String() + " " + boundText(c.bound)
}

func (c *condition) keeps(r *Record) bool {
	switch c.kind {
	case always:
		return true
	case valueCompared:
		return c.op.holds(r.Value, c.bound)
	case categoryIs:
		return string(r.Category) == c.name
	case categoryIsNot:
		return string(r.Category) != c.name
	case all, either:
		for i := range c.parts {
			if c.parts[i].keeps(r) == (c.kind == either) {
				return c.kind == either
			}
		}
		return c.kind == all
	case negated:
		return !c.parts[0].keeps(r)
	default:
		return false
	}
}

// conditionOf is the condition that says what an expression says; ok is false where none does. The expression has been
// compiled by the library, so it is well formed and well typed.
func conditionOf(source string) (c condition, ok bool) {
	tree, err := parser.Parse(source)
	if err != nil {
		return condition{}, false
	}
	return conditionOfNode(tree.Node)
}

func conditionOfNode(n ast.Node) (c condition, ok bool) {
	switch n := n.(type) {
	case *ast.BoolNode:
		if n.Value {
			return condition{kind: always}, true
		}
		return condition{kind: never}, true
	case *ast.UnaryNode:
		inner, ok := conditionOfNode(n.Node)
		return condition{kind: negated, parts: []condition{inner}}, ok && (n.Operator == "!" || n.Operator == "not")
	case *ast.BinaryNode:
		switch n.Operator {
		case "&&", "and":
			return joined(all, n)
		case "||", "or":
			return joined(either, n)
		}
		return compared(n)
	default:
		return condition{}, false
	}
}

func joined(k kind, n *ast.BinaryNode) (condition, bool) {
	left, ok := conditionOfNode(n.Left)
	right, ok2 := conditionOfNode(n.Right)
	return condition{kind: k, parts: []condition{left, right}}, ok && ok2
}

// compared is a comparison of value with a number or of category with a text, on either side.
func compared(n *ast.BinaryNode) (condition, bool) {
	op, length := comparisonAt(n.Operator)
	if length == 0 {
		return condition{}, false
	}
	name, literal := n.Left, n.Right
	if _, ok := name.(*ast.IdentifierNode); !ok {
		name, literal, op = n.Right, n.Left, op.flipped()
	}
	field, ok := name.(*ast.IdentifierNode)
	if !ok {
		return condition{}, false
	}
	if bound, ok := numberOf(literal); ok && field.Value == "value" {
		return condition{kind: valueCompared, op: op, bound: bound}, true
	}
	text, ok := literal.(*ast.StringNode)
	if !ok || field.Value != "category" {
		return condition{}, false
	}
	switch op {
	case equal:
		return condition{kind: categoryIs, name: text.Value}, true
	case notEqual:
		return condition{kind: categoryIsNot, name: text.Value}, true
	default:
		return condition{}, false
	}
}

func numberOf(n ast.Node) (float64, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return float64(n.Value), true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.UnaryNode:
		v, ok := numberOf(n.Node)
		if n.Operator == "-" {
			v = 0 - v // never -0
		}
		return v, ok && (n.Operator == "-" || n.Operator == "+")
	default:
		return 0, false
	}
}
