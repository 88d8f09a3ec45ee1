package result_test

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/window"
	"pgregory.net/rapid"
)

// cell is one entry of a partial, from which it can be built again and again: Merge keeps what it is given.
type cell struct {
	bounds   window.Bounds
	category string
	value    float64
	filter   bool
}

type chunk struct {
	writer    string
	at, count int32
	cells     []cell
}

func (c chunk) build() *partial.Partial {
	// Sources in every chunk, which no processor writes: they must not take effect before the last.
	p := &partial.Partial{Writer: c.writer, Chunk: c.at, Chunks: c.count, Sources: []partial.Source{{First: true}}}
	for _, cell := range c.cells {
		a := &window.Aggregate{}
		if cell.filter {
			a.Filter()
		} else {
			a.Keep(cell.value)
		}
		p.Entries = append(p.Entries, partial.Entry{Bounds: cell.bounds, Category: cell.category, Aggregate: a})
	}
	return p
}

func drawCells(t *rapid.T) []cell {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) cell {
		end := rapid.Int64Range(1, 6).Draw(t, "end") * 10
		return cell{
			bounds:   window.Bounds{Start: end - rapid.SampledFrom([]int64{10, 20}).Draw(t, "size"), End: end},
			category: rapid.SampledFrom([]string{"A", "B", "C", "é"}).Draw(t, "category"),
			value:    rapid.Float64Range(-1e9, 1e9).Draw(t, "value"),
			filter:   rapid.IntRange(0, 3).Draw(t, "filter") == 0,
		}
	}), 0, 6, func(c cell) string { return fmt.Sprint(c.bounds, c.category) }).Draw(t, "cells")
}

// slow is Open by its definition: everything in one list that is sorted for every result.
type slow struct {
	cells  []cell
	target int64
	done   int64  // end up to which a whole closing was handed out
	end    int64  // last handed out
	of     string // its category
}

func (s *slow) closed(c cell) bool {
	return c.bounds.End <= s.done || c.bounds.End < s.end || c.bounds.End == s.end && c.category <= s.of
}

func (s *slow) take(maxBytes int) (out []byte) {
	slices.SortStableFunc(s.cells, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.bounds.End, b.bounds.End), cmp.Compare(a.category, b.category), cmp.Compare(a.bounds.Start, b.bounds.Start))
	})
	for len(s.cells) > 0 && s.cells[0].bounds.End <= s.target {
		first := s.cells[0]
		if (first.bounds.End != s.end || first.category != s.of) && maxBytes <= 0 {
			return out
		}
		s.end, s.of = first.bounds.End, first.category
		var a window.Aggregate
		for len(s.cells) > 0 && s.cells[0].bounds == first.bounds && s.cells[0].category == first.category {
			if s.cells[0].filter {
				a.Filter()
			} else {
				a.Keep(s.cells[0].value)
			}
			s.cells = s.cells[1:]
		}
		r := result.Of(first.category, first.bounds, &a)
		out = r.AppendJSON(out)
		maxBytes -= 250 + 2*len(first.category)
	}
	s.done = max(s.done, s.target)
	return out
}

// TestRestartsChangeNothing runs random histories of interleaved chunks and closings three times: as they are, by the
// slow definition, and with restarts at random commits, from what the commit remembers and a replay.
func TestRestartsChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{
			straight: result.New(), restarted: result.New(), unsent: map[string][]chunk{},
			slow: slow{target: window.NoWatermark, done: window.NoWatermark, end: window.NoWatermark},
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			h.step(t)
			if rapid.IntRange(0, 2).Draw(t, "restart") == 0 {
				h.restart(t)
			}
			h.compare(t)
		}
	})
}

type history struct {
	log                 []chunk
	unsent              map[string][]chunk
	straight, restarted *result.Open
	slow                slow
}

