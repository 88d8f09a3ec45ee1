package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

//go:embed set/*.mutant
var set embed.FS

// mutant is one way in which the code is broken.
type mutant struct {
	name    string
	promise string // that it breaks
	test    command
	expect  string // text that the failure must contain; empty: any failure will do
	why     string
	timeout time.Duration // of the test; a mutant that hangs is caught by it
	edits   []edit
}

// command is the test that must catch a mutant.
type command struct {
	pkg, run string
	flags    string // more flags for go test, separated by blanks
}

// edit replaces whole lines of a file by others. Both texts end in a line feed unless they are empty.
type edit struct {
	file     string // from the module's root, with slashes
	old, new string
}

// testTimeout is long beside every test that is named in the set, even on a machine with other things to do.
const testTimeout = 90 * time.Second

// promises are those that may be broken; see docs/guarantees.md.
func promises() []string {
	return []string{"once", "complete", "exact", "final", "ordered", "live", "fenced", "steady"}
}

// load reads every mutant of the set, in the order of their names.
func load() ([]mutant, error) {
	names, err := fs.Glob(set, "set/*.mutant")
	if err != nil {
		return nil, err
	}
	all := make([]mutant, 0, len(names))
	for _, name := range names {
		text, err := set.ReadFile(name)
		if err != nil {
			return nil, err
		}
		m, err := parse(strings.TrimSuffix(path.Base(name), ".mutant"), string(text))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all = append(all, m)
	}
	return all, nil
}

// overlay is every file that the mutant changes, by its path, as it reads then.
func (m *mutant) overlay(root string) (map[string]string, error) {
	files := map[string]string{}
	for _, e := range m.edits {
		at := filepath.Join(root, filepath.FromSlash(e.file))
		text, begun := files[at]
		if !begun {
			bytes, err := os.ReadFile(at)
			if err != nil {
				return nil, fmt.Errorf("mutate: %w", err)
			}
			text = string(bytes)
		}
		mutated, err := e.apply(text)
		if err != nil {
			return nil, err
		}
		files[at] = mutated
	}
	return files, nil
}

// apply changes the text of a file, in which the old lines must occur exactly once.
func (e *edit) apply(text string) (string, error) {
	lines, old := "\n"+text, "\n"+e.old
	n, at := 0, 0
	for from := 0; ; from = at + 1 { // not strings.Count: neighbours share a line feed
		i := strings.Index(lines[from:], old)
		if i < 0 {
			break
		}
		n, at = n+1, from+i
	}
	if n != 1 {
		return "", fmt.Errorf("mutate %s: its old lines occur %d times, want once: bring the mutant up to the code; they are\n%s", e.file, n, e.old)
	}
	return (lines[:at] + "\n" + e.new + lines[at+len(old):])[1:], nil
}
