package group

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// Pauses between tries of something that does not work at the moment.
const (
	firstTrouble = 50 * time.Millisecond
	maxTrouble   = time.Second
	sayAgain     = 10 * time.Second
)

// Trouble paces the tries of something that fails, and logs it: one line when it begins or changes, one when it is
// over. The zero value logs nothing.
type Trouble struct {
	Log   *zap.Logger
	What  string // what is being tried
	said  string
	told  time.Time
	pause time.Duration
}

// Pause waits before the next try, longer every time up to a second, or until ctx ends.
func (t *Trouble) Pause(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // that is why
	}
	// Texts of network errors differ in nothing but a port: one that changes says so every few seconds at most.
	if text := err.Error(); t.Log != nil && text != t.said && (t.said == "" || time.Since(t.told) > sayAgain) {
		t.said, t.told = text, time.Now()
		t.Log.Warn(t.What+" does not work at the moment, trying again", zap.Error(err))
	}
	t.pause = min(max(2*t.pause, firstTrouble), maxTrouble)
	sleep(ctx, t.pause)
}

// Over tells that it works.
func (t *Trouble) Over() {
	if t.said != "" {
		t.said = ""
		t.Log.Info(t.What + " works again")
	}
	t.pause = 0
}
