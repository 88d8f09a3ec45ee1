package record

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// Functions that only the resolver calls: no expression can spell a name with a blank.
const (
	readFunction = "read field"
	plusFunction = "plus"
)

// resolver makes of a parsed expression what we run: fields of the record become reads of slots, numbers become floats,
// and what could loop, allocate without bound or depend on more than the record is refused. The library hands it every
// node, children first.
type resolver struct {
	want  wanted
	reads []access
	names []string
	loose []ast.Node // names that must be followed by something: $env and functions
	err   error
}

// finish refuses what no visit could.
func (r *resolver) finish() error {
	for _, n := range r.loose {
		r.refuse(n, "%s stands alone: name a field of it, as in $env[\"odd name\"], or call it", n)
	}
	return r.err
}

// follow takes the name off the list of those that nothing has followed yet.
func (r *resolver) follow(n ast.Node) {
	r.loose = slices.DeleteFunc(r.loose, func(other ast.Node) bool { return other == n })
}

// operators that an expression may use.
func allowedOperator(op string) bool {
	return slices.Contains([]string{"==", "!=", "<", "<=", ">", ">=", "&&", "and", "||", "or", "!", "not", "+", "-", "*", "/",
		"**", "^", "??", "in", "contains", "startsWith", "endsWith", "matches"}, op)
}

func (r *resolver) refuse(n ast.Node, format string, args ...any) {
	if r.err == nil {
		r.err = &file.Error{Location: n.Location(), Message: fmt.Sprintf(format, args...)}
	}
}

// Visit implements ast.Visitor.
func (r *resolver) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.NilNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.ConstantNode, *ast.ConditionalNode, *ast.ArrayNode:
	case *ast.IntegerNode:
		ast.Patch(node, &ast.FloatNode{Value: float64(n.Value)}) // whole numbers would wrap where floats do not
	case *ast.IdentifierNode:
		r.identifier(node, n)
	case *ast.MemberNode:
		r.member(node, n)
	case *ast.ChainNode:
		if r.read(n.Node) != nil {
			*node = n.Node
		}
	case *ast.UnaryNode:
		if !allowedOperator(n.Operator) {
			r.refuse(n, "%s is no operator here", n.Operator)
		}
	case *ast.BinaryNode:
		r.binary(node, n)
	case *ast.BuiltinNode:
		if !slices.Contains(functions(), n.Name) {
			r.noFunction(n, n.Name)
		}
	case *ast.CallNode:
		r.call(n)
	case *ast.SliceNode:
		r.refuse(n, "slices can't be used: compare with startsWith, endsWith or contains")
	case *ast.PredicateNode, *ast.PointerNode:
		r.refuse(n, "functions over each element can't be used: name an element, as in readings[0]")
	default: // declarations, sequences, predicates, maps, bytes
		r.refuse(n, "this can't be used here: write one expression of fields, numbers, texts, operators and functions")
	}
}

func (r *resolver) noFunction(n ast.Node, name string) {
	r.refuse(n, "%s can't be called: the functions are %s", name, strings.Join(functions(), ", "))
}

// call leaves the functions that there are.
func (r *resolver) call(n *ast.CallNode) {
	if field := r.read(n.Callee); field != nil {
		r.noFunction(n, field.path.String())
		return
	}
	name, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || !slices.Contains(functions(), name.Value) {
		r.noFunction(n, "this")
		return
	}
	r.follow(name)
}

// identifier is a mapped part, a function's name, the record as a whole, or a field.
func (r *resolver) identifier(node *ast.Node, n *ast.IdentifierNode) {
	switch name := n.Value; {
	case name == "category" || name == "time" || name == "value" && r.want == boolWanted:
		r.names = append(r.names, name)
	case name == "$env" || slices.Contains(functions(), name):
		r.loose = append(r.loose, n)
	default:
		r.patch(node, path{name})
	}
}

