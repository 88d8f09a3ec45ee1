package merger

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/window"
)

// testSources is how many source partitions there are; source i is reported by writer i.
const testSources = 2

// message is one message of the partials' log, from which it can be decoded again and again.
type message struct {
	writer, chunk, chunks int32
	source                *partial.Source // with the last chunk
	entries               []drawn
}

type drawn struct {
	window.Bounds
	Category string
	Value    float64
}

func (m message) build() *partial.Partial {
	p := &partial.Partial{
		Group: "processor", Writer: fmt.Sprint("w", m.writer), Chunk: m.chunk, Chunks: m.chunks,
		SourcePartitions: testSources, Placement: 3, Rule: 1, Lateness: 2,
	}
	if m.source != nil {
		p.Sources = []partial.Source{*m.source}
	}
	for _, e := range m.entries {
		p.Entries = append(p.Entries, entry(e.Bounds, e.Category, e.Value))
	}
	return p
}

func entry(b window.Bounds, category string, value float64) partial.Entry {
	a := &window.Aggregate{}
	a.Keep(value)
	return partial.Entry{Bounds: b, Category: category, Aggregate: a}
}

// reader is one sink worker without its surroundings.
type reader struct {
	state     *State
	dropped   []string // not committed yet
	committed checkpoint.Merge
	position  int64
	results   []byte   // committed
	reports   []string // of what was dropped, committed
}

func newReader() *reader {
	r := &reader{committed: checkpoint.Merge{Emitted: window.NoWatermark}}
	r.restart(nil)
	return r
}

// restart begins anew with what the last commit remembers, and reads the log again.
func (r *reader) restart(log []message) error {
	body, err := r.committed.Append(nil)
	if err != nil {
		return err
	}
	m, err := checkpoint.ParseMerge(body)
	if err != nil {
		return err
	}
	r.state, r.dropped = NewState(1, m, r.position, 0, 0, 0), nil
	count(r.state.Sources, testSources)
	for at := r.state.Position(); at < int64(len(log)); at++ {
		if err := r.read(at, log[at]); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) read(at int64, m message) error {
	c, err := r.state.Partial(at, m.build(), 0)
	if err != nil {
		return err
	}
	r.state.Passed(at + 1)
	if c.Dropped != nil {
		kept, _ := c.Dropped.Records()
		r.dropped = append(r.dropped, fmt.Sprintf("%d at %d: %d kept", len(c.Dropped.Entries), c.Dropped.Offset, kept))
	}
	return nil
}

// commit hands over as a worker does: at most maxBytes of results, and a memory that goes with them.
func (r *reader) commit(maxBytes int) {
	if r.state.Open.Closing() {
		for _, res := range r.state.Open.Take(maxBytes) {
			r.results = append(res.AppendJSON(r.results), '\n')
		}
	}
	r.committed, r.position = r.state.Remember(), r.state.Position()
	r.reports = append(r.reports, r.dropped...)
	r.dropped = nil
}

func (r *reader) close(maxBytes func() int, between func()) {
	r.state.Close(0)
	for {
		between()
		if !r.state.Open.Closing() {
			return
		}
		r.commit(maxBytes())
	}
}

// history is what happens to the log and its readers.
type history struct {
	log    []message
	unsent [testSources][]message
	to     [testSources]int64
	mark   [testSources]int64
}

// next draws what a writer sends next: a partial may take several messages, and those of two writers interleave.
func (h *history) next(t *rapid.T) message {
	w := rapid.Int32Range(0, testSources-1).Draw(t, "writer")
	if len(h.unsent[w]) == 0 {
		first := h.to[w] == 0
		from := h.to[w]
		h.to[w] += rapid.Int64Range(1, 5).Draw(t, "span")
		h.mark[w] += rapid.Int64Range(0, 15).Draw(t, "advance")
		chunks := rapid.Int32Range(1, 3).Draw(t, "chunks")
		for i := range chunks {
			m := message{writer: w, chunk: i, chunks: chunks, entries: drawEntries(t)}
			if i == chunks-1 {
				m.source = &partial.Source{Partition: w, First: first, From: from, To: h.to[w], Watermark: h.mark[w], Kept: 1}
			}
			h.unsent[w] = append(h.unsent[w], m)
		}
	}
	m := h.unsent[w][0]
	h.unsent[w] = h.unsent[w][1:]
	h.log = append(h.log, m)
	return m
}

func drawEntries(t *rapid.T) []drawn {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) drawn {
		end := rapid.Int64Range(1, 9).Draw(t, "end") * 10
		return drawn{
			Bounds:   window.Bounds{Start: end - 10, End: end},
			Category: rapid.SampledFrom([]string{"A", "B", "é"}).Draw(t, "category"),
			Value:    rapid.Float64Range(-1e9, 1e9).Draw(t, "value"),
		}
	}), 0, 5, func(d drawn) string { return fmt.Sprint(d.End, d.Category) }).Draw(t, "entries")
}

// TestRestartsChangeNoByte runs random histories twice: straight through, and with restarts at random points from what
// the last commit remembers. Results, what was dropped, and what is remembered in the end must be the same.
func TestRestartsChangeNoByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h history
		straight, crashing := newReader(), newReader()
		crash := func() {
			if rapid.IntRange(0, 2).Draw(t, "crash") != 0 {
				return
			}
			if err := crashing.restart(h.log); err != nil {
				t.Fatalf("restart: %v", err)
			}
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			m := h.next(t)
			for _, r := range []*reader{straight, crashing} {
				if err := r.read(int64(len(h.log)-1), m); err != nil {
					t.Fatalf("read %+v: %v", m, err)
				}
			}
			if rapid.Bool().Draw(t, "commit") {
				crashing.commit(1 << 20)
			}
			crash()
			if rapid.Bool().Draw(t, "no closing") {
				continue
			}
			straight.close(func() int { return 1 << 20 }, func() {})
			crashing.close(func() int { return rapid.SampledFrom([]int{1, 300, 1 << 20}).Draw(t, "bytes") }, func() {
				if crash(); !crashing.state.Open.Closing() {
					crashing.state.Close(0) // what was begun before the crash is begun again
				}
			})
			// A closing that is not committed is done again with what was read since: then nothing is dropped that
			// would have been, so both commit here.
			straight.commit(1 << 20)
			crashing.commit(1 << 20)
		}
		straight.commit(1 << 20)
		crashing.commit(1 << 20)
		if diff := cmp.Diff(string(straight.results), string(crashing.results)); diff != "" {
			t.Fatalf("results (-straight +restarted):\n%s", diff)
		}
		if !slices.Equal(straight.reports, crashing.reports) {
			t.Fatalf("dropped: straight %q, restarted %q", straight.reports, crashing.reports)
		}
		if diff := cmp.Diff(straight.committed, crashing.committed); diff != "" {
			t.Fatalf("remembered (-straight +restarted):\n%s", diff)
		}
	})
}
