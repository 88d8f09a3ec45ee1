package group

import (
	"sync/atomic"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/txn"
)

// Pauses before a transaction is begun ahead. Right behind a commit the coordinator is still busy with its end.
const (
	firstOpening = 5 * time.Millisecond
	mostOpening  = 100 * time.Millisecond
)

// opener tells when the next transaction should be begun: as soon as it is certain that there will be one, which is when the
// first position has moved behind the commit before. What its first request takes is then over when the commit is due.
type opener struct {
	timer *time.Timer
	early bool        // a commit is due, and done, before the coordinator would give an open transaction up
	told  atomic.Bool // of a move since the last commit
	pause time.Duration
}

func newOpener(interval time.Duration) *opener {
	o := &opener{timer: time.NewTimer(time.Hour), early: interval+commitTimeout < txn.Timeout, pause: firstOpening}
	o.timer.Stop()
	return o
}

// moved tells that a position has moved.
func (o *opener) moved() {
	if o.early && !o.told.Load() && !o.told.Swap(true) {
		o.timer.Reset(firstOpening)
	}
}

// again tells that what was tried must be tried once more.
func (o *opener) again() {
	o.pause = min(2*o.pause, mostOpening)
	o.timer.Reset(o.pause)
}

// collected forgets the moves until now: a commit takes them.
func (o *opener) collected() {
	o.timer.Stop()
	o.pause = firstOpening
	o.told.Store(false)
}
