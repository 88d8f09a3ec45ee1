package record

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// device is a record that expressions are judged by.
const device = `{"timestamp":1764000000.5,"value":42,"category":"B","name":"d-7 Zürich","on":true,"off":null,"limit":"40",
	"device":{"battery":0.5,"site":"S","tags":["a","b"]},"readings":[1,{"v":2}],"odd name":3,"a.b":{"c":4},"len":5,"big":1e999}`

func TestRulesOverAnyField(t *testing.T) {
	for _, c := range []struct {
		rule string
		want string // kept, filtered, or what the sentence of a failure says
	}{
		{`value < 90 && category != "test" && device.battery > 0.2`, "kept"},
		{`value < 90 && device.battery > 0.5`, "filtered"},
		{`value > 90 && nothing > 1`, "filtered"}, // what is not needed may be missing
		{`value < 90 || nothing > 1`, "kept"},
		{`nothing > 1`, `the field "nothing" is missing or null`},
		{`device.nothing > 1`, `the field "device.nothing" is missing or null`},
		{`off == 1`, `the field "off" is missing or null`},
		{`off != "test"`, `the field "off" is missing or null`},
		{`(device?.nothing ?? 0) < 1`, "kept"},
		{`device?.nothing == nil`, "kept"},
		{`(nothing ?? nil) == nil`, "kept"},
		{`(off ?? 7) == 7`, "kept"},
		{`(nothing ?? off ?? 7) == 7`, "kept"},
		{`(nothing ?? missing) == 7`, `the field "missing" is missing or null`},
		{`device.battery.level > 1`, `the field "device.battery.level" is missing or null`},
		{`device?.battery.level == nil`, "kept"},
		{`readings[0] == 1 && readings[1].v == 2 && readings["1"]["v"] == 2`, "kept"},
		{`$env["odd name"] == 3 && $env["a.b"].c == 4 && $env.len == 5`, "kept"},
		{`device.site in ["S", "T"] && "a" in device.tags && "z" not in device.tags`, "kept"},
		{`"battery" in device`, "kept"},
		{`value in ["S", "T"]`, "filtered"}, // as == has it
		{`device.battery in [1, 0.5, "x", true] && on in [true]`, "kept"},
		{`(nothing ?? nil) in ["", "T"]`, "filtered"},
		{`category in [name, "B"] && value not in [device.battery]`, "kept"},
		{`name contains "Zür" and name startsWith "d-" and not (name endsWith "x")`, "kept"},
		{`name matches "^d-[0-9]+ " && lower(name) == "d-7 zürich" && len(name) == 10`, "kept"},
		{`len(device.tags) == 2 && len(device) == 3`, "kept"},
		{`device.site + "/" + name == "S/d-7 Zürich"`, "kept"},
		{`device.battery + value == 42.5`, "kept"},
		{`value + name == 1`, "invalid operation: number + text at character 7"},
		{`name + value == 1`, "invalid operation: text + number at character 6"},
		{`name + on == 1`, "+ needs two numbers or two texts, found text and true or false at character 6"},
		{`on`, "kept"},
		{`!on`, "filtered"},
		{`on ? value < 50 : name > 5`, "kept"},
		{`name`, "it gives text, neither true nor false"},
		{`name && on`, "found text in place of true or false at character 6"},
		{`name > 5`, "invalid operation: text > number at character 6"},
		{`name == 5`, "filtered"}, // nothing equals what is of another type
		{`limit == 40`, "filtered"},
		{`float(limit) == 40`, "kept"},
		{`float(name) == 40`, "invalid operation: float(d-7 Zürich) at character 1"},
		{`big > 1`, `the field "big" is beyond what a 64-bit float can hold`},
		{`time == 1764000000.5 && mod(time, 60) == 0.5 && mod(-1, 60) == 59`, "kept"},
		{`1 / 0 > 1e308 && 2 ** 3 == 8 && 2 ^ 3 == 8`, "kept"},
		{`9007199254740993 == 9007199254740992`, "kept"}, // every number is a float
		{`abs(-1) + ceil(0.5) + floor(1.5) + round(0.5) + min(1, 2) + max(1, 2) == 7`, "kept"},
		{`value == 0 or category == "B" and 1 < value < 50`, "kept"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			d := compiled(t, Mapping{}, c.rule)
			r := Record{Time: 7}
			got := "kept"
			switch why := d.Decode(&Message{Value: []byte(device)}, &r); {
			case why == KeepFailed:
				if r.Time != 7 {
					t.Error("a failure wrote the record")
				}
				got = strings.TrimSuffix(strings.TrimPrefix(d.Explain(why), "The rule could not be judged (--keep): "), ".")
			case why != None:
				t.Fatal(why)
			case d.Filtered():
				got = "filtered"
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestValuesThatAreComputed(t *testing.T) {
	for _, c := range []struct {
		value string
		want  float64
		fails string
	}{
		{"price * quantity", 7.5, ""},
		{"(value - 32) / 2", 5, ""}, // value is the record's own field
		{"-0.0 * price", 0, ""},
		{"len(category)", 1, ""},
		{"category == \"B\" ? 1 : 2", 1, ""},
		{"time", 1764000000, ""},
		{"price", 2.5, ""},
		{"price / 0", 0, "it gives +Inf, which is no finite number"},
		{"0 / (price - price)", 0, "it gives NaN, which is no finite number"},
		{"price * nothing", 0, `the field "nothing" is missing or null`},
		{"price * name", 0, "invalid operation: number * text at character 7"},
		{"name", 0, "invalid operation: float(text) at character 1"},
	} {
		t.Run(c.value, func(t *testing.T) {
			d := compiled(t, Mapping{Value: c.value}, "")
			var r Record
			why := d.Decode(&Message{Value: []byte(`{"timestamp":1764000000,"category":"B","price":2.5,"quantity":3,"value":42,"name":"x"}`)}, &r)
			if c.fails != "" {
				if want := "The value could not be computed (--value): " + c.fails + "."; why != ValueFailed || d.Explain(why) != want {
					t.Errorf("%v, %q, want %q", why, d.Explain(why), want)
				}
			} else if why != None || math.Float64bits(r.Value) != math.Float64bits(c.want) {
				t.Errorf("%v, %v, want %v", why, r.Value, c.want)
			}
		})
	}
}

// A rule sees the computed value, not the field of that name.
func TestARuleSeesTheMappedValue(t *testing.T) {
	d := compiled(t, Mapping{Value: "value * 2", CategoryField: "@key"}, `value == 84 && category == "K" && $env.value == 42`)
	var r Record
	if why := d.Decode(&Message{Value: []byte(device), Key: []byte("K")}, &r); why != None || d.Filtered() {
		t.Error(why, d.Explain(why), r)
	}
}

// Fields that a rule reads are read also where nothing else would fill their slots.
func TestARuleMayReadTheFieldsOfTheDefault(t *testing.T) {
	for rule, want := range map[string]bool{`timestamp > 1 && $env.category == "B" && $env.value == 42`: true, `timestamp < 1`: false} {
		d := compiled(t, Mapping{}, rule)
		var r Record
		if why := d.Decode(&Message{Value: []byte(device)}, &r); why != None || d.Filtered() == want {
			t.Errorf("%s: %v, filtered %v: %s", rule, why, d.Filtered(), d.Explain(why))
		}
	}
}

// What the library need not be asked must be what it would have said.
func TestConditionsSayWhatTheLibrarySays(t *testing.T) {
	bound := rapid.SampledFrom([]string{"0", "-5", "42", "42.0", "4.2e1", "+42", "-0.0", "0x2a"})
	op := rapid.SampledFrom([]string{"<", "<=", ">", ">=", "==", "!="})
	leaf := rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 5).Draw(t, "leaf") {
		case 0:
			return rapid.SampledFrom([]string{"true", "false"}).Draw(t, "bool")
		case 1:
			return rapid.SampledFrom([]string{`category == "B"`, `category != 'B'`, `"C" == category`}).Draw(t, "category")
		case 2:
			return bound.Draw(t, "bound") + " " + op.Draw(t, "op") + " value"
		default:
			return "value " + op.Draw(t, "op") + " " + bound.Draw(t, "bound")
		}
	})
	var tree func(depth int) *rapid.Generator[string]
	tree = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			if depth == 0 {
				return leaf.Draw(t, "leaf")
			}
			left, right := tree(depth-1).Draw(t, "left"), tree(depth-1).Draw(t, "right")
			switch rapid.IntRange(0, 3).Draw(t, "node") {
			case 0:
				return "!(" + left + ")"
			case 1:
				return "(" + left + ") or (" + right + ")"
			case 2:
				return left + " && (" + right + ")"
			default:
				return left
			}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		rule := tree(3).Draw(t, "rule")
		k, err := ParseKeep(rule)
		if err != nil {
			t.Fatal(err)
		}
		if k.code != nil {
			t.Fatalf("%s needs the library", rule)
		}
		again, err := ParseKeep(k.String())
		if err != nil || again.String() != k.String() {
			t.Fatalf("%s is %q, which is %q, %v", rule, k, again, err)
		}
		code, err := compileExpression(rule, boolWanted)
		if err != nil {
			t.Fatal(err)
		}
		r := Record{Value: rapid.SampledFrom([]float64{-5, 0, 41, 42, 43}).Draw(t, "value"), Category: []byte(rapid.SampledFrom([]string{"B", "C", "D"}).Draw(t, "category"))}
		slow := Decoder{keep: Keep{code: code}}
		slow.scope.fill(code, &r)
		want, err := code.run(&slow.machine, &slow.scope)
		if err != nil || want != k.holds.keeps(&r) || want != again.holds.keeps(&r) {
			t.Fatalf("%s of %v: the library says %v, %v, we say %v", rule, r, want, err, k.holds.keeps(&r))
		}
	})
}

