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
	kind string // of the binary
	addr string // where it was told to find Kafka
	args []string
	door *door // through which it reaches Kafka; nil if nothing can cut it off
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
	s := &service{c: c, name: fmt.Sprintf("%s-%d", name, len(c.services)+1), kind: name, addr: addr, args: args, done: make(chan struct{})}
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

// through starts a binary that reaches the broker by one of its doors.
func (c *cluster) through(d *door, name string, args ...string) *service {
	c.t.Helper()
	s := c.runAt(d.addr, name, args...)
	s.door = d
	return s
}

// again starts another process in place of one that has ended.
func (s *service) again(more ...string) *service {
	s.c.t.Helper()
	next := s.c.runAt(s.addr, s.kind, append(slices.Clone(s.args), more...)...)
	next.door = s.door
	return next
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

// cutOff lets nothing between a service and Kafka through any more.
func (s *service) cutOff() { s.door.cutOff() }

// mend undoes cutOff; what was on its way arrives now.
func (s *service) mend() { s.door.mend() }

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

// fails waits until a service has ended by itself because a person must act, and its last line says why.
func (s *service) fails(limit time.Duration, why string) {
	s.c.t.Helper()
	code := s.wait(limit)
	lines := s.log()
	if code != 1 || len(lines) == 0 || !strings.Contains(lines[len(lines)-1], why) {
		s.c.t.Fatalf("%s ended with exit code %d, want 1, and its last line was %q, want one with %q", s.name, code, lines[max(0, len(lines)-1):], why)
	}
	s.c.t.Logf("%s says: %s", s.name, lines[len(lines)-1])
}

// says waits until a service has written a line with a text.
func (s *service) says(limit time.Duration, text string) {
	s.c.t.Helper()
	s.c.within(limit, func() error {
		if !slices.ContainsFunc(s.log(), func(line string) bool { return strings.Contains(line, text) }) {
			return fmt.Errorf("%s has not said %q", s.name, text)
		}
		return nil
	})
}

// peak is the most memory that a process has had so far, in bytes of its resident set.
func (s *service) peak() int64 {
	s.c.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.c.t.Fatalf("look at the memory of %s: %v", s.name, err)
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	s.c.t.Fatalf("/proc does not tell the memory of %s", s.name)
	return 0
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
