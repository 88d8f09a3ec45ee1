package daemon

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestHowAProcessEnds(t *testing.T) {
	untilStopped := func(ctx context.Context, _ *Process) error { <-ctx.Done(); return nil }
	cases := []struct {
		name    string
		run     RunFunc
		signals []os.Signal
		code    int
		says    []string
		never   string
	}{
		{"work that is done ends well", func(context.Context, *Process) error { return nil },
			nil, 0, []string{"done"}, "stopping"},
		{"an error is said once", func(context.Context, *Process) error { return errors.New("commit partition 3 at 1042: refused") },
			nil, 1, []string{"error  svc  commit partition 3 at 1042: refused"}, "done"},
		{"SIGTERM is obeyed", untilStopped,
			[]os.Signal{syscall.SIGTERM}, 0, []string{"stopping, at most 25s", "SIGTERM", "done"}, "error"},
		{"the context's own error is no error", func(ctx context.Context, _ *Process) error { <-ctx.Done(); return ctx.Err() },
			[]os.Signal{syscall.SIGINT}, 0, []string{"SIGINT", "done"}, "error"},
		{"nor is its cause", func(ctx context.Context, _ *Process) error { <-ctx.Done(); return context.Cause(ctx) },
			[]os.Signal{syscall.SIGINT}, 0, []string{"done"}, "error"},
		{"an act that was cut off is one", func(ctx context.Context, _ *Process) error {
			<-ctx.Done()
			return fmt.Errorf("publish results: %w", ctx.Err())
		}, []os.Signal{syscall.SIGTERM}, 1, []string{"publish results: context canceled"}, "done"},
		{"a cancellation that nobody asked for is one", func(context.Context, *Process) error { return context.Canceled },
			nil, 1, []string{"error  svc  context canceled"}, "done"},
		{"the last of the work may take its time", func(ctx context.Context, p *Process) error {
			<-ctx.Done()
			time.Sleep(p.Grace - time.Nanosecond)
			return nil
		}, []os.Signal{syscall.SIGTERM}, 0, []string{"done"}, "giving up"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				signals := make(chan os.Signal, 2)
				for _, s := range c.signals {
					signals <- s
				}
				host, said := quiet(signals)
				if code := Run(Program{Name: "svc"}, &plain{}, c.run, host); code != c.code {
					t.Errorf("exit code %d, want %d", code, c.code)
				}
				for _, want := range c.says {
					if strings.Count(said.String(), want) != 1 {
						t.Errorf("does not say %q once:\n%s", want, said)
					}
				}
				if strings.Contains(said.String(), c.never) {
					t.Errorf("says %q:\n%s", c.never, said)
				}
			})
		})
	}
}

func TestGraceEndsAndNamesWhatIsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		signals := make(chan os.Signal, 2)
		host, said := quiet(signals)
		start := time.Now()
		signals <- syscall.SIGTERM
		code := Run(Program{Name: "svc", Grace: 3 * time.Second}, &plain{}, func(_ context.Context, p *Process) error {
			if p.Grace != 3*time.Second {
				t.Errorf("run was promised %s", p.Grace)
			}
			<-release
			return nil
		}, host)
		if took := time.Since(start); code != 1 || took != 3*time.Second {
			t.Errorf("exit code %d after %s, want 1 after 3s", code, took)
		}
		for _, want := range []string{"still running 3s after SIGTERM: giving up", "TestGraceEndsAndNamesWhatIsWaiting", "supervise_test.go:", "chan receive"} {
			if !strings.Contains(said.String(), want) {
				t.Errorf("does not say %q:\n%s", want, said)
			}
		}
	})
}

func TestSecondSignalExitsAtOnce(t *testing.T) {
	for second, want := range map[os.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			defer close(release)
			signals := make(chan os.Signal, 2)
			signals <- syscall.SIGTERM
			signals <- second // at the same moment: the same wish
			time.AfterFunc(time.Second, func() { signals <- second })
			host, said := quiet(signals)
			start := time.Now()
			code := Run(Program{Name: "svc"}, &plain{}, func(context.Context, *Process) error { <-release; return nil }, host)
			if code != want || time.Since(start) != time.Second {
				t.Errorf("exit code %d after %s, want %d at the second wish", code, time.Since(start), want)
			}
			if !strings.Contains(said.String(), "second signal") {
				t.Errorf("does not say why:\n%s", said)
			}
		})
	}
}

