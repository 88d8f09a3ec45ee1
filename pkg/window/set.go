package window

import (
	"cmp"
	"maps"
	"slices"
)

// What Go spends around an aggregate, near enough to bound a flood: measured in TestSizeIsNearTheHeap.
const (
	windowBytes = 400 // a window, its map with room for the first categories, its place in the set
	heldBytes   = 64  // a category's header, its place in the window's map, allocator rounding
)

// Set holds the aggregates of one source partition since its last commit, per window and category. It is not safe for
// concurrent use: every worker fills its own and hands it over whole.
//
// A record whose aggregate exists costs no allocation, and while time moves slowly it costs no look-up of its window;
// while a category repeats, none of the category either.
type Set struct {
	size    int64
	windows map[Bounds]*open
	last    *open // the window of the last record; always one of this set's own size, see Merge
	held    int
	bytes   int
}

// open is one window that still gathers records.
type open struct {
	Bounds
	categories map[string]*held
	last       *held
}

// held is an aggregate with its key, so that the last one can be recognised without a look-up.
type held struct {
	category string
	Aggregate
}

// NewSet returns an empty set of tumbling windows of the given size in nanoseconds, which must be positive.
func NewSet(size int64) *Set {
	s := &Set{size: size}
	s.Reset()
	return s
}

// Keep counts a kept value at event time t. The category's bytes are copied where they are needed for longer.
func (s *Set) Keep(t int64, category []byte, v float64) {
	h := s.at(t, category)
	// Exact sums grow with the spread of the values, so that a hostile mixture of magnitudes must show in Size.
	before := h.Size()
	h.Keep(v)
	s.bytes += h.Size() - before
}

// Filter counts a record at event time t that the rule left out, so that its category gets a result all the same.
func (s *Set) Filter(t int64, category []byte) { s.at(t, category).Filter() }

// at finds or makes the aggregate of a record.
func (s *Set) at(t int64, category []byte) *held {
	w := s.last
	if w == nil || t < w.Start || t >= w.End {
		w = s.window(Tumbling(t, s.size))
		s.last = w
	}
	if w.last != nil && w.last.category == string(category) {
		return w.last
	}
	h := w.categories[string(category)]
	if h == nil {
		h = &held{category: string(category)}
		s.add(w, h)
	}
	w.last = h
	return h
}

// window finds or opens the window with these bounds.
func (s *Set) window(b Bounds) *open {
	w := s.windows[b]
	if w == nil {
		w = &open{Bounds: b, categories: make(map[string]*held)}
		s.windows[b] = w
		s.bytes += windowBytes
	}
	return w
}

// add puts an aggregate into a window that has none of its category.
func (s *Set) add(w *open, h *held) {
	w.categories[h.category] = h
	s.held++
	s.bytes += heldBytes + len(h.category) + h.Size()
}

// Len returns the number of aggregates held.
func (s *Set) Len() int { return s.held }

// Size returns the bytes of memory held, roughly: enough to say when a flood of categories must be flushed.
func (s *Set) Size() int { return s.bytes }

// All yields every aggregate in rising order of (window end, window start, category bytes) until yield returns false.
// The set must not change meanwhile.
func (s *Set) All(yield func(Bounds, string, *Aggregate) bool) {
	windows := slices.SortedFunc(maps.Values(s.windows), func(a, b *open) int { return a.Compare(b.Bounds) })
	for _, w := range windows {
		categories := slices.SortedFunc(maps.Values(w.categories), func(a, b *held) int {
			return cmp.Compare(a.category, b.category)
		})
		for _, h := range categories {
			if !yield(w.Bounds, h.category, &h.Aggregate) {
				return
			}
		}
	}
}

// Merge moves everything that o, another set, holds into s and leaves o empty. The windows of o keep their own bounds,
// which may be of another size than those of s.
func (s *Set) Merge(o *Set) {
	for b, from := range o.windows {
		// Not through s.last: a window of a foreign size must never be taken for the window of a record.
		w := s.window(b)
		for category, h := range from.categories {
			mine := w.categories[category]
			if mine == nil {
				s.add(w, h)
				continue
			}
			before := mine.Size()
			mine.Merge(&h.Aggregate)
			s.bytes += mine.Size() - before
		}
	}
	o.Reset()
}

// Reset empties the set. Aggregates that All or Merge passed on stay valid: none is used again.
func (s *Set) Reset() {
	*s = Set{size: s.size, windows: make(map[Bounds]*open)}
}
