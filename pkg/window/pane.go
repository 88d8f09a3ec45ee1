package window

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// pane finds or opens the pane of a record.
func (s *Set) pane(at Place) *pane {
	key := paneKey{Bounds: s.conf.pane(at.Time)}
	open := Bounds{math.MinInt64, math.MaxInt64}
	if !s.conf.Tumbles() {
		key.first = s.conf.firstAfter(at.Time, at.Watermark)
		size, hop := s.conf.sizes()
		open.End = s.conf.time(key.first + size)
		// Below the end of the window before it that one would count too, if it holds the record.
		if before := key.first - hop; s.conf.time(before+size) > at.Time {
			open.Start = s.conf.time(before + size)
		}
	}
	if w := s.panes[key]; w != nil {
		return w
	}
	return s.open(key, open)
}

// open adds a pane that is not there yet.
func (s *Set) open(key paneKey, open Bounds) *pane {
	w := &pane{paneKey: key, open: open, windows: 1, categories: make(map[string]*held)}
	if !s.conf.Tumbles() {
		w.windows = 0
		for range s.conf.holding(key.first, key.Bounds) {
			w.windows++
		}
		w.before, w.after = s.whole(key.Start-1), s.whole(key.End)
	}
	s.panes[key] = w
	s.bytes += windowBytes * w.windows
	return w
}

// whole is the pane around t with all of its windows.
func (s *Set) whole(t int64) paneKey {
	return paneKey{s.conf.pane(t), s.conf.firstAfter(t, math.MinInt64)}
}

// add puts an aggregate into a pane that has none of its category.
func (s *Set) add(w *pane, h *held) {
	h.weight = s.weight(w, h.category)
	w.categories[h.category] = h
	s.held++
	s.bytes += (heldBytes + len(h.category) + h.Size()) * int(h.weight)
}

// weight is how many aggregates of windows a new one may add to: all windows of the pane, but for those in which a
// neighbour has the category already. Neighbours differ by one window.
func (s *Set) weight(w *pane, category string) int32 {
	if w.windows == 1 {
		return 1
	}
	for _, key := range [...]paneKey{w.before, w.after} {
		if near := s.panes[key]; near != nil && near.categories[category] != nil {
			return 2 // the one, and the pane's own
		}
	}
	return int32(w.windows)
}

// run is some panes that follow each other in their order.
type run struct{ from, to int }

// hop is All where windows hop: each window is put together of its panes. Most windows have the same ones while little
// time passes between two commits, so what was put together for one is shared by those that follow.
func (s *Set) hop(yield func(Bounds, string, *Aggregate) bool) {
	panes := slices.SortedFunc(maps.Values(s.panes), func(a, b *pane) int {
		return cmp.Or(a.Bounds.Compare(b.Bounds), cmp.Compare(a.first, b.first))
	})
	windows := map[Bounds][]run{}
	for i, w := range panes {
		for b := range s.conf.holding(w.first, w.Bounds) {
			runs := windows[b]
			if n := len(runs); n > 0 && runs[n-1].to == i {
				runs[n-1].to++
			} else {
				windows[b] = append(runs, run{i, i + 1})
			}
		}
	}
	var runs []run
	var all []*held
	for _, b := range slices.SortedFunc(maps.Keys(windows), Bounds.Compare) {
		if !slices.Equal(runs, windows[b]) {
			runs = windows[b]
			all = together(panes, runs)
		}
		for _, h := range all {
			if !yield(b, h.category, &h.Aggregate) {
				return
			}
		}
	}
}

// together merges panes by category. What comes of one pane alone is that pane's.
func together(panes []*pane, runs []run) []*held {
	merged := map[string]*held{}
	own := map[string]bool{} // made here, not a pane's
	for _, r := range runs {
		for _, w := range panes[r.from:r.to] {
			for category, h := range w.categories {
				have := merged[category]
				if have == nil {
					merged[category] = h
					continue
				}
				if !own[category] {
					have = &held{category: category, Aggregate: have.Clone()}
					merged[category], own[category] = have, true
				}
				have.Merge(&h.Aggregate)
			}
		}
	}
	return byCategory(merged)
}
