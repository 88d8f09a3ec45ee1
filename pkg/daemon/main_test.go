package daemon

import (
	"bytes"
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childEnv makes the test binary a service, so that real signals can be sent to
// a real process.
const childEnv = "DAEMON_TEST_CHILD"

func TestMain(m *testing.M) {
	if how := os.Getenv(childEnv); how != "" {
		runChild(how)
	}
	goleak.VerifyTestMain(m)
}

// plain is the least that a service can be.
type plain struct {
	Log
	Admin
}

// runChild is a service that says "up" and then stops as asked, or not at all.
func runChild(how string) {
	os.Args = os.Args[:1] // the rest are the test binary's flags
	Main(Program{Name: "child"}, &plain{}, func(ctx context.Context, p *Process) error {
		if _, err := p.Stdout.Write([]byte("up\n")); err != nil {
			return err
		}
		<-ctx.Done()
		if how == "deaf" {
			select {}
		}
		return ctx.Err()
	})
}

// noEnv is an environment with nothing set.
func noEnv(string) string { return "" }

// quiet is a host that keeps what is said, with signals sent by the test.
func quiet(signals <-chan os.Signal, args ...string) (Host, *bytes.Buffer) {
	said := &bytes.Buffer{}
	return Host{Args: args, Getenv: noEnv, Stdout: said, Stderr: said, Terminal: true, Signals: signals}, said
}
