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

func TestParseKeepSaysWhatWouldBeRight(t *testing.T) {
	for _, c := range []struct {
		name, rule, want string
	}{
		{"nothing at all", "", `at character 1: the rule ends; a rule begins with the word value`},
		{"another field", "amount < 90", `at character 1: found "amount"; a rule begins with the word value`},
		{"the word in capitals", " Value < 90", `at character 2: found "Value"; a rule begins with the word value`},
		{"a longer word", "values < 90", `at character 1: found "values"; a rule begins with the word value`},
		{"the number first", "90 > value", `at character 1: found "90"; a rule begins with the word value`},
		{"no comparison", "value", `at character 6: the rule ends; one of < <= > >= != == belongs here`},
		{"a word for a comparison", "value below 90", `at character 7: found "below"; one of < <= > >= != == belongs here`},
		{"one equals sign", "value = 90", `at character 7: found "="; one of < <= > >= != == belongs here`},
		{"a comparison the wrong way round", "value =< 90", `at character 7: found "=<"; one of`},
		{"SQL's unlike", "value <> 90", `at character 7: found "<>"; one of`},
		{"three equals signs", "value === 90", `at character 7: found "==="; one of`},
		{"no number", "value <  ", `at character 10: the rule ends; a number in plain decimal spelling belongs here`},
		{"a word for a number", "value < ninety", `at character 9: found "ninety"; a number`},
		{"a number in quotes", `value < "90"`, `at character 9: found "\"90\""; a number`},
		{"NaN", "value != NaN", `at character 10: found "NaN"; a number`},
		{"infinity", "value < +Inf", `at character 9: found "+Inf"; a number`},
		{"hexadecimal", "value < 0x5A", `at character 9: found "0x5A"; a number`},
		{"a number that begins with its point", "value < .5", `at character 9: found ".5"; a number`},
		{"a decimal comma", "value < 0,5", `at character 9: found "0,5"; a number`},
		{"a number beyond all floats", "value < 1e999", `at character 9: found "1e999", which no 64-bit float can hold; the number must be finite`},
		{"two comparisons", "value > 1 && value < 90", `at character 11: found "&&"; a rule ends behind its one number`},
		{"a unit", "value < 90 °C", `at character 12: found "°C"; a rule ends behind its one number`},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := ParseKeep(c.rule)
			if err == nil {
				t.Fatalf("%q was read as %q", c.rule, k)
			}
			for _, want := range []string{"read keep rule ", c.want, `as in "value < 90"`} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if k != (Keep{}) {
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
		if got := [3]bool{k.Keeps(below), k.Keeps(90), k.Keeps(above)}; got != want {
			t.Errorf("%q keeps %v of just below, on and just above; want %v", rule, got, want)
		}
	}
}

func TestTheZeroKeepKeepsEverything(t *testing.T) {
	for _, v := range []float64{-math.MaxFloat64, 0, 90, math.MaxFloat64} {
		if !(Keep{}).Keeps(v) {
			t.Errorf("%v is left out", v)
		}
	}
	if s := (Keep{}).String(); s != "" {
		t.Errorf("its text is %q", s)
	}
}

func TestKeepReadsItsOwnText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := Keep{
			op:    rapid.SampledFrom([]comparison{less, lessOrEqual, greater, greaterOrEqual, notEqual, equal}).Draw(t, "op"),
			bound: rapid.Float64().Draw(t, "bound") + 0, // never -0, as ParseKeep has it
		}
		again, err := ParseKeep(k.String())
		if err != nil || again != k {
			t.Fatalf("%q reads back as %q, %v", k, again, err)
		}
	})
}
