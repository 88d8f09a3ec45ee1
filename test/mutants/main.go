package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	only := flag.String("only", "", "only mutants whose name matches this regular expression")
	part := flag.String("part", "1/1", "K/N: every Nth mutant, from the Kth on")
	list := flag.Bool("list", false, "say what there is, and run nothing")
	verbose := flag.Bool("v", false, "show the output of every test that caught a mutant")
	jobs := flag.Int("jobs", min(2, runtime.NumCPU()), "how many run side by side")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *only, *part, *list, *verbose, max(*jobs, 1)); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only, part string, list, verbose bool, jobs int) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	all, err := load()
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(m mutant) bool { return !pattern.MatchString(m.name) })
	if len(all) == 0 {
		return fmt.Errorf("no mutant's name matches %q", only)
	}
	if all, err = pick(all, part); err != nil {
		return err
	}
	if list {
		for _, m := range all {
			fmt.Printf("%-9s %-34s %s\n", m.promise, m.name, m.why)
		}
		return nil
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // it is in the system's own place for such things
	h := &hunter{root: root, scratch: scratch, verbose: verbose}
	if err := h.passAll(ctx, all, jobs); err != nil {
		return err
	}
	return h.huntAll(ctx, all, jobs)
}

// pick takes a part of all mutants: K/N is every Nth, from the Kth on.
func pick(all []mutant, part string) (some []mutant, err error) {
	var k, n int
	if _, err := fmt.Sscanf(part, "%d/%d", &k, &n); err != nil || k < 1 || k > n {
		return nil, fmt.Errorf("-part: %q is no part: write K/N with K from 1 to N, such as 2/4", part)
	}
	for i := k - 1; i < len(all); i += n {
		some = append(some, all[i])
	}
	return some, nil
}

// moduleRoot is where go.mod is.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	at := strings.TrimSpace(string(out))
	if err != nil || at == "" || at == os.DevNull {
		return "", errors.Join(errors.New("no module here: run it inside of the source tree"), err)
	}
	return filepath.Dir(at), nil
}

// passAll makes sure that each test passes before anything is broken: a test that always fails catches everything.
func (h *hunter) passAll(ctx context.Context, all []mutant, jobs int) error {
	longest := map[command]time.Duration{}
	for _, m := range all {
		longest[m.test] = max(longest[m.test], m.timeout, testTimeout)
	}
	var commands []command
	for c := range longest {
		commands = append(commands, c)
	}
	slices.SortFunc(commands, func(a, b command) int { return cmp.Compare(a.String(), b.String()) })
	began := time.Now()
	found := side(jobs, len(commands), func(i int) caught { return h.pass(ctx, commands[i], longest[commands[i]]) })
	var errs []error
	for _, c := range found {
		if c.err != nil {
			errs = append(errs, fmt.Errorf("%w\n%s", c.err, tail(c.log)))
		}
	}
	if len(errs) == 0 {
		fmt.Printf("%d tests pass on the code as it is (%.0f s)\n", len(commands), time.Since(began).Seconds())
	}
	return errors.Join(errs...)
}

// huntAll breaks the code in every way and tells how it went, line by line.
func (h *hunter) huntAll(ctx context.Context, all []mutant, jobs int) error {
	began := time.Now()
	var mu sync.Mutex
	fmt.Printf("%-9s %-34s %7s  %s\n", "promise", "mutant", "seconds", "caught by")
	found := side(jobs, len(all), func(i int) caught {
		m := &all[i]
		c := h.hunt(ctx, m)
		by := strings.TrimPrefix(m.test.pkg, "./") + " " + c.by
		if c.err != nil {
			by = c.err.Error()
		}
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf("%-9s %-34s %7.1f  %s\n", m.promise, m.name, c.took.Seconds(), by)
		if c.log != "" {
			fmt.Printf("%s\n", indent(tail(c.log)))
		}
		return c
	})
	var bad []string
	for i, c := range found {
		if c.err != nil {
			bad = append(bad, all[i].name)
		}
	}
	fmt.Printf("%d of %d mutants caught in %.0f s\n", len(all)-len(bad), len(all), time.Since(began).Seconds())
	if len(bad) > 0 {
		return fmt.Errorf("not caught as they should be: %s", strings.Join(bad, ", "))
	}
	return nil
}

// side does n things, at most jobs of them side by side, and returns what came of each.
func side(jobs, n int, do func(i int) caught) []caught {
	found := make([]caught, n)
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(jobs, n) {
		wg.Go(func() {
			for i := range next {
				found[i] = do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	return found
}

// shown is how many lines of a test's output are worth showing.
const shown = 25

// tail cuts a long output.
func tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > shown {
		lines = append(lines[:shown:shown], fmt.Sprintf("... and %d lines more", len(lines)-shown))
	}
	for i, l := range lines {
		if len(l) > 300 {
			lines[i] = l[:300] + "..."
		}
	}
	return strings.Join(lines, "\n")
}

func indent(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }
