package oracle

import (
	"math/big"
	"time"
)

// span is one window, half open, in nanoseconds since the Unix epoch.
type span struct{ start, end int64 }

// windows are all that hold t, found by looking at each that could.
func (l *ledger) windows(t int64, rule Rule) (all []span) {
	size, hop := rule.Window, rule.Hop
	if hop == 0 {
		hop = size
	}
	bound := func(n int64) int64 { return n }
	near := big.NewInt(t)
	if rule.Zone != nil {
		size, hop = size/(24*time.Hour), hop/(24*time.Hour)
		bound = func(day int64) int64 { return l.midnight(rule.Zone, day) }
		near.Div(near, big.NewInt(int64(24*time.Hour))) // rounds down for a positive divisor, below zero too
	}
	// Windows begin at every multiple of the hop; the last that could hold t begins a few days after it at most.
	step := big.NewInt(int64(hop))
	last := new(big.Int).Add(near, big.NewInt(3))
	if rule.Zone == nil {
		last = near
	}
	begin := new(big.Int).Div(last, step)
	begin.Mul(begin, step)
	for tried := int64(0); tried <= int64(size/hop)+6; tried++ {
		w := span{bound(begin.Int64()), bound(new(big.Int).Add(begin, big.NewInt(int64(size))).Int64())}
		if w.start <= t && t < w.end {
			all = append(all, w)
		}
		begin.Sub(begin, step)
		if !begin.IsInt64() {
			break
		}
	}
	return all
}

// zoneDay is a day of a zone, counted from 1970-01-01.
type zoneDay struct {
	zone string
	day  int64
}

// midnight is the first second, in nanoseconds since the epoch, at which a clock in the zone shows the day or a later one.
// The clock is watched: minute by minute from two days before, then second by second.
func (l *ledger) midnight(zone *time.Location, day int64) int64 {
	key := zoneDay{zone.String(), day}
	if at, known := l.midnights[key]; known {
		return at
	}
	want := date(time.Date(1970, time.January, 1+int(day), 12, 0, 0, 0, time.UTC))
	at := time.Date(1970, time.January, 1+int(day), 0, 0, 0, 0, time.UTC).Add(-48 * time.Hour)
	for date(at.In(zone)) < want {
		at = at.Add(time.Minute)
	}
	for date(at.Add(-time.Second).In(zone)) >= want {
		at = at.Add(-time.Second)
	}
	l.midnights[key] = at.UnixNano()
	return at.UnixNano()
}

// date is a day as a number that grows with the calendar.
func date(t time.Time) int {
	year, month, day := t.Date()
	return year*10000 + int(month)*100 + day
}
