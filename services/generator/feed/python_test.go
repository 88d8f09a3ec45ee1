package feed

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// The table is Python's own: see testdata/python_repr.py.
func TestWhatPythonPrintsBecomesWhatItsJSONModuleWrites(t *testing.T) {
	table, err := os.ReadFile("testdata/python_repr.tsv")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSuffix(string(table), "\n"), "\n")
	for i, row := range rows {
		repr, want, _ := strings.Cut(row, "\t")
		got, ok := Python([]byte(repr), []byte("before "))
		if !ok || string(got) != "before "+want {
			t.Errorf("row %d: %s\n got %s, %t\nwant %s", i+1, repr, got, ok, want)
		}
	}
	if len(rows) < 400 {
		t.Errorf("the table has %d rows", len(rows))
	}
}

func TestPythonFormsThatReprDoesNotWriteButASenderMay(t *testing.T) {
	for in, want := range map[string]string{
		` { 'a':1 ,'b' : [ 1 , ] } `: `{"a":1,"b":[1]}`,
		`{'a': "say \"x\""}`:         `{"a":"say \"x\""}`,
		`{'a': '\x22\x5c\x08\x0c'}`:  `{"a":"\"\\\b\f"}`,
		`{'a': 'say "x"'}`:           `{"a":"say \"x\""}`,
		"{'a': '\xff'}":              "{\"a\":\"\xff\"}",
		`{'a': '\ud83d\ude00'}`:      `{"a":"\ud83d\ude00"}`,
	} {
		if got, ok := Python([]byte(in), nil); !ok || string(got) != want {
			t.Errorf("%s: got %s, %t, want %s", in, got, ok, want)
		}
	}
}

func TestWhatIsNoPythonDictIsLeftAlone(t *testing.T) {
	deep := func(n int) string { return "{'a': " + strings.Repeat("[", n) + strings.Repeat("]", n) + "}" }
	if _, ok := Python([]byte(deep(maxPythonDepth)), nil); !ok {
		t.Errorf("a dict %d lists deep was refused", maxPythonDepth)
	}
	for _, in := range []string{
		"", " ", "{", "{'a'", "{'a':", "{'a': 1", "{'a': 1,", "{'a': 1} x", "{'a' 1}", "{'a': 1 'b': 2}", "{,}",
		"[1]", "'a'", "1", "{1, 2}", "{'a'}", "{'a': {1, 2}}", "{[1]: 2}", "{(1,): 2}",
		"{'a': 1_000}", "{'a': 01}", "{'a': 1.}", "{'a': .5}", "{'a': 1e}", "{'a': 1e+}", "{'a': 1j}", "{'a': -}", "{'a': +1}", "{'a': 0x1}", "{'a': --1}",
		"{'a': (1)}", "{'a': (,)}", "{'a': [1,,2]}", "{'a': [1 2]}", "{'a': [1)}",
		"{'a': true}", "{'a': null}", "{'a': Nones}", "{'a': -True}", "{'a': -nan}", "{'a': b'x'}", "{'a': Decimal('1')}",
		"{'a': 'x}", "{'a': 'x\\", "{'a': '\\q'}", "{'a': '\\x1'}", "{'a': '\\x+1'}", "{'a': '\\u12g4'}", "{'a': '\\U00110000'}", "{'a': '\\U0010", "{'a': '\t'}", "{'a': 'x' 'y'}",
		deep(maxPythonDepth + 1), deep(200_000),
	} {
		if got, ok := Python([]byte(in), []byte("before")); ok || string(got) != "before" {
			t.Errorf("%.40q: got %.40q, %t", in, got, ok)
		}
	}
}

func FuzzPythonAnswersJSONOrNothing(f *testing.F) {
	for _, seed := range []string{
		`{'timestamp': 1764000000, 'value': 53.2, 'category': 'B'}`, `{'a': (1, 'x', [None, True]), "it's": -inf}`,
		`{'a': '\x00\u2028\U0001f600\ud800\\\''}`, `{1: nan, 2.5e-07: ()}`, `{"a": 1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		kept := bytes.Clone(in)
		out, ok := Python(in, nil)
		if !bytes.Equal(in, kept) {
			t.Fatalf("the line was changed to %q", in)
		}
		if ok && !json.Valid(out) {
			t.Fatalf("%q became %q, which is no JSON", in, out)
		}
		if ok && json.Valid(in) { // both languages: then both must mean the same
			var a, b any
			if json.Unmarshal(in, &a) == nil && json.Unmarshal(out, &b) == nil {
				x, _ := json.Marshal(a)
				y, _ := json.Marshal(b)
				if !bytes.Equal(x, y) {
					t.Fatalf("%q became %q", in, out)
				}
			}
		}
	})
}