// Whatever a record holds, an expression costs what its length and the record's allow.
func TestExpressionsStayBounded(t *testing.T) {
	long := strings.Repeat("x", 500_000)
	sum := "a" + strings.Repeat(" + a", 400)
	for _, c := range []struct{ rule, value string }{
		{sum + ` == "y"`, `"` + long + `"`},
		{sum + ` == "y"`, `"` + strings.Repeat("x", 4000) + `"`},
		{`a matches "(x+x+)+y"`, `"` + long + `"`},
		{`max(a) > 1`, strings.Repeat("[", 5000) + strings.Repeat("]", 5000)},
		{`a == a`, strings.Repeat("[", 5000) + strings.Repeat("]", 5000)},
		{`a in a`, `[` + strings.Repeat("1,", 100_000) + `1]`},
	} {
		d := compiled(t, Mapping{}, c.rule)
		begin := time.Now()
		why := d.Decode(&Message{Value: []byte(`{"timestamp":1,"value":1,"category":"B","a":` + c.value + `}`)}, new(Record))
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%.40s took %v and gave %v", c.rule, took, why)
		}
		if strings.Contains(c.rule, "+ a") && why != KeepFailed {
			t.Errorf("%.40s gave %v: a text of megabytes was put together", c.rule, why)
		}
		if s := d.Explain(why); len(s) > 300 {
			t.Errorf("%.40s is explained in %d bytes", c.rule, len(s))
		}
	}
}

func TestAFailureAllocatesNoMoreThanItSays(t *testing.T) {
	d := compiled(t, Mapping{}, fmt.Sprintf("%s > 1", strings.Repeat("a", 500)))
	if why := d.Decode(&Message{Value: []byte(device)}, new(Record)); len(d.Explain(why)) > 300 {
		t.Error(d.Explain(why))
	}
}
