package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/bench/growth"
	"github.com/meanstream/meanstream/test/latency/stopwatch"
)

// tick is how often live traffic is written.
const tick = 10 * time.Millisecond

// traced is what was written, by the second of its event time.
type traced struct {
	began time.Time
	kept  map[int64]int64 // records that no filter drops
}

// feed writes so many records a second, with the time of now, into the partitions in turn, until ctx ends.
func (c *cluster) feed(ctx context.Context, topic string, partitions, rate int) (traced, error) {
	t := traced{began: time.Now(), kept: map[int64]int64{}}
	var failed error // written by the client's one goroutine for promises
	promise := func(_ *kgo.Record, err error) {
		if err != nil {
			failed = err
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for n := 0; ctx.Err() == nil; {
		second := time.Now().Unix()
		block := make([]byte, 0, 64<<10)
		for due := int(time.Since(t.began).Seconds() * float64(rate)); n < due; n++ {
			from, thousandths := len(block), random.IntN(100_000)
			block = append(strconv.AppendInt(append(block, `{"timestamp":`...), second, 10), `,"value":`...)
			block = strconv.AppendFloat(block, float64(thousandths)/1000, 'f', 3, 64)
			block = append(append(append(block, `,"category":"`...), byte('A'+n%latencyCategories)), `"}`...)
			if thousandths < growth.Limit*1000 {
				t.kept[second]++
			}
			c.client.Produce(context.WithoutCancel(ctx), &kgo.Record{Topic: topic, Partition: int32(n % partitions), Value: block[from:len(block):len(block)]}, promise)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	return t, errors.Join(c.client.Flush(context.WithoutCancel(ctx)), failed)
}

// reading is one result, and when it could be read.
type reading struct {
	liveResult
	at time.Time
}

type readings []reading

// follow reads a topic of results from its beginning, as a read_committed consumer does, until ctx ends.
func (all *readings) follow(ctx context.Context, addr, topic string, read func(*kgo.Record) (liveResult, error)) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.UnknownTopicRetries(-1), kgo.MetadataMinAge(100*time.Millisecond), kgo.MetadataMaxAge(time.Second))
	if err != nil {
		return err
	}
	defer client.Close()
	for ctx.Err() == nil {
		fetched := client.PollFetches(ctx)
		now := time.Now()
		if err := fetched.Err(); err != nil && ctx.Err() == nil {
			return fmt.Errorf("read %s: %w", topic, err)
		}
		fetched.EachRecord(func(r *kgo.Record) {
			got, wrong := read(r)
			if wrong != nil {
				err = errors.Join(err, fmt.Errorf("read a result of %s: %w", topic, wrong))
			}
			*all = append(*all, reading{got, now})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// judge tells a stopwatch of the results of all windows that end after the warm-up, once they count what was sent; of a
// program that drops records some may lack, and how many is told.
func (all readings) judge(sent traced, from time.Time, drops bool, s *stopwatch.Stopwatch) error {
	counted := map[time.Time]int64{}
	for _, r := range all {
		if r.end.After(from) {
			counted[r.end] += r.count
			s.Result(r.end, r.at)
		}
	}
	var lost, of int64
	for end, count := range counted {
		want := sent.kept[end.Add(-liveWindow).Unix()]
		if count > want || count < want && !drops {
			return fmt.Errorf("the window that ends at %v has %d records, %d were sent", end, count, want)
		}
		lost, of = lost+want-count, of+want
	}
	if lost > 0 {
		fmt.Fprintf(os.Stderr, "its results lack %d of %d records\n", lost, of)
	}
	return nil
}

// appends tells of all records of a topic, by partition in their order: their event time, and when the broker took them.
func (c *cluster) appends(ctx context.Context, topic string, tell func(partition int32, event, appended time.Time)) error {
	ends, err := c.admin.ListEndOffsets(ctx, topic)
	if err = errors.Join(err, ends.Error()); err != nil {
		return err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.addr), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer client.Close()
	left := int64(0)
	for _, o := range ends.Offsets()[topic] {
		left += o.At
	}
	for left > 0 {
		fetched := client.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			return fmt.Errorf("read %s: %w", topic, err)
		}
		fetched.EachRecord(func(r *kgo.Record) {
			left--
			second, _, _ := bytes.Cut(bytes.TrimPrefix(r.Value, []byte(`{"timestamp":`)), []byte(","))
			at, _ := strconv.ParseInt(string(second), 10, 64) // as feed has written it
			tell(r.Partition, time.Unix(at, 0), r.Timestamp)
		})
	}
	return nil
}
