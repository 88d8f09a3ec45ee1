package feed

import (
	"context"
	"math"
	"time"
)

// tick is the shortest sleep: above a hundred records a second they are let
// through in small batches, since a wake-up per record would cost more than they.
const tick = 10 * time.Millisecond

// Pace lets records through at a rate. Record k is due k/rate seconds after the
// first, counted from that one instant, so that the rate never drifts, and what a
// stall held up follows at once. It is used by one goroutine.
type Pace struct {
	rate     float64 // records a second; 0: no limit
	start    time.Time
	released int64
	now      time.Time
}

// NewPace returns a pace of so many records a second; with 0, or anything that is
// no positive number, there is no limit.
func NewPace(rate float64) *Pace {
	if !(rate > 0) || math.IsInf(rate, 1) {
		rate = 0
	}
	return &Pace{rate: rate, now: time.Now()}
}

// Now is the time at which what is due was let through last. To ask the clock for each record would be more than half of
// what a synthetic one costs.
func (p *Pace) Now() time.Time { return p.now }

// Wait waits until at least one record is due and returns how many are, at most
// want, which must be positive. Those count as let through. The first is due
// with the first call. The error is ctx.Err().
func (p *Pace) Wait(ctx context.Context, want int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if p.rate == 0 {
		p.now = time.Now()
		return want, nil
	}
	if p.start.IsZero() {
		p.start = time.Now()
	}
	for {
		elapsed := time.Since(p.start)
		// A millionth of a record early makes up for the float's last digits, for
		// the sake of which the one that is due would have to wait another tick.
		due := int64(elapsed.Seconds()*p.rate+1e-6) + 1 - p.released
		if due > 0 {
			n := int(min(due, int64(want)))
			p.released += int64(n)
			p.now = p.start.Add(elapsed)
			return n, nil
		}
		next := time.Duration(math.Ceil(min(float64(p.released)/p.rate*1e9, math.MaxInt64/2)))
		if err := sleep(ctx, max(next-elapsed, tick)); err != nil {
			return 0, err
		}
	}
}

// sleep waits for d, or returns ctx.Err() when ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
