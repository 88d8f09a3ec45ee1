package progress

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// atRate is work of 1,000 units at 10 of them, or 1,000 records, a second.
func atRate(began time.Time) Look {
	return func(context.Context) (State, bool) {
		done := int64(time.Since(began).Seconds() * 10)
		return State{Done: done, Total: 1000, Items: 100 * done}, true
	}
}

func TestALogGetsALineEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, seen := observer.New(zap.InfoLevel)
		ctx, stop := context.WithTimeout(t.Context(), 35*time.Second)
		defer stop()
		Follow(ctx, "loading", atRate(time.Now()), nil, zap.New(core))
		var got []string
		for _, e := range seen.All() {
			m := e.ContextMap()
			got = append(got, fmt.Sprint(e.Message, m["records"], m["percent"], m["records a second"], m["left"]))
		}
		want := []string{"loading 10000 10 1000 1m30s", "loading 20000 20 1000 1m20s", "loading 30000 30 1000 1m10s"}
		for i := range got {
			got[i] = strings.Join(strings.Fields(strings.NewReplacer("loading", "loading ").Replace(got[i])), " ")
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestATerminalHasOneLineAndTheLogAboveIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		screen := NewScreen(&out)
		ctx, stop := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer stop()
		time.AfterFunc(2200*time.Millisecond, func() { _, _ = screen.Write([]byte("something happened\n")) })
		Follow(ctx, "loading", atRate(time.Now()), screen, zap.NewNop())
		bar := "loading [" + strings.Repeat(" ", width) + "] "
		first, second := bar+"  1%  1000 records, 0/s", bar+"  2%  2000 records, 1000/s, 1m38s left"
		want := clear + first + clear + second + clear + "something happened\n" + second + clear
		if got := out.String(); got != want {
			t.Errorf("got\n%q, want\n%q", got, want)
		}
		if _, err := screen.Write([]byte("behind it\n")); err != nil || !strings.HasSuffix(out.String(), clear+"behind it\n") {
			t.Errorf("behind the end: %q, %v", out.String(), err)
		}
	})
}

func TestARateIsThatOfLatelyAndBeginsAnewWhenWorkIsGivenAway(t *testing.T) {
	var k track
	at := time.Unix(0, 0)
	for _, step := range []struct {
		State
		rate float64
		left time.Duration
		ok   bool
	}{
		{State{0, 1000, 0}, 0, 0, false},
		{State{100, 1000, 1000}, 200, 45 * time.Second, true},
		{State{200, 1000, 2000}, 200, 40 * time.Second, true},
		{State{200, 1000, 2000}, 100, 80 * time.Second, true},
		{State{200, 1000, 2000}, 0, 0, false},
		{State{10, 1000, 100}, 0, 0, false},
		{State{60, 0, 600}, 100, 0, false},
	} {
		k.add(at, step.State)
		_, rate := k.rates()
		left, ok := k.left()
		if fmt.Sprintf("%.3f", rate) != fmt.Sprintf("%.3f", step.rate) || left.Round(time.Second) != step.left || ok != step.ok {
			t.Errorf("after %s, %+v: %g a second, %s left, %t; want %g, %s, %t", at.Sub(time.Unix(0, 0)), step.State, rate, left, ok, step.rate, step.left, step.ok)
		}
		at = at.Add(5 * time.Second)
	}
}

func TestNumbersAreShort(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 9999: "9999", 10_000: "10 k", 999_499: "999 k", 2_345_678: "2.35 M", 12_345_678_900: "12.35 G"} {
		if got := short(n); got != want {
			t.Errorf("%f: %q, want %q", n, got, want)
		}
	}
}
