package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Marks of an edit, each at the start of a line.
const (
	markOld = "--- " // and the file
	markNew = "+++"
	markEnd = "==="
)

// parse reads a mutant. Empty lines and lines that begin with # are passed over outside of edits.
func parse(name, text string) (mutant, error) {
	m := mutant{name: name, timeout: testTimeout}
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); {
		line := strings.TrimRight(lines[i], "\n")
		switch {
		case line == "", strings.HasPrefix(line, "#"):
			i++
		case strings.HasPrefix(line, markOld):
			e, n, err := parseEdit(lines[i:])
			if err != nil {
				return m, fmt.Errorf("line %d: %w", i+1, err)
			}
			m.edits = append(m.edits, e)
			i += n
		default:
			if err := m.set(line); err != nil {
				return m, fmt.Errorf("line %d: %w", i+1, err)
			}
			i++
		}
	}
	return m, m.check()
}

// set takes in one "key: value".
func (m *mutant) set(line string) (err error) {
	key, value, _ := strings.Cut(line, ": ")
	switch key {
	case "promise":
		m.promise = value
	case "test":
		fields := strings.Fields(value)
		if len(fields) < 2 {
			return fmt.Errorf("test: %q: write a package, a pattern for -run and, if needed, more flags", value)
		}
		m.test = command{pkg: fields[0], run: fields[1], flags: strings.Join(fields[2:], " ")}
	case "expect":
		m.expect = value
	case "why":
		m.why = value
	case "timeout":
		m.timeout, err = time.ParseDuration(value)
	default:
		return fmt.Errorf("%q: write promise, test, expect, why or timeout, a colon and a value, or %q and a file", line, markOld)
	}
	return err
}

// parseEdit reads an edit from its first mark on, and tells how many lines it took.
func parseEdit(lines []string) (e edit, n int, err error) {
	e.file = strings.TrimSpace(strings.TrimPrefix(lines[0], markOld))
	into := &e.old
	for i, line := range lines[1:] {
		switch strings.TrimRight(line, "\n") {
		case markNew:
			into = &e.new
		case markEnd:
			switch {
			case into == &e.old:
				return e, 0, fmt.Errorf("the edit of %s has no %q", e.file, markNew)
			case e.old == "":
				return e, 0, fmt.Errorf("the edit of %s has no old lines to be found by", e.file)
			case e.old == e.new:
				return e, 0, fmt.Errorf("the edit of %s changes nothing", e.file)
			}
			return e, i + 2, nil
		default:
			*into += line
		}
	}
	return e, 0, fmt.Errorf("the edit of %s does not end with %q", e.file, markEnd)
}

// check finds what is missing.
func (m *mutant) check() error {
	switch {
	case !slices.Contains(promises(), m.promise):
		return fmt.Errorf("promise %q: write one of %s", m.promise, strings.Join(promises(), ", "))
	case m.test.pkg == "":
		return errors.New("no test is named that must catch it")
	case m.why == "":
		return errors.New("nothing says why it is wrong: write why")
	case len(m.edits) == 0:
		return errors.New("it changes nothing: write an edit")
	}
	return nil
}
