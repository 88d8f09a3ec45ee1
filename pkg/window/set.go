package window

import (
	"cmp"
	"maps"
	"slices"
)

// What Go spends around an aggregate, near enough to bound a flood: measured in TestSizeIsNearTheHeap.
const (
	windowBytes = 520 // a window, its map with room for the first categories, its place in the set
	heldBytes   = 64  // a category's header, its place in the window's map, allocator rounding
)

// Set holds the aggregates of one source partition since its last commit, per window and category. It is not safe for
// concurrent use: every worker fills its own and hands it over whole.
//
// A record whose aggregate exists costs no allocation, and while time moves slowly it costs no look-up of its window;
// while there are few categories, none of the category either. Where windows hop, that is so as well: a record is counted once,
// in its pane, and All puts the windows together of the panes that they hold.
type Set struct {
	conf  Setting
	plain bool // windows tumble and the default aggregates are carried: the path that is kept short
	needs needs

	panes map[paneKey]*pane
	last  *pane // of the last record
	held  int
	bytes int
}

// Setting is what a set is made for.
type Setting struct {
	Windows
	Carry     Aggregates
	Topic     string // of the records that come in
	Partition int32  // of it
}

// paneKey tells panes apart. Records of one stretch of time can belong to different windows: to those that had not ended
// by the watermark as each was read.
type paneKey struct {
	Bounds
	first int64 // tick of the first window that counts them; 0 where windows tumble
}

// pane is the records of one stretch of time that belong to the same windows.
type pane struct {
	paneKey
	open       Bounds // watermarks at which a record of this time belongs here, where windows hop
	windows    int    // that it belongs to
	categories map[string]*held
	recent     [recents]*held // one that a category was found in, by its slot

	before, after paneKey // its neighbours, where windows hop
}

// held is an aggregate with its key, so that the last one can be recognised without a look-up.
type held struct {
	category string
	weight   int32 // how often it counts in Size
	Aggregate
}

// Place is where a record stands.
type Place struct {
	Time      int64 // of the event, nanoseconds since the Unix epoch
	Watermark int64 // of its partition as it was read: only windows that end after it count the record
	Offset    int64
}

// NewSet returns an empty set.
func NewSet(conf Setting) *Set {
	s := &Set{conf: conf, plain: conf.Tumbles() && conf.Carry == Default, needs: conf.Carry.needs()}
	s.Reset()
	return s
}

// Keep counts a kept value. The category's bytes are copied where they are needed for longer. The record must not be
// late, and watermarks must not fall from one record to the next.
func (s *Set) Keep(at Place, category []byte, v float64) {
	h := s.at(at, category)
	// Exact sums grow with the spread of the values, so that a hostile mixture of magnitudes must show in Size.
	before := h.sums()
	if s.plain {
		h.Keep(v)
		s.bytes += h.sums() - before
		return
	}
	h.keep(s.needs, Point{Time: at.Time, Topic: s.conf.Topic, Partition: s.conf.Partition, Offset: at.Offset, Value: v})
	s.bytes += (h.sums() - before) * int(h.weight)
}

// Filter counts a record that the rule left out, so that its category gets a result all the same. The same holds as for
// Keep.
func (s *Set) Filter(at Place, category []byte) { s.at(at, category).Filter() }

// at finds or makes the aggregate of a record.
func (s *Set) at(at Place, category []byte) *held {
	w := s.last
	if w == nil || at.Time < w.Start || at.Time >= w.End || !s.plain && !w.takes(at.Watermark) {
		w = s.pane(at)
		s.last = w
	}
	slot := &w.recent[slotOf(category)]
	if *slot != nil && (*slot).category == string(category) {
		return *slot
	}
	h := w.categories[string(category)]
	if h == nil {
		h = &held{category: string(category), Aggregate: NewAggregate(s.conf.Carry)}
		s.add(w, h)
	}
	*slot = h
	return h
}

// recents is how many categories of a pane may be found without a look-up in its map, a power of two.
const recents = 16

// slotOf spreads categories by what tells most of them apart: their ends. Two that share a slot are looked up in turn.
func slotOf(category []byte) uint {
	n := len(category)
	if n == 0 {
		return 0
	}
	return (uint(category[n-1]) + 2*uint(category[0]) + uint(n)) % recents
}

func (p *pane) takes(watermark int64) bool {
	return p.windows == 1 || watermark >= p.open.Start && watermark < p.open.End
}

// Len returns the number of aggregates held; where windows hop, each may be part of several that All yields.
func (s *Set) Len() int { return s.held }

// Size returns the bytes of memory that All brings to be, roughly: enough to say when a flood of categories must be
// flushed. Where windows tumble that is what is held; where they hop it may be less, by about the number of windows that
// a record is in.
func (s *Set) Size() int { return s.bytes }

// All yields every aggregate in rising order of (window end, window start, category bytes) until yield returns false.
// The set must not change meanwhile, nor may the aggregates ever: several windows may share one.
func (s *Set) All(yield func(Bounds, string, *Aggregate) bool) {
	if !s.conf.Tumbles() {
		s.hop(yield)
		return
	}
	panes := slices.SortedFunc(maps.Values(s.panes), func(a, b *pane) int { return a.Bounds.Compare(b.Bounds) })
	for _, w := range panes {
		for _, h := range byCategory(w.categories) {
			if !yield(w.Bounds, h.category, &h.Aggregate) {
				return
			}
		}
	}
}

func byCategory(all map[string]*held) []*held {
	return slices.SortedFunc(maps.Values(all), func(a, b *held) int { return cmp.Compare(a.category, b.category) })
}

// Merge moves everything that o, another set of the same setting but for topic and partition, holds into s and leaves o empty.
func (s *Set) Merge(o *Set) {
	if s.conf.Windows != o.conf.Windows || s.conf.Carry != o.conf.Carry {
		panic("unreachable: sets of one process go by one rule")
	}
	for key, from := range o.panes {
		w := s.panes[key]
		if w == nil {
			w = s.open(key, from.open)
		}
		for category, h := range from.categories {
			mine := w.categories[category]
			if mine == nil {
				s.add(w, h)
				continue
			}
			before := mine.Size()
			mine.Merge(&h.Aggregate)
			s.bytes += (mine.Size() - before) * int(mine.weight)
		}
	}
	o.Reset()
}

// Reset empties the set. Aggregates that All or Merge passed on stay valid: none is used again.
func (s *Set) Reset() {
	*s = Set{conf: s.conf, plain: s.plain, needs: s.needs, panes: make(map[paneKey]*pane)}
}