func TestReadinessEndsWithTheFirstSignal(t *testing.T) {
	signals := make(chan os.Signal, 1)
	host, _ := quiet(signals)
	code := Run(Program{Name: "svc"}, &plain{}, func(ctx context.Context, p *Process) error {
		p.Ready.Set("work", true, "")
		if waiting := p.Ready.Waiting(); waiting != nil {
			return fmt.Errorf("not ready: %v", waiting)
		}
		signals <- syscall.SIGTERM
		<-ctx.Done()
		p.Ready.Set("work", true, "") // too late
		if waiting := p.Ready.Waiting(); len(waiting) != 1 || !strings.HasPrefix(waiting[0], "stopping") {
			return fmt.Errorf("still ready: %v", waiting)
		}
		if cause := context.Cause(ctx); cause.Error() != "SIGTERM" {
			return fmt.Errorf("the context ended for %w", cause)
		}
		return nil
	}, host)
	if code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

func TestFailureOfTheAdminServerStopsTheWork(t *testing.T) {
	host, said := quiet(nil)
	log, err := newLogger("svc", Log{LogLevel: "info"}, host.Stderr, true)
	if err != nil {
		t.Fatal(err)
	}
	failure := make(chan error, 1)
	failure <- errors.New("serve admin address: broken")
	code, orderly := newProcess(Program{Name: "svc"}, log, host.Stdout).supervise(
		func(ctx context.Context, _ *Process) error { <-ctx.Done(); return ctx.Err() }, nil, failure)
	if code != 1 || !orderly || strings.Count(said.String(), "broken") != 1 {
		t.Errorf("exit code %d, orderly %v, said:\n%s", code, orderly, said)
	}
}

func TestConfigurationIsJudgedBeforeAnythingStarts(t *testing.T) {
	host, said := quiet(nil, "--log-level=loud", "--bogus")
	code := Run(Program{Name: "svc"}, &plain{}, func(context.Context, *Process) error {
		t.Error("the work was started")
		return nil
	}, host)
	want := "--bogus: unknown flag\n--log-level: \"loud\" is not known: write debug, info, warn or error\nrun svc --help\n"
	if code != 2 || said.String() != want {
		t.Errorf("exit code %d, said:\n%swant 2 and:\n%s", code, said, want)
	}
}

func TestHelpStartsNothing(t *testing.T) {
	host, said := quiet(nil, "--help")
	code := Run(Program{Name: "svc"}, &plain{}, func(context.Context, *Process) error {
		t.Error("the work was started")
		return nil
	}, host)
	if code != 0 || !strings.HasPrefix(said.String(), "Usage: svc [flags]") {
		t.Errorf("exit code %d, said:\n%s", code, said)
	}
}

// TestRealSignals ends a real process by real signals.
func TestRealSignals(t *testing.T) {
	cases := []struct {
		name, how string
		signals   []syscall.Signal
		code      int
	}{
		{"SIGTERM", "obedient", []syscall.Signal{syscall.SIGTERM}, 0},
		{"SIGINT", "obedient", []syscall.Signal{syscall.SIGINT}, 0},
		{"SIGINT twice", "deaf", []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, 130},
		{"SIGINT, then SIGTERM", "deaf", []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}, 143},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(os.Environ(), childEnv+"="+c.how)
			stderr, err := child.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			// Each signal waits for the answer to the one before, and longer
			// than two signals count as one.
			awaitLine(t, stdout, "up")
			for i, s := range c.signals {
				if err := child.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
				if i == 0 {
					awaitLine(t, stderr, `"stopping, at most 25s"`)
					<-time.After(2 * oneWish) // another process: no fake clock reaches it
				}
			}
			_ = child.Wait() // the exit code says it all
			if code := child.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
		})
	}
}

// awaitLine reads up to a line with the text.
func awaitLine(t *testing.T, from interface{ Read([]byte) (int, error) }, text string) {
	t.Helper()
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return
		}
	}
	t.Fatalf("the process ended without saying %q", text)
}
