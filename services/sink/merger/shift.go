package merger

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
	"github.com/meanstream/meanstream/pkg/result"
)

// Config is what the sink's workers need.
type Config struct {
	Client         *broker.Client
	Log            *zap.Logger
	Metrics        *Metrics
	Group          string
	RecordsFrom    []string // the source topics, sorted, looked up for partitions and log ends
	ResultsTo      string   // topic
	RejectsTo      string   // topic, for what met a closed window
	IdleAfter      time.Duration
	CloseIdleAfter time.Duration
	MessageBytes   int  // the greatest batch that results and rejects take
	StartOver      bool // go on where we otherwise would stop
	ExitAtEnd      bool
	// Also gets the results after their commit; an error is logged, for the topic is the truth. May be nil.
	Also func([]result.Result) error
}

// Sink is what outlives a tenure.
type Sink struct {
	conf  Config
	over  map[int32]bool // partitions that have been started over by this process
	overs sync.Mutex
	exit  exitTargets
}

// New makes a sink's work for a group.
func New(conf Config) *Sink { return &Sink{conf: conf, over: map[int32]bool{}} }

// Begin starts the work of a tenure.
func (s *Sink) Begin(t *group.Tenure) group.Shift {
	return &Shift{
		Sink: s, t: t, workers: map[int32]*worker{}, company: newCompany(),
		reading: group.NewVoice(s.conf.Log, "reading "+t.Topics[0].Name), looking: group.NewVoice(s.conf.Log, "looking "+strings.Join(s.conf.RecordsFrom, ", ")+" up"),
	}
}

// Shift is the sink's work during one tenure.
type Shift struct {
	*Sink
	t       *group.Tenure
	reading *group.Voice // of all workers
	looking *group.Voice
	company *company

	mu      sync.Mutex
	workers map[int32]*worker

	resultsPartitions int32
	rejectsPartitions int32
	collected         []harvest // by the last Collect, until it is committed
}

// partials is the topic that is read.
func (s *Shift) partials() broker.Topic { return s.t.Topics[0] }

// Open implements group.Shift.
func (s *Shift) Open(p group.Position) group.Worker {
	m, _ := checkpoint.ParseMerge(p.Named.Body) // our own bytes: Resume made them
	retries := s.conf.Metrics.group.Retries
	w := &worker{
		shift:   s,
		topic:   p.TopicPartition,
		fetcher: s.conf.Client.NewFetcher(),
		trouble: group.Trouble{Voice: s.reading, Retries: retries("Fetch")},
		lookups: lookups{client: s.conf.Client, topics: s.conf.RecordsFrom, exit: s.conf.ExitAtEnd, shared: &s.exit,
			trouble: group.Trouble{Voice: s.looking, Retries: retries("ListOffsets")}, count: group.Trouble{Voice: s.looking, Retries: retries("Metadata")}},
		waits: waits{log: s.conf.Log, partition: p.Partition, several: len(s.conf.RecordsFrom) > 1, metrics: s.conf.Metrics},
		state: NewState(p.Partition, m, p.Offset, int64(s.conf.IdleAfter), int64(s.conf.CloseIdleAfter), time.Now().UnixNano()),
		taken: make(chan struct{}, 1),
	}
	w.handed = handed{position: p.Offset, emitted: m.Emitted}
	w.state.WaitFor(s.conf.RecordsFrom)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.workers[p.Partition] = w
	return w
}

// Collect implements group.Shift.
func (s *Shift) Collect(ctx context.Context) (group.Flush, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collected = nil
	var positions []group.Position
	for _, p := range s.t.Partitions {
		w := s.workers[p.Partition]
		if w == nil {
			continue
		}
		h, ok, err := w.handOver()
		if err != nil {
			return group.Flush{}, false, err
		}
		if ok {
			s.collected = append(s.collected, h)
			positions = append(positions, group.Position{TopicPartition: p, Offset: h.position, Named: checkpoint.Named{Body: h.body}})
		}
	}
	if len(s.collected) == 0 {
		return group.Flush{}, false, nil
	}
	batches, err := s.plan(s.collected)
	return group.Flush{Offsets: positions, Batches: batches}, true, err
}

// Committed implements group.Shift.
func (s *Shift) Committed() {
	var all []result.Result
	for _, h := range s.collected {
		all = append(all, h.results...)
		s.overs.Lock()
		s.over[h.partition] = s.over[h.partition] || h.overs
		s.overs.Unlock()
		s.conf.Metrics.committed(h)
	}
	s.collected = nil
	if len(all) == 0 || s.conf.Also == nil {
		return
	}
	if err := s.conf.Also(all); err != nil {
		s.conf.Log.Error("writing a copy of the results", zap.Error(err))
	}
}
