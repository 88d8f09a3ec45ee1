package daemon

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/progress"
)

// Exit codes besides 0 and those of signals.
const (
	exitError  = 1
	exitConfig = 2
)

// defaultGrace stays below the 30 s after which Compose and Kubernetes kill.
const defaultGrace = 25 * time.Second

// Program is what a service says about itself.
type Program struct {
	Name        string // of the binary, such as processor
	Description string // one or two sentences for the top of its help
	Version     Version
	Grace       time.Duration // from the stop signal to the end; 0 = 25 s
	// Check looks whether the service could work, without changing anything, and writes what it finds to out; false if
	// something is wrong. Nil where the service has no --check.
	Check func(ctx context.Context, out io.Writer) bool
}

func (p Program) grace() time.Duration {
	if p.Grace == 0 {
		return defaultGrace
	}
	return p.Grace
}

// Host is what the operating system hands to a process.
type Host struct {
	Args     []string                // without the program's name
	Getenv   func(key string) string // "" where unset
	Stdout   io.Writer
	Stderr   io.Writer
	Terminal bool             // whether a person reads Stderr
	Signals  <-chan os.Signal // SIGINT and SIGTERM
}

// RunFunc is a service. It returns when its work is done, or when ctx has ended
// and the work in hand is finished, within p.Grace.
type RunFunc func(ctx context.Context, p *Process) error

// Main runs a service and never returns: it is the whole of a main function.
// The package comment lists the exit codes.
func Main(prog Program, cfg Config, run RunFunc) {
	// First of all: a signal during a slow start must not kill half-made work.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	os.Exit(Run(prog, cfg, run, Host{
		Args:     os.Args[1:],
		Getenv:   os.Getenv,
		Stdout:   os.Stdout,
		Stderr:   os.Stderr,
		Terminal: isTerminal(os.Stderr),
		Signals:  signals,
	}))
}

// Run is Main on a given host: it returns the exit code. When it returns early,
// on a second signal or at the end of the grace time, run is still running.
func Run(prog Program, cfg Config, run RunFunc, host Host) int {
	p, err := newParser(prog, cfg, host)
	done := false
	if err == nil {
		done, err = p.parse(prog, cfg, host)
	}
	switch {
	case err != nil:
		_, _ = fmt.Fprintln(host.Stderr, err)
		return exitConfig
	case done:
		return 0
	case p.given["check"] != nil && prog.Check != nil:
		return check(prog, host, warnings(reflect.ValueOf(cfg)))
	}
	return serve(prog, cfg, run, host)
}

// check is the whole run of a program that was asked to look only.
func check(prog Program, host Host, warned []string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-host.Signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	for _, w := range warned {
		_, _ = fmt.Fprintf(host.Stdout, "warning  %s\n", w)
	}
	if !prog.Check(ctx, host.Stdout) {
		return exitError
	}
	return 0
}

// serve runs a service whose settings are right.
func serve(prog Program, cfg Config, run RunFunc, host Host) int {
	var screen *progress.Screen
	if host.Terminal {
		screen = progress.NewScreen(host.Stderr)
		host.Stderr = screen
	}
	log, err := newLogger(prog.Name, cfg.log(), host.Stderr, host.Terminal)
	if err != nil {
		_, _ = fmt.Fprintln(host.Stderr, "log:", err)
		return exitConfig
	}
	// Standard error often cannot be synced, and there is nowhere to say so.
	defer func() { _ = log.Sync() }()

	for _, w := range warnings(reflect.ValueOf(cfg)) {
		log.Warn(w)
	}
	p := newProcess(prog, log, host.Stdout)
	p.Screen = screen
	admin, err := startAdmin(cfg.admin(), p)
	if err != nil {
		log.Error(err.Error())
		return exitError
	}
	if admin != nil {
		p.AdminAddr = admin.addr
		log.Info("admin address open", zap.Stringer("addr", admin.addr))
	}
	code, orderly := p.supervise(run, host.Signals, admin.failure())
	if orderly {
		admin.close(time.Second)
	} else {
		admin.close(0)
	}
	return code
}

// isTerminal is true of any character device. The other common one is
// /dev/null, where the format matters to nobody.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
