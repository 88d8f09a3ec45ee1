package secure

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// service is one running binary.
type service struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	out    output // of both kinds
	ended  chan struct{}
	err    error // valid when ended
	stdout bytes.Buffer
}

// output is written by a process and read by a test.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// settings are what a service is told to use the secured listener. Later flags win over them.
func (s *shared) settings(user string) []string {
	return []string{
		"--brokers", s.proxy.addr, "--create-topics=false", "--tls", "--tls-ca", s.file("ca.pem"),
		"--sasl", "scram-sha-512", "--sasl-user", user, "--sasl-password-file", s.file(user + ".password"),
	}
}

func (s *shared) file(name string) string { return filepath.Join(s.dir, name) }

// run starts a service with the settings of its user, and with args.
func (s *shared) run(t *testing.T, name string, args ...string) *service {
	t.Helper()
	return s.runPlain(t, name, slices.Concat(s.settings(name), args)...)
}

// runPlain starts a service with args alone.
func (s *shared) runPlain(t *testing.T, name string, args ...string) *service {
	t.Helper()
	r := &service{t: t, name: name, ended: make(chan struct{}), cmd: exec.Command(filepath.Join(s.dir, name), args...)}
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.out
	if err := r.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		r.err = r.cmd.Wait()
		close(r.ended)
	}()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-r.ended
		for _, user := range users() {
			if strings.Contains(r.out.String()+r.stdout.String(), password(user)) {
				t.Errorf("%s shows a password", name)
			}
		}
		if t.Failed() {
			t.Logf("%s %s:\n%s%s", name, strings.Join(args, " "), tail(r.out.String()), r.stdout.String())
		}
	})
	return r
}

func tail(text string) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "")
}

// wait gives the exit code of a service that ends by itself.
func (r *service) wait() int {
	r.t.Helper()
	select {
	case <-r.ended:
		var exit *exec.ExitError
		if r.err != nil && !errors.As(r.err, &exit) {
			r.t.Fatalf("%s: %v", r.name, r.err)
		}
		return r.cmd.ProcessState.ExitCode()
	case <-time.After(40 * time.Second):
		r.t.Fatalf("%s does not end", r.name)
		return 0
	}
}

// stop tells a service to end, and gives its exit code.
func (r *service) stop() int {
	r.t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	return r.wait()
}

// fails waits until a service has ended with exit code 1 and a last line that says all of wants.
func (r *service) fails(wants ...string) {
	r.t.Helper()
	if code := r.wait(); code != 1 {
		r.t.Errorf("%s ended with exit code %d, want 1", r.name, code)
	}
	lines := strings.Split(strings.TrimSpace(r.out.String()), "\n")
	last := strings.ReplaceAll(lines[len(lines)-1], `\"`, `"`)
	for _, want := range wants {
		if !strings.Contains(last, want) {
			r.t.Errorf("%s says %s\nwant it to say %q", r.name, last, want)
		}
	}
}

// within tries a check until it finds nothing wrong.
func within(t *testing.T, limit time.Duration, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s still: %v", limit, err)
		}
	}
}

// says waits until a service has written a text.
func (r *service) says(text string) {
	r.t.Helper()
	within(r.t, 20*time.Second, func() error {
		if !strings.Contains(r.out.String(), text) {
			return fmt.Errorf("%s does not say %q", r.name, text)
		}
		return nil
	})
}
