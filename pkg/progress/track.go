// Package progress tells people how far a long piece of work has come: on a terminal in a line that is rewritten, elsewhere
// in a line of the log every ten seconds. It asks; the work does nothing for it.
package progress

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// State is how far the work has come.
type State struct {
	Done, Total int64 // in whatever unit the whole is known in; Total 0: not known yet
	Items       int64 // how many records that is so far
}

// span is the time over which a rate is measured.
const span = 10 * time.Second

// track turns states into rates. Its zero value is ready.
type track struct {
	points []point // of the last span, and the one before
}

type point struct {
	at time.Time
	State
}

// add takes a state in. One that lies before the last one begins anew: the work was given away, or started over.
func (k *track) add(now time.Time, s State) {
	if n := len(k.points); n > 0 && (s.Done < k.points[n-1].Done || s.Items < k.points[n-1].Items) {
		k.points = k.points[:0]
	}
	k.points = append(k.points, point{now, s})
	for len(k.points) > 2 && now.Sub(k.points[1].at) >= span {
		k.points = k.points[1:]
	}
}

// rates are how much was done a second lately, in both units.
func (k *track) rates() (done, items float64) {
	if len(k.points) < 2 {
		return 0, 0
	}
	first, last := k.points[0], k.points[len(k.points)-1]
	seconds := last.at.Sub(first.at).Seconds()
	if seconds <= 0 {
		return 0, 0
	}
	return float64(last.Done-first.Done) / seconds, float64(last.Items-first.Items) / seconds
}

// left is how long the rest takes at this rate; false if nobody can say.
func (k *track) left() (time.Duration, bool) {
	rate, _ := k.rates()
	if rate <= 0 {
		return 0, false
	}
	last := k.points[len(k.points)-1]
	seconds := float64(last.Total-last.Done) / rate
	if last.Total == 0 || seconds > (1000*time.Hour).Seconds() {
		return 0, false
	}
	return time.Duration(max(seconds, 0) * float64(time.Second)), true
}

// share is how much of the whole is done, from 0 to 1.
func (s State) share() float64 {
	if s.Total <= 0 {
		return 0
	}
	return min(1, max(0, float64(s.Done)/float64(s.Total)))
}

const width = 24

// line is what a terminal shows.
func (k *track) line(what string) string {
	s := k.points[len(k.points)-1].State
	filled := int(s.share() * width)
	_, rate := k.rates()
	text := fmt.Sprintf("%s [%s%s] %3.0f%%  %s records, %s/s", what, strings.Repeat("=", filled), strings.Repeat(" ", width-filled),
		math.Floor(100*s.share()), short(float64(s.Items)), short(rate))
	if left, ok := k.left(); ok {
		text += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return text
}

// short writes a number of things in three digits or so.
func short(n float64) string {
	switch {
	case n >= 999_500_000:
		return fmt.Sprintf("%.2f G", n/1e9)
	case n >= 999_500:
		return fmt.Sprintf("%.2f M", n/1e6)
	case n >= 10_000:
		return fmt.Sprintf("%.0f k", n/1e3)
	}
	return fmt.Sprintf("%.0f", n)
}
