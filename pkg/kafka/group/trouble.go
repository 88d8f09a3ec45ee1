package group

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// Pauses between tries of something that does not work at the moment.
const (
	firstTrouble = 50 * time.Millisecond
	maxTrouble   = time.Second
	sayAgain     = 10 * time.Second
)

// Trouble paces the tries of something that fails. The zero value says and counts nothing of it.
type Trouble struct {
	Voice   *Voice
	Retries prometheus.Counter // of the tries that failed; may be nil
	failing bool
	pause   time.Duration
}

// Pause waits before the next try, longer every time up to a second, or until ctx ends.
func (t *Trouble) Pause(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // that is why
	}
	if t.Voice != nil {
		t.Voice.fails(err, !t.failing)
	}
	if t.Retries != nil {
		t.Retries.Inc()
	}
	t.failing = true
	t.pause = min(max(2*t.pause, firstTrouble), maxTrouble)
	sleep(ctx, t.pause)
}

// Over tells that it works.
func (t *Trouble) Over() {
	if t.failing && t.Voice != nil {
		t.Voice.works()
	}
	t.failing, t.pause = false, 0
}

// Voice logs the trouble of all who try the same, for the brokers that one can't reach the others can't either: one
// line when it begins, one every few seconds at most when it is another, one when it is over for everybody. It may be used by
// several goroutines.
type Voice struct {
	log  *zap.Logger
	what string

	mu      sync.Mutex
	failing int // how many are in trouble
	said    string
	told    time.Time
}

// NewVoice makes one. what is what is being tried, as a sentence's subject.
func NewVoice(log *zap.Logger, what string) *Voice { return &Voice{log: log, what: what} }

// fails tells that a try failed; begins is set at the first of somebody's.
func (v *Voice) fails(err error, begins bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if begins {
		v.failing++
	}
	// Texts of network errors differ in nothing but a port, those of partitions in their numbers.
	if text := strings.Map(notDigit, err.Error()); text != v.said && (v.said == "" || time.Since(v.told) > sayAgain) {
		v.said, v.told = text, time.Now()
		v.log.Warn(v.what+" does not work at the moment, trying again", zap.Error(err))
	}
}

// notDigit drops digits.
func notDigit(r rune) rune {
	if unicode.IsDigit(r) {
		return -1
	}
	return r
}

// works tells that somebody's tries succeed again.
func (v *Voice) works() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failing--; v.failing == 0 {
		v.said = ""
		v.log.Info(v.what + " works again")
	}
}
