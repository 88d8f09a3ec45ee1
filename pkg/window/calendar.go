package window

import (
	"math"
	"time"
)

// secondsADay is of a day in UTC, the only one in which all days are alike.
const secondsADay = 24 * 60 * 60

// dayStart returns the first nanosecond since the Unix epoch at which the calendar of the zone shows a day or a later
// one, days counted from 1970-01-01. That is midnight, or the moment behind it where clocks skip midnight; a day that a
// zone left out, as Samoa did with 2011-12-30, starts and ends with the beginning of the next. Where clocks are set back
// over midnight the day has begun when they showed it first.
//
// time.Date would not do: what it returns for a midnight that does not exist, or comes twice, is not promised.
func dayStart(zone *time.Location, number int64) int64 {
	midnight := number * secondsADay
	// 26 hours before it, no zone on Earth shows the day yet.
	for at := time.Unix(midnight-26*60*60, 0).In(zone); ; {
		_, offset := at.Zone()
		begins, ends := at.ZoneBounds()
		shown := midnight - int64(offset)
		if !begins.IsZero() {
			shown = max(shown, begins.Unix())
		}
		if ends.IsZero() || shown < ends.Unix() {
			return clampNanoseconds(shown)
		}
		at = ends
	}
}

// dayAt returns the last day that starts at or before t.
func dayAt(zone *time.Location, t int64) int64 {
	at := time.Unix(0, t).In(zone)
	_, offset := at.Zone()
	shown := at.Unix() + int64(offset)
	number := (shown - floorMod(shown, secondsADay)) / secondsADay
	// What the calendar shows may be a day behind, where clocks were set back over midnight.
	for dayStart(zone, number+1) <= t {
		number++
	}
	return number
}

// clampNanoseconds turns seconds into nanoseconds, held inside of int64.
func clampNanoseconds(seconds int64) int64 {
	const most = math.MaxInt64 / int64(time.Second)
	switch {
	case seconds > most:
		return math.MaxInt64
	case seconds < -most:
		return math.MinInt64
	}
	return seconds * int64(time.Second)
}
