package record

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseKeep(t *testing.T) {
	for _, c := range []struct {
		name, rule, canonical string
	}{
		{"the default", "value < 90", "value < 90"},
		{"without spaces", "value<90", "value < 90"},
		{"with spaces around", "  value\t<=  90\n", "value <= 90"},
		{"a negative bound against the sign", "value>-5", "value > -5"},
		{"at least", "value >= 0.5", "value >= 0.5"},
		{"unlike", "value != 0", "value != 0"},
		{"equal", "value==53.214", "value == 53.214"},
		{"minus zero is zero", "value < -0.0", "value < 0"},
		{"an exponent is written out where that is short", "value < 9e1", "value < 90"},
		{"trailing zeros go", "value < 90.000", "value < 90"},
		{"a great bound keeps its exponent", "value < 1E300", "value < 1e+300"},
		{"a bound of 1e21 keeps its exponent, as in JSON", "value < 1000000000000000000000", "value < 1e+21"},
		{"a bound just below 1e21 is written out", "value < 999999999999999900000", "value < 999999999999999900000"},
		{"a small bound keeps its exponent", "value > 1e-7", "value > 1e-07"},
		{"the number first", "90 > value", "value < 90"},
		{"hexadecimal", "value < 0x5A", "value < 90"},
		{"a number that begins with its point", "value < .5", "value < 0.5"},
		{"a comment", "value < 90 // degrees", "value < 90"},
		{"in brackets", "(value < 90)", "value < 90"},
		{"two comparisons", "value<90&&category!='test'", `value < 90 && category != "test"`},
		{"words for operators", "not(value < 90)or value > -5 and true", `!(value < 90) || value > -5 && true`},
		{"fields", "device . battery>.20 && tags [ 'a b' ] in['x','y'] && (a?.b ?? 0) - 1 < 1_000", `device.battery > 0.2 && tags["a b"] in ["x", "y"] && (a?.b ?? 0) - 1 < 1000`},
		{"functions", "abs( value )^2 < 010 && x not in [1,2]", "abs(value) ** 2 < 10 && x not in [1, 2]"},
		{"beyond whole numbers", "x < 22000000000000000000e0 && y > 9223372036854775807", "x < 2.2e+19 && y > 9.223372036854776e+18"},
		{"the greatest float", "value < 1.7976931348623157e308", "value < 1.7976931348623157e+308"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := ParseKeep(c.rule)
			if err != nil {
				t.Fatal(err)
			}
			if k.String() != c.canonical {
				t.Fatalf("%q is %q, want %q", c.rule, k, c.canonical)
			}
		})
	}
}

