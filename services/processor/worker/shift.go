package worker

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
	"github.com/meanstream/meanstream/pkg/watermark"
	"github.com/meanstream/meanstream/pkg/window"
)

// noWatermark is the watermark before the first valid record.
const noWatermark = window.NoWatermark

// Config is what the processor's workers need.
type Config struct {
	Client       *broker.Client
	Log          *zap.Logger
	Metrics      *Metrics
	Rule         Rule
	Group        string
	SinkGroup    string // whose progress bounds how far we run ahead
	PartialsTo   string // topic
	RejectsTo    string // topic
	MaxAhead     int64  // windows; 0: as far as it goes
	MessageBytes int    // the greatest message that partials and rejects take, batch included
	StartLatest  bool   // where a new group begins
	StartOver    bool   // affected partitions begin anew instead of stopping us
	SkipLost     bool   // records that were deleted before they were read are gone on without; else they stop us
	ExitAtEnd    bool
}

// Processor is what outlives a tenure.
type Processor struct {
	conf Config
	run  int64 // the exit-at-end run that this process takes part in; 0: none yet
}

// New makes a processor's work for a group.
func New(conf Config) *Processor { return &Processor{conf: conf} }

// Begin starts the work of a tenure.
func (p *Processor) Begin(t *group.Tenure) group.Shift {
	s := &Shift{Processor: p, t: t, workers: map[broker.TopicPartition]*worker{}, states: map[broker.TopicPartition]checkpoint.Source{}}
	var names []string
	for _, topic := range t.Topics {
		names = append(names, topic.Name)
	}
	s.reading = group.NewVoice(p.conf.Log, "reading "+strings.Join(names, ", "))
	s.front = watermark.NewFront[broker.TopicPartition](int64(standstill))
	s.ahead = &ahead{conf: &p.conf, step: p.conf.Rule.Window.Windows().Step(), placement: s.knownPlacement, emitted: noWatermark}
	return s
}

// Shift is the processor's work during one tenure.
type Shift struct {
	*Processor
	t       *group.Tenure
	ahead   *ahead
	reading *group.Voice // of all workers

	fronts sync.Mutex // innermost: a worker takes it while it holds its own, which the committer takes inside of mu
	front  *watermark.Front[broker.TopicPartition]

	mu        sync.Mutex
	workers   map[broker.TopicPartition]*worker
	states    map[broker.TopicPartition]checkpoint.Source // as last resumed or collected
	agreed    int32                                       // placement, as last resumed by
	placement *int32                                      // the same, once it is committed
	targets   map[string][]int64                          // by topic

	rejectsPartitions int32
	collected         []Held // by the last Collect, until it is committed
}

// standstill is how long the others wait for a partition whose event time does not come on, before they are flushed
// without it. It holds up nothing but flushes before their time: who waits for it is the sink.
const standstill = 2 * time.Second

// came takes in where a partition's watermark stands.
func (s *Shift) came(p broker.TopicPartition, at, now int64) {
	if at == noWatermark {
		return
	}
	s.fronts.Lock()
	defer s.fronts.Unlock()
	s.front.Come(p, at, now)
}

// passed tells whether all partitions that are coming have passed a window's end, so that the window can close as far as it
// is ours. It looks at all of them.
func (s *Shift) passed(end, now int64) bool {
	s.fronts.Lock()
	defer s.fronts.Unlock()
	return s.front.Passed(end, now)
}

// knownPlacement tells the placement once it is committed.
func (s *Shift) knownPlacement() *int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.placement == nil {
		return nil
	}
	placement := *s.placement // a copy: a later take-over may write where this points
	return &placement
}

// Open implements group.Shift: p is committed under our name now.
func (s *Shift) Open(p group.Position) group.Worker {
	state, _ := checkpoint.ParseSource(p.Named.Body) // our own bytes: Resume made them
	s.mu.Lock()
	defer s.mu.Unlock()
	s.placement = &s.agreed // committed: by this naming if the seat is ours, else by its owner before
	w := &worker{
		shift:   s,
		topic:   p.TopicPartition,
		reader:  newReader(s.conf.Client),
		target:  noTarget,
		trouble: group.Trouble{Voice: s.reading, Retries: s.conf.Metrics.group.Retries("Fetch")},
		taken:   make(chan struct{}, 1),
	}
	if s.conf.ExitAtEnd {
		w.target = p.Offset // a partition that came after the run began has no part in it
		if targets := s.targets[p.Topic]; int(p.Partition) < len(targets) {
			w.target = targets[p.Partition]
		}
	}
	w.part = NewPartition(s.conf.Rule, Resume{
		Topic: p.Topic, Several: len(s.t.Topics) > 1, TopicID: state.TopicID, Partition: p.Partition, Offset: p.Offset,
		Watermark: state.Watermark, First: !state.Opened,
	}, s.conf.MessageBytes)
	s.states[p.TopicPartition] = state
	s.workers[p.TopicPartition] = w
	return w
}

// Collect implements group.Shift.
func (s *Shift) Collect(context.Context) (group.Flush, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collected = s.collected[:0]
	var positions []group.Position
	for _, p := range s.t.Partitions {
		w := s.workers[p]
		if w == nil {
			continue
		}
		held, ok := w.handOver()
		if !ok {
			continue
		}
		s.collected = append(s.collected, held)
		positions = append(positions, group.Position{TopicPartition: p, Offset: held.Source.To, Named: checkpoint.Named{Body: s.remember(w, held)}})
	}
	if len(s.collected) == 0 {
		return group.Flush{}, false, nil
	}
	batches, err := s.plan(s.collected, time.Now().UnixMilli())
	return group.Flush{Offsets: positions, Batches: batches}, true, err
}

// remember is what a commit says of a partition beside its offset.
func (s *Shift) remember(w *worker, held Held) []byte {
	p := w.topic
	state := s.states[p]
	state.Opened, state.Watermark = true, held.Source.Watermark
	if state.Ended = held.Source.Ended; state.Ended {
		state.EndedAt = w.target
	}
	s.states[p] = state
	return checkpoint.AppendSource(nil, &state)
}

// Committed implements group.Shift.
func (s *Shift) Committed() {
	s.conf.Metrics.committed(s.collected)
	s.collected = nil
}
