// Command latency watches a running river from outside, through an ordinary client, and says how long a result took:
// from the append of the record that let its window close until the result could be read in read_committed.
//
//	bin/generator --rate 2000 & bin/processor --window 1s & bin/sink &
//	go run ./test/latency --window 1s --for 1m
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/latency/stopwatch"
)

// options are the flags. Window and lateness are those of the processor.
type options struct {
	brokers, records, results string
	window, lateness, long    time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.brokers, "brokers", "localhost:9092", "addresses, separated by commas")
	flag.StringVar(&o.records, "records-topic", "records", "topic of the records; its times must be the broker's")
	flag.StringVar(&o.results, "results-topic", "results", "topic of the results")
	flag.DurationVar(&o.window, "window", 10*time.Second, "the processor's --window")
	flag.DurationVar(&o.lateness, "lateness", 2*time.Second, "the processor's --lateness")
	flag.DurationVar(&o.long, "for", time.Minute, "how long to watch")
	flag.Parse()
	if err := watch(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "latency:", err)
		os.Exit(1)
	}
}

// watch reads both topics from now on and prints the quantiles.
func watch(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeout(ctx, o.long)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(o.brokers, ",")...), kgo.ConsumeTopics(o.records, o.results),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", o.brokers, err)
	}
	defer client.Close()
	s := stopwatch.New(o.window, o.lateness)
	for ctx.Err() == nil {
		fetched := client.PollFetches(ctx)
		now := time.Now()
		for _, e := range fetched.Errors() {
			if ctx.Err() == nil {
				return fmt.Errorf("read partition %d of topic %q: %w", e.Partition, e.Topic, e.Err)
			}
		}
		fetched.EachRecord(func(r *kgo.Record) {
			if err == nil {
				err = o.take(s, r, now)
			}
		})
		if err != nil {
			return err
		}
	}
	fmt.Println(report(s.Latencies()))
	return nil
}

// take hands one message to the stopwatch. What can't be decoded lets no window close.
func (o options) take(s *stopwatch.Stopwatch, r *kgo.Record, now time.Time) error {
	if r.Topic == o.records {
		if r.Attrs.TimestampType() != 1 {
			return fmt.Errorf("topic %q carries its writers' times, so nobody knows when a record was appended: set message.timestamp.type=LogAppendTime", r.Topic)
		}
		var in struct{ Timestamp float64 }
		if json.Unmarshal(r.Value, &in) == nil {
			s.Record(r.Partition, time.UnixMilli(int64(in.Timestamp*1000)), r.Timestamp)
		}
		return nil
	}
	var out struct {
		End time.Time `json:"window_end"`
	}
	if err := json.Unmarshal(r.Value, &out); err != nil {
		return fmt.Errorf("partition %d, offset %d of topic %q is no result: %w", r.Partition, r.Offset, r.Topic, err)
	}
	s.Result(out.End, now)
	return nil
}

// report says how the latencies, in rising order, are spread.
func report(all []time.Duration) string {
	if len(all) == 0 {
		return "no window closed while watching: watch longer than a window, with --window and --lateness as the processor has them"
	}
	at := func(q float64) time.Duration { return stopwatch.Quantile(all, q).Round(time.Millisecond) }
	return fmt.Sprintf("%d windows: append to readable result, median %v, 99%% %v, worst %v", len(all), at(0.5), at(0.99), at(1))
}