// member extends the path of a field by one name.
func (r *resolver) member(node *ast.Node, n *ast.MemberNode) {
	name, ok := memberName(n.Property)
	if !ok {
		r.refuse(n.Property, "a field is named by a word, a number from 0 on or a text in quotes, such as readings[0] or tags[\"a.b\"]")
		return
	}
	if whole, ok := n.Node.(*ast.IdentifierNode); ok && whole.Value == "$env" {
		r.follow(whole)
		r.patch(node, path{name})
		return
	}
	inner := r.read(n.Node)
	if inner == nil {
		r.refuse(n, "only the record's own fields have fields")
		return
	}
	inner.path = append(inner.path, name)
	inner.optional = inner.optional || n.Optional
	if err := inner.path.check(); err != nil {
		r.refuse(n, "the field %s", err)
	}
	n.Node.SetLocation(n.Location())
	*node = n.Node
}

func memberName(property ast.Node) (string, bool) {
	switch p := property.(type) {
	case *ast.StringNode:
		return p.Value, p.Value != ""
	case *ast.FloatNode:
		if p.Value != math.Trunc(p.Value) || p.Value < 0 || p.Value > math.MaxInt32 {
			return "", false
		}
		return strconv.Itoa(int(p.Value)), true
	default:
		return "", false
	}
}

func (r *resolver) binary(node *ast.Node, n *ast.BinaryNode) {
	switch {
	case !allowedOperator(n.Operator):
		r.refuse(n, "%s is no operator here", n.Operator)
	case n.Operator == "??":
		r.excuse(n.Left)
	case n.Operator == "matches":
		if _, ok := n.Right.(*ast.StringNode); !ok {
			r.refuse(n.Right, "matches needs its pattern as a text in quotes")
		}
	case n.Operator == "in":
		if list, ok := literals(n.Right); ok {
			ast.Patch(&n.Right, &ast.ConstantNode{Value: list})
		}
	case n.Operator == "+" && !isNumeric(n.Left) && !isNumeric(n.Right):
		// Two texts perhaps, whose length must stay bounded: a + that stays as it is has a number on one side.
		ast.Patch(node, call(n.Location(), plusFunction, n.Left, n.Right))
	}
}

// literals are the elements of an array that is written out. Left to itself the library would look texts up in a map,
// which fails for a number, and takes nil for the empty text.
func literals(n ast.Node) (all []any, ok bool) {
	array, ok := n.(*ast.ArrayNode)
	if !ok {
		return nil, false
	}
	for _, element := range array.Nodes {
		switch e := element.(type) {
		case *ast.StringNode:
			all = append(all, e.Value)
		case *ast.FloatNode:
			all = append(all, e.Value)
		case *ast.BoolNode:
			all = append(all, e.Value)
		default:
			return nil, false
		}
	}
	return all, true
}

// excuse lets what stands left of ?? be missing.
func (r *resolver) excuse(n ast.Node) {
	if inner := r.read(n); inner != nil {
		inner.optional = true
	}
	if chain, ok := n.(*ast.BinaryNode); ok && chain.Operator == "??" {
		r.excuse(chain.Right)
	}
}

// isNumeric says whether n gives a number whatever the record holds.
func isNumeric(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FloatNode, *ast.UnaryNode:
		return true
	case *ast.BinaryNode:
		return slices.Contains([]string{"+", "-", "*", "/", "**", "^"}, n.Operator)
	case *ast.IdentifierNode:
		return n.Value == "value" || n.Value == "time"
	default:
		return false
	}
}

// patch puts the read of a field in the place of a node.
func (r *resolver) patch(node *ast.Node, p path) {
	at := (*node).Location()
	r.reads = append(r.reads, access{path: p})
	*node = call(at, readFunction, &ast.IdentifierNode{Value: "$env"}, &ast.IntegerNode{Value: len(r.reads) - 1})
}

func call(at file.Location, function string, arguments ...ast.Node) *ast.CallNode {
	n := &ast.CallNode{Callee: &ast.IdentifierNode{Value: function}, Arguments: arguments}
	n.SetLocation(at)
	return n
}

// read is the access behind a node that patch made, nil for any other.
func (r *resolver) read(n ast.Node) *access {
	made, ok := n.(*ast.CallNode)
	if !ok {
		return nil
	}
	if name, ok := made.Callee.(*ast.IdentifierNode); !ok || name.Value != readFunction {
		return nil
	}
	return &r.reads[made.Arguments[1].(*ast.IntegerNode).Value]
}
