// Command kafkago averages by category and window as most would write it: kafka-go's Reader in a consumer group, and
// encoding/json. Offsets are committed once a second; a crash counts records twice or not at all.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/meanstream/meanstream/test/rivals/answer"
)

type measurement struct {
	Timestamp int64   `json:"timestamp"`
	Value     float64 `json:"value"`
	Category  string  `json:"category"`
}

type window struct {
	start    int64
	category string
}

type average struct {
	count int64
	sum   float64
}

func main() {
	broker := flag.String("broker", "localhost:9092", "address")
	topic := flag.String("topic", "records", "topic")
	flag.Parse()
	if err := run(context.Background(), *broker, *topic); err != nil {
		fmt.Fprintln(os.Stderr, "kafkago:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, broker, topic string) error {
	left, err := messages(ctx, broker, topic)
	if err != nil {
		return err
	}
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{broker}, Topic: topic, GroupID: fmt.Sprintf("kafkago-%d", os.Getpid()),
		StartOffset: kafka.FirstOffset, MaxBytes: 10e6, CommitInterval: time.Second,
	})
	a := answer.Answer{Records: left}
	averages := map[window]*average{}
	for ; left > 0; left-- {
		msg, err := r.ReadMessage(ctx)
		if err != nil {
			return err
		}
		var m measurement
		if err := json.Unmarshal(msg.Value, &m); err != nil {
			return err
		}
		if m.Value >= 90 {
			continue
		}
		w := window{m.Timestamp - m.Timestamp%10, m.Category}
		if averages[w] == nil {
			averages[w] = &average{}
		}
		averages[w].count++
		averages[w].sum += m.Value
	}
	for w, v := range averages {
		a.Means = append(a.Means, answer.Mean{Start: w.start, Category: w.category, Count: v.count, Mean: v.sum / float64(v.count)})
	}
	if err := r.Close(); err != nil {
		return err
	}
	return answer.Write(os.Stdout, a)
}

// messages is how many there are in the topic now.
func messages(ctx context.Context, broker, topic string) (n int64, err error) {
	c, err := kafka.DialContext(ctx, "tcp", broker)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	partitions, err := c.ReadPartitions(topic)
	if err != nil {
		return 0, err
	}
	for _, p := range partitions {
		leader, err := kafka.DialLeader(ctx, "tcp", broker, topic, p.ID)
		if err != nil {
			return 0, err
		}
		first, last, err := leader.ReadOffsets()
		_ = leader.Close()
		if err != nil {
			return 0, err
		}
		n += last - first
	}
	return n, nil
}
