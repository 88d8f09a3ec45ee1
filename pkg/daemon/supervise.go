package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// oneWish is how long signals count as one: whoever signals a process and its group, as timeout(1) does, or a terminal
// and the tool under it, sends two and means one.
const oneWish = 500 * time.Millisecond

// supervise calls run and watches over its end. It returns the exit code, and
// whether run has returned.
func (p *Process) supervise(run RunFunc, signals <-chan os.Signal, failure <-chan error) (code int, orderly bool) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, p) }()

	var (
		why   error            // the reason to stop; nil while there is none
		fault error            // why, unless somebody asked for it
		limit <-chan time.Time // after which the stop takes too long
		asked time.Time        // when the stop began
	)
	stop := func(reason error, fields ...zap.Field) {
		why, asked = reason, time.Now()
		p.Ready.stop()
		cancel(reason)
		limit = time.After(p.Grace)
		p.Log.Info(fmt.Sprintf("stopping, at most %s", p.Grace), fields...)
	}
	for {
		select {
		case err := <-ended:
			return p.exitCode(ctx, err, fault), true
		case sig := <-signals:
			if why == nil {
				stop(errors.New(signalName(sig)), zap.String("signal", signalName(sig)))
				continue
			}
			if time.Since(asked) < oneWish {
				continue
			}
			p.Log.Warn("exiting at once: a second signal", zap.String("signal", signalName(sig)))
			return signalCode(sig), false
		case fault = <-failure:
			if why == nil {
				stop(fault) // logged as the error that ends it all
			}
		case <-limit:
			p.Log.Error(fmt.Sprintf("still running %s after %s: giving up", p.Grace, why),
				zap.Strings("waiting", ownGoroutines()))
			return exitError, false
		}
	}
}

// exitCode judges how run ended, and logs what was wrong: here, at the top, and
// nowhere else.
func (p *Process) exitCode(ctx context.Context, err, fault error) int {
	// The bare error of the context says only "I was told to stop". Wrapped, it
	// names an act that was cut off.
	if ctx.Err() != nil && (err == ctx.Err() || err == context.Cause(ctx)) { //nolint:errorlint // see above
		err = nil
	}
	if err = errors.Join(err, fault); err != nil {
		p.Log.Error(err.Error())
		return exitError
	}
	p.Log.Info("done")
	return 0
}

func signalName(sig os.Signal) string {
	switch sig {
	case syscall.SIGINT:
		return "SIGINT"
	case syscall.SIGTERM:
		return "SIGTERM"
	}
	return sig.String()
}

// signalCode is what a shell reports of a process that a signal has ended.
func signalCode(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return exitError
}
