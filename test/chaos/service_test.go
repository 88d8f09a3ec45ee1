package chaos

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// grace is what a container engine gives a process between SIGTERM and kill -9, in the compose file that we ship.
const grace = 30 * time.Second

// service is one running binary.
type service struct {
	c    *cluster
	name string
	cmd  *exec.Cmd
	path string        // of its log
	done chan struct{} // closed when it has ended
	err  error         // how; valid when done is closed
	told bool          // to end
}

// run starts a binary against the cluster.
func (c *cluster) run(name string, args ...string) *service {
	c.t.Helper()
	return c.runAt(c.addr, name, args...)
}

// runAt starts a binary against a broker at another address.
func (c *cluster) runAt(addr, name string, args ...string) *service {
	c.t.Helper()
	s := &service{c: c, name: fmt.Sprintf("%s-%d", name, len(c.services)+1), done: make(chan struct{})}
	s.path = filepath.Join(c.logs, s.name+".log")
	log, err := os.Create(s.path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = log.Close() }() // the process has a copy
	s.cmd = exec.Command(filepath.Join(c.bin, name), append([]string{"--brokers", addr}, args...)...)
	s.cmd.Stderr = log
	if err := s.cmd.Start(); err != nil {
		c.t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	c.services = append(c.services, s)
	c.t.Cleanup(s.kill)
	return s
}

// kill is kill -9.
func (s *service) kill() {
	s.told = true
	_ = s.cmd.Process.Kill()
	<-s.done
}

// pause stops a process in its tracks, as a machine that swaps or a virtual one that is moved does.
func (s *service) pause() { s.signal(syscall.SIGSTOP) }

// resume lets a paused process go on, as if no time had passed.
func (s *service) resume() { s.signal(syscall.SIGCONT) }

// terminate tells a process to end as container engines do, and does not wait.
func (s *service) terminate() {
	s.c.t.Helper()
	s.told = true
	s.signal(syscall.SIGTERM)
}

// stop tells a process to end, and gives its exit code.
func (s *service) stop() int {
	s.c.t.Helper()
	s.terminate()
	return s.wait(grace)
}

func (s *service) signal(what syscall.Signal) {
	s.c.t.Helper()
	if err := s.cmd.Process.Signal(what); err != nil {
		s.c.t.Fatalf("send %s to %s: %v", what, s.name, err)
	}
}

// wait gives the exit code of a process that ends within the limit, by itself or told to.
func (s *service) wait(limit time.Duration) int {
	s.c.t.Helper()
	s.told = true
	select {
	case <-s.done:
		var exit *exec.ExitError
		if s.err != nil && !errors.As(s.err, &exit) {
			s.c.t.Fatalf("%s: %v", s.name, s.err)
		}
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		s.c.t.Fatalf("%s has not ended within %s", s.name, limit)
		return 0
	}
}

// log is what a process has written, line by line.
func (s *service) log() []string {
	s.c.t.Helper()
	text, err := os.ReadFile(s.path)
	if err != nil {
		s.c.t.Fatal(err)
	}
	return slices.Collect(strings.Lines(string(text)))
}

// finish waits until services have ended by themselves, each with exit code 0.
func (c *cluster) finish(ss ...*service) {
	c.t.Helper()
	for _, s := range ss {
		if code := s.wait(time.Minute); code != 0 {
			c.t.Fatalf("%s ended with exit code %d", s.name, code)
		}
	}
}

// stop tells services to end, all at once, and fails if one does so with another exit code than 0.
func (c *cluster) stop(ss ...*service) {
	c.t.Helper()
	for _, s := range ss {
		s.terminate()
	}
	for _, s := range ss {
		if code := s.wait(grace); code != 0 {
			c.t.Errorf("%s was told to end, and did so with exit code %d", s.name, code)
		}
	}
}

// complete fails if a service is not there any more though nobody told it to end.
func (c *cluster) complete() {
	c.t.Helper()
	for _, s := range c.services {
		select {
		case <-s.done:
			if !s.told {
				c.t.Fatalf("%s has ended, though nobody told it to: %v", s.name, s.err)
			}
		default:
		}
	}
}

// showLogs prints how each service's log ends if the test has failed, and keeps the whole.
func (c *cluster) showLogs() {
	if !c.t.Failed() {
		_ = os.RemoveAll(c.logs)
		return
	}
	const shown = 30
	for _, s := range c.services {
		lines := s.log()
		if len(lines) > shown {
			lines = lines[len(lines)-shown:]
		}
		c.t.Logf("the end of %s's log:\n%s", s.name, strings.Join(lines, ""))
	}
	c.t.Logf("all logs are kept in %s", c.logs)
}
