package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A mutant whose lines are gone is found here at once, not when somebody next runs all of them.
func TestEveryMutantFitsTheCodeAsItIs(t *testing.T) {
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	broken := map[string]int{}
	for _, m := range all {
		broken[m.promise]++
		files, err := m.overlay(filepath.Join("..", ".."))
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		for at := range files {
			if _, err := os.Stat(filepath.Join("..", "..", m.test.pkg)); err != nil || strings.HasSuffix(at, "_test.go") {
				t.Errorf("%s: mutates %s, tested by %s: want code of ours, and a package that there is", m.name, at, m.test.pkg)
			}
		}
	}
	for _, p := range promises() {
		if broken[p] == 0 {
			t.Errorf("no mutant breaks %q", p)
		}
	}
}

func TestThePartsAreTheWhole(t *testing.T) {
	all := []mutant{{name: "a"}, {name: "b"}, {name: "c"}, {name: "d"}, {name: "e"}}
	var names []string
	for _, part := range []string{"1/3", "2/3", "3/3"} {
		some, err := pick(all, part)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range some {
			names = append(names, m.name)
		}
	}
	if got := strings.Join(names, ""); got != "adbec" {
		t.Errorf("the parts are %q, want each of the five once: adbec", got)
	}
	for _, part := range []string{"", "0/3", "4/3", "1", "x/y"} {
		if _, err := pick(all, part); err == nil {
			t.Errorf("%q is taken for a part", part)
		}
	}
}

// good is a mutant as it is written.
const good = `# a remark
promise: once
test: ./test/sim TestA/b -race -x=1
expect: broke once: twice
why: for the test
timeout: 20s

--- pkg/a/a.go
	one

	two
+++
	2
===
--- pkg/a/a.go
	three
+++
===
`

func TestAMutantIsReadAsItIsWritten(t *testing.T) {
	m, err := parse("name", good)
	if err != nil {
		t.Fatal(err)
	}
	if m.test != (command{"./test/sim", "TestA/b", "-race -x=1"}) || m.expect != "broke once: twice" || m.timeout.Seconds() != 20 {
		t.Errorf("read %+v", m)
	}
	if want := []edit{{"pkg/a/a.go", "\tone\n\n\ttwo\n", "\t2\n"}, {"pkg/a/a.go", "\tthree\n", ""}}; !slices.Equal(m.edits, want) {
		t.Errorf("read the edits %q, want %q", m.edits, want)
	}
}

func TestWhatIsWrongWithAMutantIsSaid(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"no such promise":        {"promise: once", "promise: all", `promise "all"`},
		"no test":                {"test: ./test/sim TestA/b -race -x=1", "", "no test is named"},
		"a test without pattern": {"TestA/b -race -x=1", "", "write a package, a pattern"},
		"no reason":              {"why: for the test", "", "write why"},
		"another key":            {"why: for", "because: of", "line 5"},
		"a bad time":             {"20s", "soon", "line 6"},
		"an edit without new":    {"+++\n\t2\n", "", "has no"},
		"an edit without old":    {"\tthree\n", "", "no old lines"},
		"an edit of nothing":     {"\t2\n", "\tone\n\n\ttwo\n", "changes nothing"},
		"an edit without end":    {"+++\n===\n", "+++\n", "does not end"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, c.old, c.new, 1)
			if text == good {
				t.Fatal("the case changes nothing")
			}
			if _, err := parse("name", text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestLinesAreReplacedWholeAndOnce(t *testing.T) {
	const text = "\tone\n\tone more\n\ttwo\n\ttwo\n"
	for _, c := range []struct{ old, new, want string }{
		{"\tone\n", "\t1\n", "\t1\n\tone more\n\ttwo\n\ttwo\n"},
		{"\tone more\n", "", "\tone\n\ttwo\n\ttwo\n"},
		{"\ttwo\n", "\t2\n", ""},
		{"one\n", "1\n", ""},
		{"\tthree\n", "", ""},
	} {
		e := edit{file: "a.go", old: c.old, new: c.new}
		got, err := e.apply(text)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q -> %q: %q, error %v, want %q", c.old, c.new, got, err, c.want)
		}
	}
}

func TestAMutantIsCaughtOnlyByATestThatFails(t *testing.T) {
	failed := errors.New("exit status 1")
	const plain = "--- FAIL: TestA (1.0s)\n    --- FAIL: TestA/b (0.5s)\n        a_test.go:1: broke once: x\n--- FAIL: TestB (0s)\nFAIL\n"
	for name, c := range map[string]struct {
		out    string
		failed error
		expect string
		by     string // empty: not caught
		say    string // of the error
	}{
		"caught":                {plain, failed, "broke once", "TestA/b", ""},
		"caught by any failure": {plain, failed, "", "TestA/b", ""},
		"other words":           {plain, failed, "broke live", "TestA/b", "other words"},
		"survived":              {"ok\n", nil, "", "", "SURVIVED"},
		"not compiled":          {"# pkg\na.go:1: no\nFAIL\tpkg [build failed]\n", failed, "", "", "compile"},
		"nothing failed":        {"signal: killed\n", failed, "", "", "no test failed"},
		"hung":                  {"panic: test timed out after 1s\n\trunning tests:\n\t\tTestA/b (1s)\n", failed, "", "TestA/b (timed out)", ""},
		"raced":                 {"WARNING: DATA RACE\nFAIL\n", failed, "", "the race detector", ""},
		"panicked elsewhere":    {"panic: no\n\ngoroutine 1\n", failed, "", "a panic", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := verdict(&mutant{expect: c.expect}, c.out, c.failed)
			if got.by != c.by || (got.err == nil) != (c.say == "") || got.err != nil && !strings.Contains(got.err.Error(), c.say) {
				t.Errorf("by %q, error %v, want %q and %q", got.by, got.err, c.by, c.say)
			}
		})
	}
}
