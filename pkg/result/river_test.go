package result_test

import (
	"math"
	"slices"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/watermark"
	"github.com/meanstream/meanstream/pkg/window"
)

const (
	second     = int64(1e9)
	windowSize = 10 * second
)

// river is a source topic, the processors, one partials partition and its sink, without a broker or a clock: the pure
// parts composed as the services compose them.
type river struct {
	now     int64
	windows window.Windows
	carry   map[string]window.Aggregates // by writer; default where nothing is said
	sources []*reader
	waiting map[string][][]byte // chunks of a writer's transaction that are not in the log yet
	log     [][]byte            // the partials partition

	idle, closeIdle int64
	lateness        int64
	takeBytes       int
	lookUpsFail     bool

	sink      sink
	committed commit
	results   []result.Result
	dropped   int64 // records, kept and filtered
}

// reader is one source partition and its processor's worker.
type reader struct {
	opened bool
	to     int64
	logEnd int64
	judge  window.Judge
}

// sink is what a sink worker holds in memory.
type sink struct {
	position int64
	sources  *watermark.Sources
	open     *result.Open
}

// commit is what it remembers with each transaction.
type commit struct {
	position, replayFrom, emitted int64
	cursor                        *result.Cursor
	topics                        []watermark.Topic
	states                        []watermark.State
}

// item is what a worker meets in its source.
type item struct {
	time             int64
	category         string
	value            float64
	filter, rejected bool
	end              bool // no record: the target of a run is reached
}

func newRiver(partitions int, lateness, idle, closeIdle int64, takeBytes int) *river {
	r := &river{
		windows: window.Windows{Size: windowSize}, carry: map[string]window.Aggregates{}, waiting: map[string][][]byte{}, idle: idle, closeIdle: closeIdle, lateness: lateness, takeBytes: takeBytes,
		committed: commit{emitted: window.NoWatermark},
	}
	for range partitions {
		r.sources = append(r.sources, &reader{judge: window.Judge{Windows: window.Windows{Size: windowSize}, Lateness: lateness, Watermark: window.NoWatermark}})
	}
	r.restart()
	return r
}

// begin lets a writer read the items of each source and write them as a partial of chunks of at most limit bytes,
// which put brings into the log one by one.
func (r *river) begin(writer string, items map[int32][]item, limit int) error {
	set := window.NewSet(window.Setting{Windows: r.windows, Carry: r.carry[writer]})
	p := partial.Partial{Aggregates: r.carry[writer], Group: "processor", Writer: writer, SourcePartitions: int32(len(r.sources)), Placement: 1, Lateness: r.lateness}
	for i := range r.sources {
		if list, ok := items[int32(i)]; ok {
			own := window.NewSet(window.Setting{Windows: r.windows, Carry: r.carry[writer], Partition: int32(i)})
			p.Sources = append(p.Sources, r.sources[i].read(int32(i), list, own))
			set.Merge(own)
		}
	}
	set.All(func(bounds window.Bounds, category string, a *window.Aggregate) bool {
		p.Entries = append(p.Entries, partial.Entry{Bounds: bounds, Category: category, Aggregate: a})
		return true
	})
	chunks, err := p.Encode(limit)
	r.waiting[writer] = append(r.waiting[writer], chunks...)
	return err
}

// read judges the items and returns the report about them.
func (s *reader) read(partition int32, items []item, set *window.Set) partial.Source {
	src := partial.Source{Partition: partition, First: !s.opened, From: s.to}
	s.opened = true
	for _, it := range items {
		if it.end {
			src.Ended = true
			continue
		}
		at := window.Place{Time: it.time, Watermark: s.judge.Watermark, Offset: s.to}
		s.to++
		switch {
		case it.rejected:
			src.Rejected++
		case s.judge.Late(it.time):
			src.Late++
		case it.filter:
			src.Filtered++
			set.Filter(at, []byte(it.category))
		default:
			src.Kept++
			set.Keep(at, []byte(it.category), it.value)
		}
	}
	s.logEnd = max(s.logEnd, s.to)
	src.To, src.Watermark = s.to, s.judge.Watermark
	return src
}

// put appends the next n chunks of the writer to the log.
func (r *river) put(writer string, n int) {
	chunks := r.waiting[writer]
	n = min(n, len(chunks))
	r.log = append(r.log, chunks[:n]...)
	r.waiting[writer] = chunks[n:]
}

// readOne lets the sink read the next chunk; dropped are those entries that met a closed window.
func (r *river) readOne() (dropped []partial.Entry, err error) {
	p, err := partial.Decode(r.log[r.sink.position])
	if err != nil {
		return nil, err
	}
	r.sink.sources.Topics([]watermark.Topic{{Partitions: p.SourcePartitions}})
	sources, dropped, err := r.sink.open.Merge(r.sink.position, p)
	if err != nil {
		return nil, err
	}
	for _, src := range sources {
		if err := r.sink.sources.Apply(src, r.now); err != nil {
			return nil, err
		}
	}
	r.sink.position++
	for _, e := range dropped {
		r.dropped += e.Count + e.Filtered
	}
	return dropped, nil
}

func (r *river) unread() bool { return r.sink.position < int64(len(r.log)) }

func (r *river) lookUp(sources []watermark.Source) {
	for _, src := range sources {
		if !r.lookUpsFail {
			r.sink.sources.LogEnd(src, 0, r.sources[src.Partition].logEnd, r.now)
		}
	}
}

// tick is one transaction of the sink: it closes what can be closed, publishes and commits.
func (r *river) tick() (taken []result.Result) {
	sources, open := r.sink.sources, r.sink.open
	if sources.Candidate(r.now) >= open.FirstEnd() {
		r.lookUp(sources.Need(r.now))
	}
	w, _ := sources.Watermark(r.now)
	open.Close(w)
	if !r.unread() {
		r.lookUp(sources.NeedIdle(r.now))
		if sources.AllQuiet(r.now) {
			open.CloseIdle(r.now - r.lateness - 1)
		}
		if _, all := sources.Ended(); all {
			open.CloseIdle(math.MaxInt64)
		}
	}
	taken = open.Take(r.takeBytes)
	r.results = append(r.results, taken...)
	r.committed = commit{
		position: r.sink.position, replayFrom: open.ReplayFrom(r.sink.position), emitted: open.Emitted(), cursor: open.Cursor(),
	}
	r.committed.topics, r.committed.states = sources.Export()
	return taken
}

// restart lets another sink go on from the last commit.
func (r *river) restart() {
	c := r.committed
	r.sink = sink{position: c.position, sources: watermark.New(r.idle, r.closeIdle), open: result.New()}
	r.sink.sources.Import(c.topics, slices.Clone(c.states), c.emitted, r.now)
	r.sink.sources.Topics([]watermark.Topic{{Partitions: int32(len(r.sources))}})
	r.sink.open.Import(c.emitted, c.cursor)
	for offset := c.replayFrom; offset < c.position; offset++ {
		p, err := partial.Decode(r.log[offset])
		if err == nil {
			err = r.sink.open.Replay(offset, p)
		}
		if err != nil {
			panic(err) // what was read before the commit can be read again
		}
	}
}
