package watermark

import (
	"fmt"
	"math"

	"github.com/meanstream/meanstream/pkg/window"
)

// Hold names a source that the watermark waits for.
type Hold struct {
	Source
	Topic string // its name; empty where it is not known
	Why   string // in words, for a log line or a page
}

// Nobody is the source of a Hold of no source in particular.
const Nobody int32 = -1

// Watermark returns how far event time has come at the time now: the least watermark of all sources that are neither
// left out nor ended. It never falls. A source is left out when it is quiet and a valid look-up shows that its span end has
// reached its log's end. While no source is active it rises to the least of those that are not left out, and stands still
// where all are. (Who waits for it to rise before he reads on, as a processor that is too far ahead does, is quiet
// meanwhile: when the last active source ends, it would otherwise wait for ever.)
//
// The holders are what it waits for, in rising order: the quiet sources that keep it from what the active ones would
// allow, or, without such, the slowest of the active ones.
func (s *Sources) Watermark(now int64) (w int64, holders []Hold) {
	if !s.counted() {
		return s.emitted, []Hold{{Source: Source{Partition: Nobody}, Why: "the number of source partitions is not known yet"}}
	}
	candidate := s.Candidate(now)
	least, active := int64(math.MaxInt64), int64(math.MaxInt64)
	anyActive := false
	for _, src := range s.all() {
		switch quiet := src.quiet(s.idleAfter, now); {
		case src.ended || quiet && s.caughtUp(src):
		case quiet:
			least = min(least, src.watermark)
		default:
			anyActive = true
			active = min(active, src.watermark)
		}
	}
	if anyActive {
		s.emitted = max(s.emitted, min(least, active))
	} else {
		s.emitted = candidate
	}
	for at, src := range s.all() {
		quiet := src.quiet(s.idleAfter, now)
		if !src.ended && quiet && !s.caughtUp(src) && (!anyActive || src.watermark < candidate) {
			holders = append(holders, Hold{at, s.Name(at), s.whyQuietHolds(src)})
		}
	}
	if holders == nil && anyActive {
		holders = s.slowest(active, now)
	}
	return s.emitted, holders
}

// leastWaiting is the least watermark of the sources that have not ended and are not known to be caught up; without such,
// no watermark.
func (s *Sources) leastWaiting() int64 {
	least, any := int64(math.MaxInt64), false
	for _, src := range s.all() {
		if !src.ended && !s.caughtUp(src) {
			least, any = min(least, src.watermark), true
		}
	}
	if !any {
		return window.NoWatermark
	}
	return least
}

// Emitted raises the floor under the watermark to w, where windows were closed for another reason than the watermark.
func (s *Sources) Emitted(w int64) { s.emitted = max(s.emitted, w) }

// whyQuietHolds says what is missing before the quiet source can be left out.
func (s *Sources) whyQuietHolds(src *source) string {
	switch lookedUp := src.asOf == s.reads; {
	case !src.known && lookedUp:
		return fmt.Sprintf("never reported, but its log holds records: offsets %d to %d", src.start, src.end)
	case !src.known:
		return "never reported, and its log is not looked up"
	case lookedUp:
		return fmt.Sprintf("behind: span end %d of %d", src.to, src.end)
	default:
		return "quiet, but its log is not looked up"
	}
}

// slowest names the active sources whose watermark is w.
func (s *Sources) slowest(w, now int64) (holders []Hold) {
	for at, src := range s.all() {
		if src.ended || src.quiet(s.idleAfter, now) || src.watermark != w {
			continue
		}
		why := "slowest active source"
		switch {
		case !src.known:
			// Only without an idle time: otherwise a source that never reported is quiet.
			why = "never reported"
		case w == window.NoWatermark:
			why = "no valid record yet"
		}
		holders = append(holders, Hold{at, s.Name(at), why})
	}
	return holders
}
