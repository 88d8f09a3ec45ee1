package feed

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestTheRateHoldsToTheRecordAndWakesAreFew(t *testing.T) {
	rates := []float64{0.5, 1, 3, 99, 100, 101, 1000, 1 / 0.003, 123456.7, 5e6}
	for _, rate := range rates {
		synctest.Test(t, func(t *testing.T) {
			p, start, sent, waits := NewPace(rate), time.Now(), 0, 0
			for time.Since(start) < 100*time.Second {
				n, err := p.Wait(t.Context(), math.MaxInt)
				if err != nil || n < 1 {
					t.Fatal(n, err)
				}
				if now := time.Now(); !p.Now().Equal(now) {
					t.Fatalf("let through at %v, it says %v", now, p.Now())
				}
				sent += n
				waits++
				// Record k is due at k/rate: never sooner, and at most a tick later.
				now := time.Since(start).Seconds()
				if first, last := float64(sent-n)/rate, float64(sent-1)/rate; last > now+1e-6 || now > first+0.010001 {
					t.Fatalf("rate %v: records due from %v to %v came at %v", rate, first, last, now)
				}
			}
			if waits > 10_002 {
				t.Errorf("rate %v: %d wakes in 100 s", rate, waits)
			}
		})
	}
}

func TestAPaceNeverDriftsWhateverTheCallerDoes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rate := rapid.Float64Range(0.1, 1e5).Draw(r, "rate")
		steps := rapid.SliceOfN(rapid.IntRange(0, 500), 1, 50).Draw(r, "milliseconds of work")
		want := rapid.IntRange(1, 2000).Draw(r, "want")
		synctest.Test(t, func(t *testing.T) {
			p, start, sent := NewPace(rate), time.Now(), 0
			for _, ms := range steps {
				time.Sleep(time.Duration(ms) * time.Millisecond)
				if sent == 0 {
					start = time.Now()
				}
				n, err := p.Wait(t.Context(), want)
				sent += n
				owed := int(time.Since(start).Seconds()*rate+1e-6) + 1
				if err != nil || n < 1 || n > want || sent > owed || n < want && sent != owed {
					t.Errorf("rate %v, want %d: got %d, %v: %d of %d", rate, want, n, err, sent, owed)
				}
			}
		})
	})
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPace(1e-12) // the second record is due in thirty thousand years
		if n, err := p.Wait(t.Context(), 5); n != 1 || err != nil {
			t.Errorf("the first: %d, %v", n, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if n, err := p.Wait(ctx, 5); n != 0 || err != context.DeadlineExceeded || time.Since(start) != time.Minute {
			t.Errorf("the second: %d, %v after %v", n, err, time.Since(start))
		}
	})
}

func TestWithoutARateNothingWaits(t *testing.T) {
	for _, rate := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		p := NewPace(rate)
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if n, err := p.Wait(stopped, 5); n != 0 || err != context.Canceled {
			t.Errorf("rate %v, stopped: %d, %v", rate, n, err)
		}
		for range 3 {
			if n, err := p.Wait(t.Context(), 500); n != 500 || err != nil {
				t.Errorf("rate %v: %d, %v", rate, n, err)
			}
		}
	}
}
