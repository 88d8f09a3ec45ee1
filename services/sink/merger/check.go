package merger

import (
	"context"
	"io"
	"slices"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// Check looks whether a sink with these settings could work, without changing anything. It writes what it finds to out,
// and is false if something is wrong.
func Check(ctx context.Context, s Settings, out io.Writer) bool {
	topics := append(slices.Clone(s.Records), s.Partials, s.Results, s.Rejects)
	for _, t := range topics {
		s.Broker.Topics = append(s.Broker.Topics, t.Name)
	}
	s.MessageBytes = MessageBytes
	client := broker.New(s.Broker)
	defer client.Close()
	return client.Examine(ctx, broker.Need{Topics: topics, Uses: s.uses(), Create: s.Create, Group: s.Group}, out)
}
