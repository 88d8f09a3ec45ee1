package result

import (
	"slices"

	"github.com/meanstream/meanstream/pkg/window"
)

// Cursor is how far a closing has come that takes several transactions: the last (window end, category) handed out.
type Cursor struct {
	End      int64 // nanoseconds since the Unix epoch
	Category string
}

// Import sets, before anything is merged, what a commit says was emitted: all windows that end at or before emitted
// (window.NoWatermark = none), or, with a cursor, those up to the cursor. The closing then goes on where it stands.
func (o *Open) Import(emitted int64, cursor *Cursor) {
	o.target, o.emitted, o.cursor = emitted, emitted, nil
	if cursor != nil {
		// How far the closing before this one had come is not remembered, and need not be: all of it is below the cursor.
		c := *cursor
		o.emitted, o.cursor = window.NoWatermark, &c
	}
}

// Emitted returns the watermark to commit together with Cursor: up to where windows are closed, but for those that a
// closing, of which the cursor speaks, has yet to hand out. It never falls.
func (o *Open) Emitted() int64 {
	if o.cursor != nil {
		return o.target
	}
	// A closing that has handed out nothing yet has no cursor to tell it from one that is done.
	return o.emitted
}

// Cursor returns how far the closing has come, nil when none is going on or it has not handed out anything.
func (o *Open) Cursor() *Cursor {
	if o.cursor == nil {
		return nil
	}
	c := *o.cursor
	return &c
}

// Close begins to close all windows that end at or before the watermark, on top of a closing that is still going on.
func (o *Open) Close(watermark int64) {
	o.target = max(o.target, watermark)
	o.settle()
}

// CloseIdle begins to close all windows that end at or before limit, but advances what is emitted only to the greatest
// end among them: a clock or an end mark, unlike a watermark, says nothing about windows that nobody has opened yet.
func (o *Open) CloseIdle(limit int64) {
	for i := len(o.ends) - 1; i >= 0; i-- {
		if end := o.ends[i].end; end <= limit {
			o.Close(end)
			return
		}
	}
}

// Closing tells whether Take has something to hand out.
func (o *Open) Closing() bool { return o.target > o.emitted }

// Target returns up to where windows are closed or being closed.
func (o *Open) Target() int64 { return o.target }

// Take hands out the next results of the closing in order, and forgets their windows. Keys and values take up about
// maxBytes bytes; results of one (end, category) are never parted, and at least those come.
//
// What is returned must be committed together with Emitted, Cursor and ReplayFrom, or o be given up.
func (o *Open) Take(maxBytes int) []Result {
	var results []Result
	// After a restart the cursor may have stood before windows that, for once, nothing was left of.
	o.settle()
	for o.Closing() && (maxBytes > 0 || results == nil) {
		w := o.ends[0]
		if w.order == nil {
			o.sort(w)
		}
		category := w.shelf.get(w.order[0]).category
		for len(w.order) > 0 && w.shelf.get(w.order[0]).category == category {
			r := o.take(w)
			maxBytes -= r.bytes()
			results = append(results, r)
		}
		o.cursor = &Cursor{w.end, category}
		if len(w.order) == 0 {
			o.ends = slices.Delete(o.ends, 0, 1)
		}
		o.settle()
	}
	return results
}

// sort puts in order what is left of w.
func (o *Open) sort(w *ending) {
	for number := range w.shelf.count {
		if !o.closed(w.end, w.shelf.get(number).category) {
			w.order = append(w.order, number)
		}
	}
	slices.SortFunc(w.order, func(a, b uint32) int { return w.shelf.get(a).compare(w.shelf.get(b)) })
}

// take hands out the first result of w. What it takes up is given up with all of w.
func (o *Open) take(w *ending) Result {
	h := w.shelf.get(w.order[0])
	w.order = w.order[1:]
	o.aggregates--
	o.size -= cost(h)
	return Of(h.category, window.Bounds{Start: h.start, End: w.end}, &h.Aggregate)
}

// settle ends the closing once no open window is left within it.
func (o *Open) settle() {
	if len(o.ends) == 0 || o.ends[0].end > o.target {
		o.emitted, o.cursor = o.target, nil
	}
}
