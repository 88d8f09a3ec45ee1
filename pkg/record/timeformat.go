package record

import (
	"fmt"
	"strings"
	"time"
)

// timeFormat is how an event time is spelled.
type timeFormat uint8

const (
	unixSeconds timeFormat = iota
	unixMillis
	unixMicros
	unixNanos
	rfc3339
	autoTime
)

func timeFormats() []timeFormat {
	return []timeFormat{unixSeconds, unixMillis, unixMicros, unixNanos, rfc3339, autoTime}
}

// String is the format as the setting names it.
func (f timeFormat) String() string {
	return [...]string{"unix", "unix_ms", "unix_us", "unix_ns", "rfc3339", "auto"}[f]
}

func parseTimeFormat(s string) (timeFormat, error) {
	var names []string
	for _, f := range timeFormats() {
		if f.String() == s {
			return f, nil
		}
		names = append(names, f.String())
	}
	last := len(names) - 1
	return 0, fmt.Errorf("is not known: write %s or %s", strings.Join(names[:last], ", "), names[last])
}

// numeric says whether a number spells a time in this format, textual whether text other than a number does.
func (f timeFormat) numeric() bool { return f != rfc3339 }
func (f timeFormat) textual() bool { return f == rfc3339 || f == autoTime }

// nanos is the event time of a number; ok is false outside the years 1678 to 2261.
func (f timeFormat) nanos(x numeral) (t int64, ok bool) {
	if f == autoTime {
		f = unitOf(x.magnitude())
	}
	return x.nanos(3 * int(f)) // each of the four units is a thousandth of the one before
}

// unitOf is the unit of a number x for auto, from the magnitude such that 10^(magnitude-1) <= |x| < 10^magnitude.
// Seconds below 10^10 reach beyond the year 2261; the same bound in each finer unit is 26 April 1970, before which a time
// is taken for the next coarser unit.
func unitOf(magnitude int64) timeFormat {
	switch {
	case magnitude <= 10:
		return unixSeconds
	case magnitude <= 13:
		return unixMillis
	case magnitude <= 16:
		return unixMicros
	default:
		return unixNanos
	}
}

// judgeText reads an event time from text.
func (f timeFormat) judgeText(text []byte) (int64, Reason) {
	if x, ok := readNumeral(text); ok && f.numeric() {
		if t, ok := f.nanos(x); ok {
			return t, None
		}
		return 0, TimestampRange
	}
	if !f.textual() {
		return 0, TimestampType
	}
	var t time.Time
	if err := t.UnmarshalText(text); err != nil {
		return 0, TimestampFormat
	}
	return instantOf(t.Unix(), int64(t.Nanosecond()))
}

// instantOf is seconds and nanoseconds, 0 to 999,999,999 of these, since the Unix epoch.
func instantOf(s, ns int64) (int64, Reason) {
	if s < minSecond || s >= endSecond {
		return 0, TimestampRange
	}
	return s*1e9 + ns, None
}

// judgeStamp makes an event time of Kafka's own, in milliseconds.
func judgeStamp(ms int64) (int64, Reason) {
	if ms < 0 {
		return 0, MissingTimestamp
	}
	return instantOf(ms/1e3, ms%1e3*1e6)
}

// seconds is an event time as expressions see it.
func seconds(t int64) float64 {
	return float64(t/1e9) + float64(t%1e9)/1e9 // the first is exact, so a time of few decimals is too
}
