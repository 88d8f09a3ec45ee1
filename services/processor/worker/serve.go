package worker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
	"github.com/meanstream/meanstream/pkg/progress"
)

// Settings is all that a processor is told.
type Settings struct {
	Config                     // Client, PartialsTo and RejectsTo are filled in by Serve
	Broker   broker.Config     // Topics is filled in by Serve
	Records  []broker.NewTopic // at least one, in any order
	Partials broker.NewTopic
	Rejects  broker.NewTopic // gets as many partitions as the largest topic of records has
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

// Serve runs a processor until ctx ends, or until an exit-at-end run is over. An error is one that a person must act
// on.
func Serve(ctx context.Context, s Settings) error {
	var records []string
	for _, t := range s.Records {
		records = append(records, t.Name)
	}
	s.Broker.Topics = append(slices.Clone(records), s.Partials.Name, s.Rejects.Name)
	if s.Broker.Timeout == 0 {
		s.Broker.Timeout = requestTimeout
	}
	s.Broker.Dial = s.Metrics.group.Dial(s.Broker.Dial)
	client := broker.New(s.Broker)
	defer client.Close()
	s.Ready(false, "waiting for Kafka and its topics")
	if err := ensure(ctx, client, &s); err != nil || ctx.Err() != nil {
		return err
	}
	s.Client, s.PartialsTo, s.RejectsTo = client, s.Partials.Name, s.Rejects.Name
	if s.MessageBytes == 0 {
		s.MessageBytes = MessageBytes
	}
	if err := s.try(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	s.Ready(false, "waiting for partitions")
	s.Rule.tell(s.Log)
	processor := New(s.Config)
	if s.ExitAtEnd {
		f := follower{client: client, group: s.Group, topics: slices.Sorted(slices.Values(records))}
		defer progress.Beside(ctx, "processing", f.look, s.Screen, s.Log)()
	}
	return group.New(group.Config{
		Client: client, Group: s.Group, Topics: records, Instance: uuid.NewString(), Interval: s.Flush,
		Begin: processor.Begin, Log: s.Log, Metrics: s.Metrics.group, Observe: s.Observe,
		Assigned: func(partitions []broker.TopicPartition) {
			s.Ready(partitions != nil, "waiting for partitions")
			if partitions == nil {
				s.Metrics.givenUp()
			} else {
				s.Log.Info(fmt.Sprintf("reading %d partitions of %s", len(partitions), strings.Join(records, ", ")))
			}
		},
	}).Run(ctx)
}

// tell says by which rule records are judged, so that what the sink says of a changed one can be looked up.
func (r Rule) tell(log *zap.Logger) {
	w := r.Window
	fields := []zap.Field{
		zap.String("rule", fmt.Sprintf("%016x", w.Fingerprint())), zap.Duration("window", time.Duration(w.Size)),
		zap.Duration("lateness", time.Duration(w.Lateness)), zap.String("keep", w.Keep), zap.Stringer("aggregates", w.Aggregates),
	}
	if step := w.Windows().Step(); step != w.Size {
		fields = append(fields, zap.Duration("hop", time.Duration(step)))
	}
	if w.Zone != nil {
		fields = append(fields, zap.Stringer("time zone", w.Zone))
	}
	log.Info("the rule that records are judged by", fields...)
}

// sparePartials is how much longer than any window is open partials should be kept: so long a sink may be away.
const sparePartials = time.Hour

// try finds out before any work is taken whether our rights suffice, and says which settings could harm.
func (s *Settings) try(ctx context.Context) error {
	if err := s.Client.CheckTopics(ctx, s.uses(), s.Log); err != nil {
		return err
	}
	if s.MaxAhead == 0 {
		return nil
	}
	_, err := (&ahead{conf: &s.Config}).ask(ctx, 1)
	return err
}

// uses are what is done with the topics.
func (s *Settings) uses() []broker.Use {
	keep := time.Duration(s.Rule.Window.Size) + time.Duration(s.Rule.Window.Lateness) + sparePartials
	sender := "a sender's wrong clock vouches for itself, so that --max-future asks this machine's clock as well, and a replay may judge otherwise"
	if s.Rule.MaxFuture == 0 {
		sender = ""
	}
	var uses []broker.Use
	for _, t := range s.Records {
		uses = append(uses, broker.Use{Topic: t.Name, Right: broker.Read, Sender: sender,
			Compacted: "a record that a newer one of its key has replaced before it was read is counted nowhere"})
	}
	return append(uses, []broker.Use{
		{Topic: s.Partials.Name, Right: broker.Write, Batch: s.MessageBytes, Keep: keep,
			Unkept:    fmt.Sprintf("windows with their lateness and an hour in which the sink may be away need %s; a sink that comes later finds partials deleted that it needs, and stops", keep),
			Old:       "partials carry this machine's time, and with a clock that is behind they are deleted before they are merged, or refused",
			Compacted: "partials have no key, so they are refused, which stops the processor"},
		{Topic: s.Rejects.Name, Right: broker.Write, Batch: s.MessageBytes,
			Old:       "rejects carry the time of their record, and those of old ones are deleted at the next check of retention, or refused, which stops the processor",
			Compacted: "a reject without a key is refused, which stops the processor"},
	}...)
}

// ensure waits for the topics. Rejects come last: they get as many partitions as the largest topic of records really has.
func ensure(ctx context.Context, client *broker.Client, s *Settings) error {
	if err := client.EnsureTopics(ctx, append(slices.Clone(s.Records), s.Partials), s.Create, s.Log); err != nil || ctx.Err() != nil {
		return err
	}
	most := 0
	for _, r := range s.Records {
		if t, err := client.LookUp(ctx, r.Name); err == nil {
			most = max(most, int(t.Partitions()))
		}
	}
	if most > 0 {
		s.Rejects.Partitions = most
	}
	return client.EnsureTopics(ctx, []broker.NewTopic{s.Rejects}, s.Create, s.Log)
}