func TestParseKeepSaysWhereItWentWrong(t *testing.T) {
	for _, c := range []struct {
		name, rule, want string
	}{
		{"nothing at all", " ", `is empty: write an expression such as value < 90`},
		{"no comparison", "value", `must give true or false: expected bool, but got float64`},
		{"half a comparison", "value <  ", `at character 9: unexpected token EOF`},
		{"a word for a comparison", "value below 90", `at character 7: unexpected token Identifier("below")`},
		{"one equals sign", "value = 90", `at character 7: unexpected token Operator("=")`},
		{"SQL's unlike", "value <> 90", `at character 8: unexpected token Operator(">")`},
		{"a number in quotes", `value < "90"`, `at character 7: invalid operation: < (mismatched types float64 and string)`},
		{"the category as a number", `value < 1 && category > 5`, `at character 23: invalid operation: > (mismatched types string and float64)`},
		{"the time as a text", `time > "2025-11-24"`, `at character 6: invalid operation: > (mismatched types float64 and string)`},
		{"a decimal comma", "value < 0,5", `at character 10: unexpected token Operator(",")`},
		{"a number beyond all floats", "value < 1e999", `at character 13: invalid float literal`},
		{"a unit", "value < 90 °C", `at character 12: unrecognized character: U+00B0 '°'`},
		{"in a second line", "value < 90 &&\n  value >", `at character 23: unexpected token EOF`},
		{"a function that is not there", `now() > time`, `at character 1: now can't be called: the functions are abs, ceil,`},
		{"a method", `device.kill()`, `at character 8: device.kill can't be called`},
		{"a loop", `all(readings, # > 1)`, `functions over each element can't be used`},
		{"a loop that is hidden", `1 in map(1..1000000, [#])`, `.. is no operator here`},
		{"a range", `1 in 1..100000000`, `at character 7: .. is no operator here`},
		{"repeating a text", `repeat("x", 1e9) == "y"`, `repeat can't be called`},
		{"a variable", `let x = "a"; x == "a"`, `this can't be used here`},
		{"two expressions", `true; false`, `this can't be used here`},
		{"a map", `{"a": 1} == device`, `this can't be used here`},
		{"a remainder of whole numbers", `time % 60 < 5`, `at character 6: % is no operator here`},
		{"a pattern from the record", `category matches pattern`, `at character 18: matches needs its pattern as a text in quotes`},
		{"a pattern that is none", `category matches "("`, `error parsing regexp`},
		{"a slice", `category[0:1] == "B"`, `slices can't be used`},
		{"a computed index", `readings[value] > 1`, `a field is named by a word, a number from 0 on or a text in quotes`},
		{"a negative index", `readings[-1] > 1`, `a field is named by a word`},
		{"a field of a mapped part", `category.x > 1`, `only the record's own fields have fields`},
		{"the record as a whole", `$env == 1`, `at character 1: $env stands alone`},
		{"a function as a value", `len == 1`, `at character 1: len stands alone`},
		{"our own function", `plus("a", "b") == "ab"`, `plus can't be called`},
		{"a function without an argument", `abs() > 1`, `at character 1: invalid number of arguments (expected 1, got 0)`},
		{"no UTF-8", "category == 'ä\ufffd\xff'", `at character 16: is no UTF-8`},
		{"too long", strings.Repeat("a && ", 1000) + "a", `is longer than 4096 bytes`},
		{"too much", strings.Repeat("a|| ", 1000) + "a", `exceeds maximum allowed nodes`},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := ParseKeep(c.rule)
			if err == nil {
				t.Fatalf("%q was read as %q", c.rule, k)
			}
			if !strings.HasPrefix(err.Error(), "read keep rule ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q does not say %q", err, c.want)
			}
			if strings.ContainsAny(strings.TrimPrefix(err.Error(), "read keep rule"), "\n") {
				t.Errorf("%q is more than one line", err)
			}
			if k.String() != "" || k.code != nil {
				t.Errorf("a rule came with the error: %q", k)
			}
		})
	}
}

func TestKeepsOnBothSidesOfTheBoundAndOnIt(t *testing.T) {
	below, above := math.Nextafter(90, 0), math.Nextafter(90, 100)
	for rule, want := range map[string][3]bool{
		"value < 90":  {true, false, false},
		"value <= 90": {true, true, false},
		"value > 90":  {false, false, true},
		"value >= 90": {false, true, true},
		"value != 90": {true, false, true},
		"value == 90": {false, true, false},
	} {
		k, err := ParseKeep(rule)
		if err != nil {
			t.Fatal(err)
		}
		keeps := func(v float64) bool { return k.holds.keeps(&Record{Value: v}) }
		if got := [3]bool{keeps(below), keeps(90), keeps(above)}; got != want {
			t.Errorf("%q keeps %v of just below, on and just above; want %v", rule, got, want)
		}
	}
}

func TestTheZeroKeepKeepsEverything(t *testing.T) {
	for _, v := range []float64{-math.MaxFloat64, 0, 90, math.MaxFloat64} {
		if !(&condition{}).keeps(&Record{Value: v}) {
			t.Errorf("%v is left out", v)
		}
	}
	if s := (Keep{}).String(); s != "" {
		t.Errorf("its text is %q", s)
	}
}

func TestKeepReadsItsOwnText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		op := rapid.SampledFrom([]comparison{less, lessOrEqual, greater, greaterOrEqual, notEqual, equal}).Draw(t, "op")
		bound := rapid.Float64().Draw(t, "bound") + 0 // never -0, as ParseKeep has it
		text := condition{op: op, bound: bound}.String()
		k, err := ParseKeep(text)
		if err != nil || k.String() != text || k.holds.op != op || k.holds.bound != bound {
			t.Fatalf("%q reads back as %q, %v", text, k, err)
		}
	})
}
