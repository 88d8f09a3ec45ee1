// Command franz averages by category and window as an expert would by hand: franz-go, fetching all partitions at once in
// large answers, and a scanner for this one shape of record. It keeps no promise at all: no group, no commits, sums that
// depend on the order of arrival, no late records.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/rivals/answer"
)

func main() {
	broker := flag.String("broker", "localhost:9092", "address")
	topic := flag.String("topic", "records", "topic")
	flag.Parse()
	if err := run(context.Background(), *broker, *topic); err != nil {
		fmt.Fprintln(os.Stderr, "franz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, broker, topic string) error {
	pool := &records{}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(broker), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxBytes(16<<20), kgo.FetchMaxPartitionBytes(4<<20), kgo.WithPools(pool),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	left := int64(0)
	ends.Each(func(o kadm.ListedOffset) { left += o.Offset })
	a := answer.Answer{Records: left}
	averages := newAverages()
	for left > 0 {
		fetched := client.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			return err
		}
		fetched.EachPartition(func(p kgo.FetchTopicPartition) {
			for _, r := range p.Records {
				m, ok := scan(r.Value)
				if !ok {
					err = fmt.Errorf("partition %d, offset %d: %q is no measurement", r.Partition, r.Offset, r.Value)
					return
				}
				averages.add(m)
			}
			left -= int64(len(p.Records))
			for _, r := range p.Records {
				r.Recycle()
			}
		})
		if err != nil {
			return err
		}
	}
	a.Means = averages.means()
	return answer.Write(os.Stdout, a)
}
