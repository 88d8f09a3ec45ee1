package record

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// paths of a test's tree.
func somePaths() []path {
	return []path{{"a"}, {"a", "b"}, {"a", "0"}, {"a", "b", "c"}, {"b"}, {"0"}, {"a", "1", "b"}, {"é"}, {"\uFFFD"}, {"", "a"}}
}

// followed is what stands at a path, by encoding/json alone and one name at a time; nil if nothing does.
func followed(raw json.RawMessage, p path) json.RawMessage {
	for _, name := range p {
		raw = bytes.TrimSpace(raw)
		var object map[string]json.RawMessage
		var array []json.RawMessage
		switch {
		case len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, &object) == nil:
			raw = object[name]
		case len(raw) > 0 && raw[0] == '[' && json.Unmarshal(raw, &array) == nil:
			raw = nil
			if i := slices.Index([]string{"0", "1", "2"}, name); i >= 0 && i < len(array) {
				raw = array[i]
			}
		default:
			return nil
		}
	}
	return raw
}

// agreeOnSlots holds both halves of the mapped decoder to that, and says whether the fast one read the record.
func agreeOnSlots(t interface {
	Helper()
	Fatalf(string, ...any)
}, value []byte) bool {
	t.Helper()
	root := newTree()
	paths := somePaths()
	var places []int
	for i, p := range paths {
		places = append(places, root.add(p, i))
	}
	check := func(who string, slots []slot) {
		t.Helper()
		for i, p := range paths {
			got, want := slots[places[i]], followed(value, p)
			if !bytes.Equal(got.raw, want) {
				t.Fatalf("%s found %q at %q of %q, want %q", who, got.raw, p, clip(string(value)), want)
			}
			if n := got.isNum; n != (want != nil && isNumber(want)) {
				t.Fatalf("%s takes %q for a number: %v", who, want, n)
			}
			if got.isNum {
				v, ok := got.num.float()
				w, ok2 := parseDecimal(want).float()
				if v != w || ok != ok2 {
					t.Fatalf("%s reads %q as %v, %v, want %v, %v", who, want, v, ok, w, ok2)
				}
			}
		}
	}
	value = slices.Clip(append([]byte{}, value...)) // so that reading behind its end panics
	slots := make([]slot, len(paths))
	why := root.slow(value, slots)
	valid := json.Valid(value)
	object := valid && bytes.HasPrefix(bytes.TrimSpace(value), []byte("{"))
	if valid != (why != NotJSON) || object != (why == None) {
		t.Fatalf("slow judged %q %v", clip(string(value)), why)
	}
	if why == None {
		check("slow", slots)
	}
	if !root.scan(value, slots) {
		return false
	}
	if why != None {
		t.Fatalf("scan read %q, which is %v", clip(string(value)), why)
	}
	check("scan", slots)
	return true
}

func TestScanReadsTheUsualSpellingsItself(t *testing.T) {
	for _, value := range []string{
		`{}`, ` { } `, `{"a":1}`, `{"a":{"b":{"c":[1,2,{"x":"y\"\\\u00e9"}]}},"b":[],"é":null}`,
		"{\n\t\"a\" : [ {\"b\":1} , {\"b\" : -1.5e3} ] ,\r\n \"0\":true, \"x\":{\"a\":false}\n}",
		`{"a":1,"a":{"b":2},"a":[3]}`, `{"a":{"b":1},"a":{"c":2}}`, `{"a":{"0":1,"b":{"c":1},"b":2}}`,
		"{\"x\":\"\xff\"}", "{\"x\":{\"\\u0061\":1,\"\xff\":[2]}}", `{"x":[12345678901234567890]}`, strings.Repeat(`{"x":`, 60) + "1" + strings.Repeat("}", 60),
	} {
		if !agreeOnSlots(t, []byte(value)) {
			t.Errorf("scan handed over %s", value)
		}
	}
	for _, value := range []string{"{\"\xff\":1}", `{"\u0061":1}`, strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), `{"x":` + nested(maxDepth) + "}", `{"a":12345678901234567890}`} {
		if agreeOnSlots(t, []byte(value)) {
			t.Errorf("scan read %s", value)
		}
	}
}

func TestScanAgreesOnEveryCutAndEverySlip(t *testing.T) {
	value := `{"a":{"b":{"c":1},"0":"\n\u00eB"}, "b":[true,false,null ,{}] ,"x":-1.5E+2}`
	for i := range len(value) + 1 {
		agreeOnSlots(t, []byte(value[:i]))
	}
	for i := range len(value) {
		for c := range 256 {
			b := []byte(value)
			b[i] = byte(c)
			agreeOnSlots(t, b)
		}
	}
}

func drawJSON(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 9).Draw(t, "kind")
	if depth == 0 && kind < 5 {
		kind = 9
	}
	space := rapid.SampledFrom([]string{"", "", "", " ", "\n"}).Draw(t, "space")
	switch kind {
	case 0, 1, 2:
		var parts []string
		for range rapid.IntRange(0, 4).Draw(t, "fields") {
			name := rapid.SampledFrom([]string{`"a"`, `"b"`, `"c"`, `"0"`, `"1"`, `"é"`, `"\u0061"`, "\"\xff\"", `""`, `"x"`}).Draw(t, "name")
			parts = append(parts, name+space+":"+space+drawJSON(t, depth-1))
		}
		return "{" + space + strings.Join(parts, ","+space) + space + "}"
	case 3, 4:
		var parts []string
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			parts = append(parts, drawJSON(t, depth-1))
		}
		return "[" + space + strings.Join(parts, ","+space) + space + "]"
	default:
		return drawValue(t, "scalar")
	}
}

