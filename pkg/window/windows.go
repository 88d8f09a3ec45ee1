package window

import (
	"iter"
	"math"
	"time"
)

// Windows says where in time windows lie: one begins every Hop, and each is Size long. Where both are equal they tumble,
// and every time is in exactly one; else they hop, and a time is in up to Size/Hop of them, rounded up.
//
// Without a zone they are aligned to the Unix epoch. With one, Size and Hop are whole days, which begin at that zone's
// midnights and last 23 or 25 hours where its clocks are changed; days are counted from 1970-01-01.
type Windows struct {
	Size int64          // nanoseconds, positive, at most 90 days
	Hop  int64          // nanoseconds, at most Size; 0 is Size
	Zone *time.Location // nil: the epoch is what windows are aligned to
}

// day is what Size and Hop are multiples of where there is a zone.
const day = int64(24 * time.Hour)

// Tumbles tells whether windows follow each other without overlap or zone: then each is Tumbling(t, Size).
func (w Windows) Tumbles() bool { return w.Zone == nil && w.Step() == w.Size }

// Step is how far apart windows begin, in nanoseconds; where there is a zone, but for its changes of clocks.
func (w Windows) Step() int64 {
	if w.Hop == 0 {
		return w.Size
	}
	return w.Hop
}

// Everything below reckons in ticks: nanoseconds, or days where there is a zone. In ticks windows are regular.

func (w Windows) sizes() (size, hop int64) {
	if w.Zone != nil {
		return w.Size / day, w.Step() / day
	}
	return w.Size, w.Step()
}

// tick is the last one that begins at or before t.
func (w Windows) tick(t int64) int64 {
	if w.Zone != nil {
		return dayAt(w.Zone, t)
	}
	return t
}

// time is when a tick begins.
func (w Windows) time(tick int64) int64 {
	if w.Zone != nil {
		return dayStart(w.Zone, tick)
	}
	return tick
}

// nextEnd is the tick of the first window end beyond a tick.
func (w Windows) nextEnd(tick int64) int64 {
	size, hop := w.sizes()
	// Not the remainder of the difference, which might not fit int64.
	return add(tick, hop-floorMod(floorMod(tick, hop)-floorMod(size, hop), hop))
}

// NextEnd returns the first window end beyond t: math.MaxInt64 where that is beyond int64.
func (w Windows) NextEnd(t int64) int64 {
	if w.Tumbles() {
		return Tumbling(t, w.Size).End
	}
	return w.time(w.nextEnd(w.tick(t)))
}

// LastEnd returns the end of the last window that holds t.
func (w Windows) LastEnd(t int64) int64 {
	if w.Tumbles() {
		return Tumbling(t, w.Size).End
	}
	tick := w.tick(t)
	size, hop := w.sizes()
	return w.time(add(tick-floorMod(tick, hop), size))
}

// pane returns the longest stretch of time around t of which every moment is in the same windows. Where they tumble it
// is the window itself.
func (w Windows) pane(t int64) Bounds {
	if w.Tumbles() {
		return Tumbling(t, w.Size)
	}
	size, hop := w.sizes()
	tick := w.tick(t)
	into := floorMod(tick, hop)
	// Windows begin at every multiple of the hop, and end so much behind one.
	from, to := int64(0), hop
	if end := floorMod(size, hop); into < end {
		to = end
	} else {
		from = end
	}
	return Bounds{w.time(tick - into + from), w.time(add(tick-into, to))}
}

// firstAfter returns the tick at which the first window begins that holds t and ends after the watermark. There is one
// unless t is late.
func (w Windows) firstAfter(t, watermark int64) int64 {
	size, _ := w.sizes()
	return w.nextEnd(w.tick(max(t, watermark))) - size
}

// holding yields the windows that hold all of a pane, in their order, beginning with the one that starts at a tick.
func (w Windows) holding(first int64, pane Bounds) iter.Seq[Bounds] {
	return func(yield func(Bounds) bool) {
		if w.Tumbles() {
			yield(pane)
			return
		}
		size, hop := w.sizes()
		for start, last := first, w.tick(pane.Start); start <= last; start += hop {
			if !yield(Bounds{w.time(start), w.time(start + size)}) {
				return
			}
		}
	}
}

// floorMod is the remainder of the floored division, for a positive divisor: never negative.
func floorMod(a, b int64) int64 {
	m := a % b
	if m < 0 {
		m += b
	}
	return m
}

// add is the sum of a and what is not negative, stopping at the end of int64.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
