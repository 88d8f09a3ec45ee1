package window

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func windowsOf(w Windows, t, watermark int64) []Bounds {
	return slices.Collect(w.holding(w.firstAfter(t, watermark), w.pane(t)))
}

// TestHoppingWindowsAreThoseThatHoldTheTime compares with looking at every window near it.
func TestHoppingWindowsAreThoseThatHoldTheTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 30).Draw(t, "size")
		w := Windows{Size: size, Hop: rapid.Int64Range(1, size).Draw(t, "hop")}
		at, watermark := rapid.Int64Range(-99, 99).Draw(t, "t"), rapid.Int64Range(-150, 150).Draw(t, "watermark")
		all := slowWindows(at, w.Size, w.Hop, math.MinInt64)
		if got, want := windowsOf(w, at, watermark), slowWindows(at, w.Size, w.Hop, watermark); len(want) > 0 && !slices.Equal(got, want) {
			t.Fatalf("%d is in %v of %+v, want %v", at, got, w, want)
		}
		if got, want := w.LastEnd(at), all[len(all)-1].End; got != want {
			t.Fatalf("the last end of %d is %d, want %d", at, got, want)
		}
		next := watermark + 1
		for ; floorMod(next-w.Size, w.Hop) != 0; next++ {
		}
		if got := w.NextEnd(watermark); got != next {
			t.Fatalf("the end after %d is %d, want %d", watermark, got, next)
		}
		pane := w.pane(at)
		if at < pane.Start || at >= pane.End {
			t.Fatalf("the pane of %d is %v", at, pane)
		}
		for x := pane.Start - 1; x <= pane.End; x++ {
			same := slices.Equal(slowWindows(x, w.Size, w.Hop, math.MinInt64), all)
			// With a hop of the size one pane ends where the next begins, all the same.
			if inside := x >= pane.Start && x < pane.End; same != inside {
				t.Fatalf("the pane of %d is %v: %d is in the same windows: %v", at, pane, x, same)
			}
		}
	})
}

func TestTheEndsOfInt64AreNoWindowsEnd(t *testing.T) {
	w := Windows{Size: 10, Hop: 3}
	if got := w.NextEnd(math.MaxInt64 - 1); got != math.MaxInt64 {
		t.Errorf("the end after the last but one moment is %d", got)
	}
	// 2^63 is 2 more than a multiple of 3, and windows end 1 behind one.
	if got := w.NextEnd(NoWatermark); got != NoWatermark+3 {
		t.Errorf("without a watermark the next end is %d, want %d", got, NoWatermark+3)
	}
}

