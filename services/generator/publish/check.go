package publish

import (
	"context"
	"io"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// Check looks whether a generator with these settings could publish, without changing anything; the source of records is
// not opened. It writes what it finds to out, and is false if something is wrong.
func Check(ctx context.Context, s Settings, out io.Writer) bool {
	s.Broker.Topics = []string{s.Records.Name}
	client := broker.New(s.Broker)
	defer client.Close()
	return client.Examine(ctx, broker.Need{Topics: []broker.NewTopic{s.Records}, Uses: []broker.Use{s.use()}, Create: s.Create}, out)
}
