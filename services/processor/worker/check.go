package worker

import (
	"context"
	"io"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// Check looks whether a processor with these settings could work, without changing anything. It writes what it finds to
// out, and is false if something is wrong.
func Check(ctx context.Context, s Settings, out io.Writer) bool {
	s.Broker.Topics = []string{s.Records.Name, s.Partials.Name, s.Rejects.Name}
	s.MessageBytes = MessageBytes
	client := broker.New(s.Broker)
	defer client.Close()
	need := broker.Need{
		Topics: []broker.NewTopic{s.Records, s.Partials, s.Rejects}, Uses: s.uses(), Create: s.Create, Group: s.Group,
	}
	if s.MaxAhead != 0 {
		need.Progress = s.SinkGroup
	}
	return client.Examine(ctx, need, out)
}
