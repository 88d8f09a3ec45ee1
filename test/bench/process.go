package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// build puts all binaries into a folder, which the caller removes.
func build(ctx context.Context) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "meanstream-bench-"); err != nil {
		return "", err
	}
	for _, args := range [][]string{
		{dir, "./services/generator", "./services/processor", "./services/sink", "./test/rivals/...", "./test/bench/floors/...", "./test/bench/merge"},
		{filepath.Join(dir, plain), "-tags", "notransactions", "./services/processor", "./services/sink"},
	} {
		cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"build", "-o", args[0] + string(filepath.Separator)}, args[1:])...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as they are shipped
		if out, err := cmd.CombinedOutput(); err != nil {
			_ = os.RemoveAll(dir)
			return "", fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	return dir, nil
}

// plain is the folder of our services as they would be without transactions, in that of the binaries.
const plain = "plain"

// used is what a process took.
type used struct {
	wall time.Duration
	cpu  time.Duration // user and system
	peak int64         // bytes resident; 0 where nobody tells
}

// process is one running binary.
type process struct {
	cmd    *exec.Cmd
	began  time.Time
	stdout bytes.Buffer
	log    bytes.Buffer
	used   used
	err    error
	done   chan struct{} // closed when it has ended; used and err are valid then
}

// start runs a binary.
func start(ctx context.Context, path string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, path, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.log
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	go p.watch(ended)
	return p, nil
}

// watch follows the memory of a process to its end. What the system tells of an ended process is no use: a child begins
// with the peak of its parent.
func (p *process) watch(ended chan error) {
	defer close(p.done)
	for {
		select {
		case err := <-ended:
			p.used.wall = time.Since(p.began)
			p.used.cpu = p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
			if err != nil {
				p.err = fmt.Errorf("%s: %w\n%s", filepath.Base(p.cmd.Path), err, tail(p.log.String()))
			}
			return
		case <-time.After(20 * time.Millisecond):
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
			p.used.peak = max(p.used.peak, peak(string(text)))
		}
	}
}

// wait gives what a process took, once it has ended.
func (p *process) wait() (used, error) {
	<-p.done
	return p.used, p.err
}

// stop asks processes to end, and waits until they have.
func stop(all ...*process) (err error) {
	for _, p := range all {
		err = errors.Join(err, p.cmd.Process.Signal(syscall.SIGTERM))
	}
	for _, p := range all {
		_, ended := p.wait()
		err = errors.Join(err, ended)
	}
	return err
}

// spent is the CPU time of a process that runs, by the scheduler's own clock. The usual account looks at who runs a hundred
// times a second, and so counts too much or too little of those who wake up with its clock.
func spent(pid int) (all time.Duration, err error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err == nil && threads == nil {
		err = errors.New("the system has no threads of it")
	}
	for _, thread := range threads {
		text, wrong := os.ReadFile(thread)
		if errors.Is(wrong, os.ErrNotExist) { // it has ended
			continue
		}
		ran, wrong := running(string(text))
		all, err = all+ran, errors.Join(err, wrong)
	}
	if err != nil {
		return 0, fmt.Errorf("ask for the CPU time of process %d: %w", pid, err)
	}
	return all, nil
}

// running reads how long a thread has run from what Linux's scheduler says of it.
func running(schedstat string) (time.Duration, error) {
	first, _, _ := strings.Cut(schedstat, " ")
	ns, err := strconv.ParseInt(first, 10, 64)
	return time.Duration(ns), err
}

// peak reads the most memory that a process has had from what Linux says of it, in bytes.
func peak(status string) int64 {
	for line := range strings.Lines(status) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}

// tail is the end of a log.
func tail(log string) string {
	lines := strings.SplitAfter(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "")
}
