// Command fetch is a floor of the bench: what it costs to get a topic's records through kafka-go's connections, check
// their CRCs and walk over them, and do nothing else. What any program in Go does with them comes on top.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"github.com/meanstream/meanstream/test/rivals/answer"
)

func main() {
	broker := flag.String("broker", "localhost:9092", "address")
	topic := flag.String("topic", "records", "topic")
	flag.Parse()
	if err := run(context.Background(), *broker, *topic); err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, broker, topic string) error {
	transport := &kafka.Transport{MetadataTopics: []string{topic}}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(broker), Transport: transport}
	meta, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return err
	}
	counts := make([]int64, len(meta.Topics[0].Partitions))
	all, ctx := errgroup.WithContext(ctx)
	for i, p := range meta.Topics[0].Partitions {
		all.Go(func() (err error) {
			f := &fetch{topic: topic, partition: int32(p.ID), leader: int32(p.Leader.ID)}
			for {
				if _, err = transport.RoundTrip(ctx, client.Addr, f); err != nil {
					return err
				}
				n, next, err := walk(f.records, f.offset)
				if err != nil {
					return fmt.Errorf("partition %d at %d: %w", p.ID, f.offset, err)
				}
				counts[i] += n
				if f.offset = next; next >= f.end {
					return nil
				}
			}
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	var a answer.Answer
	for _, n := range counts {
		a.Records += n
	}
	return answer.Write(os.Stdout, a)
}