func zone(t testing.TB, name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestDaysBeginWhereTheCalendarTurns(t *testing.T) {
	for _, c := range []struct {
		name, zone, at, start string
		hours                 float64
	}{
		{"an ordinary day", "Europe/Berlin", "2026-07-24T12:00:00Z", "2026-07-23T22:00:00Z", 24},
		{"its last nanosecond", "Europe/Berlin", "2026-07-24T21:59:59.999999999Z", "2026-07-23T22:00:00Z", 24},
		{"its first", "Europe/Berlin", "2026-07-23T22:00:00Z", "2026-07-23T22:00:00Z", 24},
		{"clocks go forward", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", 23},
		{"clocks go back", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-24T22:00:00Z", 25},
		{"before the epoch", "Europe/Berlin", "1969-12-31T23:30:00Z", "1969-12-31T23:00:00Z", 24},
		{"before zones", "Europe/Berlin", "1800-01-01T00:00:00Z", "1799-12-31T23:06:32Z", 24},
		{"in a year whose rules are yet to be changed", "Europe/Berlin", "2200-07-01T00:00:00Z", "2200-06-30T22:00:00Z", 24},
		{"an offset of three quarters of an hour", "Asia/Kathmandu", "2026-07-24T18:14:59Z", "2026-07-23T18:15:00Z", 24},
		{"midnight does not exist", "America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", 23},
		{"the day before has its last hour twice", "America/Sao_Paulo", "2018-02-18T02:30:00Z", "2018-02-17T02:00:00Z", 25},
		{"midnight comes twice", "America/Havana", "2026-11-01T04:30:00Z", "2026-11-01T04:00:00Z", 25},
		{"the calendar turns, turns back, and turns again", "America/St_Johns", "2010-11-07T02:45:00Z", "2010-11-07T02:30:00Z", 25},
		{"a day that was left out", "Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", 24},
		{"the day before it", "Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", 24},
		{"half an hour", "Australia/Lord_Howe", "2026-04-04T20:00:00Z", "2026-04-04T13:00:00Z", 24.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, start := parse(t, c.at), parse(t, c.start)
			w := Windows{Size: day, Zone: zone(t, c.zone)}
			want := Bounds{start, start + int64(c.hours*float64(time.Hour))}
			if got := windowsOf(w, at, math.MinInt64); !slices.Equal(got, []Bounds{want}) {
				t.Errorf("%s is in %s, want %s", c.at, shown(got), shown([]Bounds{want}))
			}
		})
	}
}

func parse(t testing.TB, s string) int64 {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixNano()
}

func shown(all []Bounds) (s string) {
	for _, b := range all {
		s += time.Unix(0, b.Start).UTC().Format(time.RFC3339Nano) + " to " + time.Unix(0, b.End).UTC().Format(time.RFC3339Nano) + "; "
	}
	return s
}

// slowDay is the first second at which a zone's calendar shows the day or a later one, found by looking at each.
func slowDay(zone *time.Location, number int64) int64 {
	date := time.Unix(number*secondsADay, 0).UTC().Format(time.DateOnly)
	for at := number*secondsADay - 30*3600; ; at++ {
		// No zone changes its clocks for less than a minute; a minute is looked at by the second where the day turns.
		if at%60 == 0 && time.Unix(at+59, 0).In(zone).Format(time.DateOnly) < date {
			at += 59
			continue
		}
		if time.Unix(at, 0).In(zone).Format(time.DateOnly) >= date {
			return at * 1e9
		}
	}
}

// TestWindowsOfDaysInAZone compares with days looked for by the second, in zones that have done odd things.
func TestWindowsOfDaysInAZone(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia", "Pacific/Kwajalein", "Asia/Kathmandu", "America/Havana", "Antarctica/Troll"}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(zones).Draw(t, "zone")
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		size := rapid.Int64Range(1, 4).Draw(t, "days")
		hop := rapid.Int64Range(1, size).Draw(t, "hop")
		w := Windows{Size: size * day, Hop: hop * day, Zone: z}
		// Around odd days more often than anywhere.
		at := rapid.Int64Range(-2*365, 80*365).Draw(t, "day") * day
		if rapid.Bool().Draw(t, "odd") {
			at = rapid.SampledFrom([]int64{15337, 17847, 17579, 14920, 8635, 20538, 20758}).Draw(t, "odd day") * day
		}
		at += rapid.Int64Range(-2*day, 2*day).Draw(t, "time")
		watermark := at + rapid.Int64Range(-3*day, 3*day).Draw(t, "watermark")
		number := int64(math.Floor(float64(at) / float64(day)))
		var want []Bounds
		for first := (number/hop - size/hop - 4) * hop; first <= number+2; first += hop {
			b := Bounds{slowDay(z, first), slowDay(z, first+size)}
			if b.Start <= at && at < b.End && b.End > watermark {
				want = append(want, b)
			}
		}
		if got := windowsOf(w, at, watermark); !slices.Equal(got, want) {
			t.Fatalf("in %s with %d days every %d: %s is in %s, want %s", name, size, hop, time.Unix(0, at).UTC(), shown(got), shown(want))
		}
		if len(want) > 0 && w.LastEnd(at) != want[len(want)-1].End {
			t.Fatalf("last end %d, want %s", w.LastEnd(at), shown(want))
		}
		if next := w.NextEnd(at); next <= at || w.NextEnd(next-1) != next {
			t.Fatalf("the end after %d is %d, and after the moment before that %d", at, next, w.NextEnd(next-1))
		}
		for b := range w.holding(w.firstAfter(at, math.MinInt64), w.pane(at)) {
			if b.End < w.NextEnd(at) {
				t.Fatalf("%s is in %s, and the next end is %d", time.Unix(0, at).UTC(), shown([]Bounds{b}), w.NextEnd(at))
			}
		}
	})
}