func TestScanAgreesWithTheReferenceOnDrawnRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { agreeOnSlots(t, []byte(drawJSON(t, 4))) })
}

// FuzzScan: a pass of ours over a record finds what encoding/json finds.
func FuzzScan(f *testing.F) {
	for _, s := range []string{`{"a":{"b":{"c":1},"0":"\n\u00eB"}, "b":[true,false,null ,{}] ,"x":-1.5E+2}`, `{"a":[1,{"b":2}],"a":[]}`, "{\"\xff\":1}", `[]`, `{"a":1`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) { agreeOnSlots(t, value) })
}

// FuzzMapped: the whole mapped decoder gives one verdict by either half.
func FuzzMapped(f *testing.F) {
	m := Mapping{ValueField: "a.b", CategoryField: "c,d.0", TimeField: "t", TimeFormat: "auto", LenientNumbers: true}
	layout, errs := m.Compile()
	keep, err := ParseKeep(`(x?.y ?? 0) != 7 && d[1] != "no"`)
	if errs != nil || err != nil {
		f.Fatal(errs, err)
	}
	f.Add([]byte(`{"t":"2025-11-24T16:00:00Z","a":{"b":"1e3"},"c":"C","d":["D",1],"x":{"y":7}}`))
	f.Add([]byte(`{"t":1764000000123,"a":{"b":-0.0},"c":"\u0043","d":["D","no"]}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		if len(value) == 0 {
			return
		}
		fast, slow := NewDecoder(layout, keep, 0), NewDecoder(layout, keep, 0)
		var a, b Record
		got := fast.Decode(&Message{Value: value}, &a)
		// A name with an escape that is never asked for sends the same record to the reference.
		detour := value
		if i := bytes.IndexByte(value, '{'); i >= 0 && json.Valid(value) && bytes.HasPrefix(bytes.TrimSpace(value), []byte("{")) && bytes.HasPrefix(bytes.TrimSpace(value[i+1:]), []byte(`"`)) {
			detour = append(append(bytes.Clone(value[:i+1]), `"\u0000":0,`...), value[i+1:]...)
		}
		want := slow.Decode(&Message{Value: detour}, &b)
		if got != want || !same(a, b) || got == None && fast.Filtered() != slow.Filtered() || fast.Explain(got) != slow.Explain(want) {
			t.Fatalf("%q is %v, %v, by a detour %v, %v", value, got, a, want, b)
		}
	})
}

// FuzzPath: whatever parses, its text says again.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"a.b.0", `a\.b,c`, `\@x, @key`, "@header:a\\,b", `a\ , b`, `\\`, ".", "@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		all, err := parseSources(s)
		if err != nil {
			return
		}
		var texts []string
		for _, one := range all {
			texts = append(texts, one.String())
		}
		again, err := parseSources(strings.Join(texts, ","))
		if err != nil || len(again) != len(all) {
			t.Fatalf("%q is %q, which reads back as %v, %v", s, texts, again, err)
		}
		for i := range all {
			if !slices.Equal(again[i].path, all[i].path) || again[i].from != all[i].from || again[i].header != all[i].header {
				t.Fatalf("%q is %q, which reads back as %v", s, texts, again)
			}
		}
	})
}

// FuzzExpression: no text takes the compiler or a run down, and what compiles has a text that compiles to itself.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{`value < 90 && (device?.battery ?? 0) != 0.2`, `a[0].b["c d"] in [1, 2] or not(name matches "^x")`, `1 + a + "x" + value ** 2`, `$env["a"] ? 1 : len(b)`,
		`let x = 1; x`, `filter(a, # > 1)`, `1..9`, "\x00", `"\u`, `((((`, `a?.[0]`, `-a`, `b"x" == a`, `if a { 1 } else { 2 }`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, want := range []wanted{boolWanted, numberWanted} {
			p, err := compileExpression(s, want)
			if err != nil {
				if strings.Contains(err.Error(), "\n") {
					t.Fatalf("%q: an error of several lines: %q", s, err)
				}
				continue
			}
			again, err := compileExpression(p.text, want)
			if err != nil || again.text != p.text {
				t.Fatalf("%q is %q, which is %v, %v", s, p.text, again, err)
			}
			m := newMapped(nil, p, &scope{})
			d := NewDecoder(nil, Keep{code: p}, 0)
			if want == numberWanted {
				d = NewDecoder(&Layout{time: source{path: path{"timestamp"}}, value: source{path: path{"value"}}, category: m.layout.category, compute: p, text: "x"}, Keep{}, 0)
			}
			why := d.Decode(&Message{Value: []byte(device)}, new(Record))
			if why != None && why != KeepFailed && why != ValueFailed {
				t.Fatalf("%q made of a good record %v", s, why)
			}
		}
	})
}