func (h *history) step(t *rapid.T) {
	switch kind := rapid.SampledFrom([]string{"chunk", "chunk", "chunk", "close", "close idle", "take"}).Draw(t, "step"); kind {
	case "chunk":
		h.chunk(t)
	default:
		to := rapid.Int64Range(0, 70).Draw(t, "to")
		maxBytes := rapid.SampledFrom([]int{1, 300, 1000, 1 << 20}).Draw(t, "bytes")
		h.close(t, kind, to, maxBytes)
	}
}

func (h *history) chunk(t *rapid.T) {
	writer := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "writer")
	if len(h.unsent[writer]) == 0 {
		count := rapid.Int32Range(1, 3).Draw(t, "chunks")
		for at := range count {
			h.unsent[writer] = append(h.unsent[writer], chunk{writer, at, count, drawCells(t)})
		}
	}
	c := h.unsent[writer][0]
	h.unsent[writer] = h.unsent[writer][1:]
	var want []cell
	for _, cell := range c.cells {
		if h.slow.closed(cell) {
			want = append(want, cell)
		} else {
			h.slow.cells = append(h.slow.cells, cell)
		}
	}
	for name, o := range map[string]*result.Open{"straight": h.straight, "restarted": h.restarted} {
		sources, dropped, err := o.Merge(int64(len(h.log)), c.build())
		if err != nil {
			t.Fatal(err)
		}
		if (len(sources) > 0) != (c.at == c.count-1) {
			t.Fatalf("%s: chunk %d of %d brings %d sources into effect", name, c.at, c.count, len(sources))
		}
		if !slices.EqualFunc(dropped, want, func(e partial.Entry, c cell) bool { return e.Bounds == c.bounds && e.Category == c.category }) {
			t.Fatalf("%s: dropped %v, want %v", name, dropped, want)
		}
	}
	h.log = append(h.log, c)
}

func (h *history) close(t *rapid.T, kind string, to int64, maxBytes int) {
	for _, o := range []*result.Open{h.straight, h.restarted} {
		switch kind {
		case "close":
			o.Close(to)
		case "close idle":
			o.CloseIdle(to)
		}
	}
	switch kind {
	case "close":
		h.slow.target = max(h.slow.target, to)
	case "close idle":
		for _, c := range h.slow.cells {
			if c.bounds.End <= to {
				h.slow.target = max(h.slow.target, c.bounds.End)
			}
		}
	}
	want := h.slow.take(maxBytes)
	for name, o := range map[string]*result.Open{"straight": h.straight, "restarted": h.restarted} {
		var got []byte
		for _, r := range o.Take(maxBytes) {
			got = r.AppendJSON(got)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%s: took\n%s\nwant\n%s", name, got, want)
		}
	}
}

// restart forgets everything but the last commit, which each step ends with.
func (h *history) restart(t *rapid.T) {
	position := int64(len(h.log))
	next := result.New()
	next.Import(h.restarted.Emitted(), h.restarted.Cursor())
	for offset := h.restarted.ReplayFrom(position); offset < position; offset++ {
		if err := next.Replay(offset, h.log[offset].build()); err != nil {
			t.Fatal(err)
		}
	}
	h.restarted = next
}

func (h *history) compare(t *rapid.T) {
	a, b := h.straight, h.restarted
	if a.Emitted() != b.Emitted() || a.Closing() != b.Closing() || a.Aggregates() != b.Aggregates() ||
		a.Windows() != b.Windows() || a.FirstEnd() != b.FirstEnd() || a.Size() != b.Size() {
		t.Fatalf("straight: emitted %d, closing %v, %d aggregates in %d windows, %d bytes; restarted: %d, %v, %d in %d, %d bytes",
			a.Emitted(), a.Closing(), a.Aggregates(), a.Windows(), a.Size(), b.Emitted(), b.Closing(), b.Aggregates(), b.Windows(), b.Size())
	}
	if ca, cb := a.Cursor(), b.Cursor(); (ca == nil) != (cb == nil) || ca != nil && *ca != *cb {
		t.Fatalf("straight: cursor %v, restarted: %v", ca, cb)
	}
}
