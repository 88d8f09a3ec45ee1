package merger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
	"github.com/meanstream/meanstream/pkg/progress"
)

// Settings is all that a sink is told.
type Settings struct {
	Config                     // Client, RecordsFrom, ResultsTo and RejectsTo are filled in by Serve
	Broker   broker.Config     // Topics is filled in by Serve
	Records  []broker.NewTopic // those that the processors read, in any order
	Partials broker.NewTopic
	Results  broker.NewTopic
	Rejects  broker.NewTopic
	Create   bool
	Flush    time.Duration
	Ready    func(ready bool, reason string)
	Observe  func(group.Event) // told of every commit; may be nil
	Screen   *progress.Screen  // where an exit-at-end run shows how far it is; nil: in the log
}

// MessageBytes is the greatest batch that is sent: below the default max.message.bytes of 1,048,588.
const MessageBytes = 900 << 10

// requestTimeout is short beside the session timeout of six seconds: within it an unanswered request is sent again.
const requestTimeout = 2 * time.Second

// Serve runs a sink until ctx ends, or until an exit-at-end run is over. An error is one that a person must act on.
func Serve(ctx context.Context, s Settings) error {
	var records []string
	for _, t := range s.Records {
		records = append(records, t.Name)
	}
	slices.Sort(records)
	s.Broker.Topics = append(slices.Clone(records), s.Partials.Name, s.Results.Name, s.Rejects.Name)
	if s.Broker.Timeout == 0 {
		s.Broker.Timeout = requestTimeout
	}
	s.Broker.Dial = s.Metrics.group.Dial(s.Broker.Dial)
	client := broker.New(s.Broker)
	defer client.Close()
	s.Ready(false, "waiting for Kafka and its topics")
	topics := append(slices.Clone(s.Records), s.Partials, s.Results, s.Rejects)
	if err := client.EnsureTopics(ctx, topics, s.Create, s.Log); err != nil || ctx.Err() != nil {
		return err
	}
	s.Client, s.RecordsFrom, s.ResultsTo, s.RejectsTo = client, records, s.Results.Name, s.Rejects.Name
	if s.MessageBytes == 0 {
		s.MessageBytes = MessageBytes
	}
	if err := s.try(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	s.Ready(false, "waiting for partitions")
	if s.ExitAtEnd {
		f := follower{client: client, group: s.Group, partials: s.Partials.Name, records: records}
		defer progress.Beside(ctx, "merging", f.look, s.Screen, s.Log)()
	}
	return group.New(group.Config{
		Client: client, Group: s.Group, Topics: []string{s.Partials.Name}, Instance: uuid.NewString(), Interval: s.Flush,
		Begin: New(s.Config).Begin, Log: s.Log, Metrics: s.Metrics.group, Observe: s.Observe,
		Assigned: func(partitions []broker.TopicPartition) {
			s.Ready(partitions != nil, "waiting for partitions")
			if partitions == nil {
				s.Metrics.givenUp()
			} else {
				s.Log.Info(fmt.Sprintf("merging %d partitions of %s", len(partitions), s.Partials.Name))
			}
		},
	}).Run(ctx)
}

// sparePartials is how much longer than any window is open partials should be kept: so long a sink may be away.
const sparePartials = time.Hour

// try finds out before any work is taken whether our rights suffice, and says which settings could harm. How long a
// window is open we don't know: the processor does, and looks at the retention of partials as well.
func (s *Settings) try(ctx context.Context) error {
	return s.Client.CheckTopics(ctx, s.uses(), s.Log)
}

// uses are what is done with the topics.
func (s *Settings) uses() []broker.Use {
	keep := max(s.IdleAfter, s.CloseIdleAfter) + sparePartials
	var uses []broker.Use
	for _, t := range s.Records {
		uses = append(uses, broker.Use{Topic: t.Name, Right: broker.Describe})
	}
	return append(uses, []broker.Use{
		{Topic: s.Partials.Name, Right: broker.Read, Keep: keep,
			Unkept: fmt.Sprintf("windows that wait for silent sources and an hour in which the sink may be away need %s beyond a window's own length; a sink that comes later finds partials deleted that it needs, and stops", keep)},
		{Topic: s.Results.Name, Right: broker.Write, Batch: s.MessageBytes,
			Old:       "results carry the end of their window, and those of old records are deleted at the next check of retention, or refused, which stops the sink",
			Compacted: "only the newest result of each category stays"},
		{Topic: s.Rejects.Name, Right: broker.Write, Batch: s.MessageBytes},
	}...)
}
