package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// compileFor is what go test may take besides running the test: a mutant deep in the tree recompiles much.
const compileFor = 3 * time.Minute

// caught is how the hunt for one mutant went.
type caught struct {
	by   string // the test that failed
	took time.Duration
	err  error  // why it does not count as caught
	log  string // the test's output, where err needs explaining
}

// hunter runs tests.
type hunter struct {
	root    string // of the module
	scratch string
	verbose bool
}

// pass makes sure that a test passes on the code as it is.
func (h *hunter) pass(ctx context.Context, c command, timeout time.Duration) caught {
	began := time.Now()
	out, err := h.goTest(ctx, c, timeout, "")
	got := caught{took: time.Since(began), log: out}
	switch {
	case err != nil:
		got.err = fmt.Errorf("%s fails without any mutant: %w", c, err)
	case strings.Contains(out, "no tests to run"):
		got.err = fmt.Errorf("%s runs no test", c)
	}
	return got
}

// hunt breaks the code and has the test look at it.
func (h *hunter) hunt(ctx context.Context, m *mutant) caught {
	began := time.Now()
	overlay, err := h.writeOverlay(m)
	if err != nil {
		return caught{err: err}
	}
	out, failed := h.goTest(ctx, m.test, m.timeout, overlay)
	got := verdict(m, out, failed)
	if ctx.Err() != nil {
		got.err = ctx.Err()
	}
	got.took = time.Since(began)
	if got.err != nil || h.verbose {
		got.log = out
	}
	return got
}

// verdict judges what a test said about a mutant.
func verdict(m *mutant, out string, failed error) caught {
	switch {
	case strings.Contains(out, "[build failed]"), strings.Contains(out, "[setup failed]"):
		return caught{err: errors.New("does not compile")}
	case failed == nil:
		return caught{err: errors.New("SURVIVED: the test does not notice it")}
	}
	got := caught{by: culprit(out)}
	switch {
	case got.by == "":
		got.err = fmt.Errorf("no test failed, yet go test did: %w", failed)
	case m.expect != "" && !strings.Contains(out, m.expect):
		got.err = fmt.Errorf("caught with other words, want %q", m.expect)
	}
	return got
}

// culprit is the innermost test that failed first, or that was running when all was over.
func culprit(out string) (name string) {
	for line := range strings.Lines(out) {
		text, found := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: ")
		if !found {
			continue
		}
		test, _, _ := strings.Cut(text, " ")
		if name != "" && !strings.HasPrefix(test, name+"/") {
			break // another test's failure
		}
		name = test
	}
	switch {
	case strings.Contains(out, "panic: test timed out"):
		_, after, _ := strings.Cut(out, "running tests:\n")
		running := strings.Fields(after)
		if len(running) > 0 {
			return running[0] + " (timed out)"
		}
	case strings.Contains(out, "DATA RACE") && name == "":
		return "the race detector"
	case strings.Contains(out, "panic: ") && name == "":
		return "a panic"
	}
	return name
}

// goTest runs a test, with an overlay if one is named, and returns all its output.
func (h *hunter) goTest(ctx context.Context, c command, timeout time.Duration, overlay string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout+compileFor)
	defer cancel()
	args := []string{"test", "-vet=off", "-failfast", "-timeout", timeout.String(), "-run", c.run}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	// Flags of the test's own are told from a package only behind it.
	args = append(append(args, c.pkg), strings.Fields(c.flags)...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = h.root
	cmd.WaitDelay = 5 * time.Second // what the test started may hold the pipe
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// writeOverlay writes the mutated files, and the list of them for the compiler.
func (h *hunter) writeOverlay(m *mutant) (string, error) {
	files, err := m.overlay(h.root)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(h.scratch, m.name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	replace := map[string]string{}
	for at, text := range files {
		rel, err := filepath.Rel(h.root, at)
		if err != nil {
			return "", err
		}
		to := filepath.Join(dir, strings.ReplaceAll(filepath.ToSlash(rel), "/", "__"))
		if err := os.WriteFile(to, []byte(text), 0o644); err != nil {
			return "", err
		}
		replace[at] = to
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	at := filepath.Join(dir, "overlay.json")
	return at, os.WriteFile(at, list, 0o644)
}

// String is the command as it would be typed.
func (c command) String() string {
	return strings.TrimSpace("go test -run '" + c.run + "' " + c.pkg + " " + c.flags)
}
