package result

import (
	"cmp"
	"math"
	"slices"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/window"
)

// Open is the windows of one partials partition that are not closed yet. It is not safe for concurrent use.
type Open struct {
	ends    []*ending // in rising order of end
	pending map[string]incomplete

	emitted int64   // every window that ends at or before it is closed
	target  int64   // a closing is going on up to here when it is above emitted
	cursor  *Cursor // last (end, category) of that closing which was handed out

	aggregates int
	size       int
}

// ending is all windows with one end: more than one when they hop, or when the window size was changed.
type ending struct {
	end   int64
	first int64 // offset of the first chunk that contributed
	shelf shelf
	order []uint32 // the numbers of what is to be handed out, sorted; nil after something was added
}

// New returns the state before anything was read.
func New() *Open {
	return &Open{pending: map[string]incomplete{}, emitted: window.NoWatermark, target: window.NoWatermark}
}

// Merge adds the entries of one chunk read at offset. With the last chunk of a partial it returns the sources, which
// take effect then. Entries of windows that are closed already are not merged but returned as dropped, as they stand in p.
//
// What was merged is copied: o has nothing of p but strings. An error is of the kind ErrChunks; nothing is changed then.
func (o *Open) Merge(offset int64, p *partial.Partial) (sources []partial.Source, dropped []partial.Entry, err error) {
	if err := o.follow(offset, p, false); err != nil {
		return nil, nil, err
	}
	dropped = o.add(offset, p.Entries)
	if p.Chunk == p.Chunks-1 {
		sources = p.Sources
	}
	return sources, dropped, nil
}

// Replay adds the entries of one chunk that was merged before the last commit, read again at offset. Its sources are
// in effect by that commit, and what is closed was emitted or reported as dropped then, so both are passed over.
//
// What was merged is copied: o has nothing of p but strings. An error is of the kind ErrChunks; nothing is changed then.
func (o *Open) Replay(offset int64, p *partial.Partial) error {
	if err := o.follow(offset, p, true); err != nil {
		return err
	}
	o.add(offset, p.Entries)
	return nil
}

// add merges entries, but for those of closed windows, which it returns.
func (o *Open) add(offset int64, entries []partial.Entry) (dropped []partial.Entry) {
	var w *ending // of the entry before
	for i := range entries {
		e := &entries[i]
		if o.closed(e.End, e.Category) {
			dropped = append(dropped, *e)
			continue
		}
		if w == nil || w.end != e.End {
			w = o.ending(e.End, offset)
		}
		o.merge(w, e)
	}
	return dropped
}

func (o *Open) merge(w *ending, e *partial.Entry) {
	h, opened := w.shelf.at(e.Category, e.Start)
	if opened {
		h.Aggregate = e.Aggregate.Clone()
		w.order = nil
		o.aggregates++
		o.size += cost(h)
		return
	}
	o.size -= h.Size()
	h.Merge(e.Aggregate)
	o.size += h.Size()
}

// cost is about how many bytes an aggregate takes up here.
func cost(h *held) int { return h.Size() + len(h.category) + besideBytes }

// closed tells whether results of this window and category were handed out already, or would have been.
func (o *Open) closed(end int64, category string) bool {
	if end <= o.emitted {
		return true
	}
	return o.cursor != nil && cmp.Or(cmp.Compare(end, o.cursor.End), cmp.Compare(category, o.cursor.Category)) <= 0
}

// ending returns the windows with this end, which are open from now on if they were not.
func (o *Open) ending(end, offset int64) *ending {
	i, found := slices.BinarySearchFunc(o.ends, end, func(w *ending, end int64) int { return cmp.Compare(w.end, end) })
	if !found {
		o.ends = slices.Insert(o.ends, i, &ending{end: end, first: offset})
	}
	return o.ends[i]
}

// ReplayFrom returns the offset from which on everything must be read again to restore o: that of the oldest chunk
// which an open window or an incomplete partial still needs, or else position, the next offset to read.
func (o *Open) ReplayFrom(position int64) int64 {
	for _, w := range o.ends {
		position = min(position, w.first)
	}
	for _, inc := range o.pending {
		position = min(position, inc.first)
	}
	return position
}

// FirstEnd returns the earliest end of an open window, math.MaxInt64 if none is open.
func (o *Open) FirstEnd() int64 {
	if len(o.ends) == 0 {
		return math.MaxInt64
	}
	return o.ends[0].end
}

// Windows returns how many different ends the open windows have.
func (o *Open) Windows() int { return len(o.ends) }

// Aggregates returns how many (window, category) are open.
func (o *Open) Aggregates() int { return o.aggregates }

// Size returns about how many bytes of memory the open windows take up.
func (o *Open) Size() int { return o.size }
