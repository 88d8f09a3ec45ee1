package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/bench/growth"
	"github.com/meanstream/meanstream/test/oracle"
)

// Live traffic is so many records a second over all partitions, in small portions.
const (
	liveRate       = 2_000
	liveBeat       = 10 * time.Millisecond
	liveCategories = 6 // so that each sink has some
	livePerBeat    = liveRate * int(liveBeat) / int(time.Second)
)

// traffic is what was sent live.
type traffic struct {
	tally *oracle.Tally
	beats []time.Time // when portions were sent
	err   error
}

// drive sends to the partitions in turn until ctx ends. A record's event time is the millisecond in which it is sent, so
// that none is late.
func drive(ctx context.Context, client *kgo.Client, topic string, seed uint64, window time.Duration) traffic {
	t := traffic{tally: oracle.NewTally(window)}
	random := rand.New(rand.NewPCG(seed, 0))
	var failed error // written by the client's one goroutine for promises
	sent := func(_ *kgo.Record, err error) {
		if err != nil {
			failed = err
		}
	}
	ticker := time.NewTicker(liveBeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done(): // what was counted must arrive
			t.err = errors.Join(client.Flush(context.WithoutCancel(ctx)), failed)
			return t
		case <-ticker.C:
		}
		t.beats = append(t.beats, time.Now())
		for i := range livePerBeat {
			at, value, category := time.Now().UnixMilli(), float64(random.IntN(100_000))/1000, growth.Category(random.IntN(liveCategories))
			if value < growth.Limit {
				t.tally.Keep(at*1e6, category, value)
			} else {
				t.tally.Filter(at*1e6, category)
			}
			client.Produce(context.WithoutCancel(ctx), &kgo.Record{Topic: topic, Partition: int32(i % partitions),
				Value: fmt.Appendf(nil, `{"timestamp":%d.%03d,"value":%.3f,"category":%q}`, at/1000, at%1000, value, category)}, sent)
		}
	}
}

// arrivals watches a topic of results until ctx ends, and tells when those of each category could be read.
func arrivals(ctx context.Context, addr, topic string) (map[string][]time.Time, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	all := map[string][]time.Time{}
	for {
		fetched := client.PollFetches(ctx)
		now := time.Now()
		if ctx.Err() != nil {
			return all, nil
		}
		if err := fetched.Err(); err != nil {
			return nil, fmt.Errorf("read %s: %w", topic, err)
		}
		fetched.EachRecord(func(r *kgo.Record) { all[string(r.Key)] = append(all[string(r.Key)], now) })
	}
}

// phases watches the state of a group until ctx ends.
func (c *cluster) phases(ctx context.Context, group string) (all []phase) {
	for ctx.Err() == nil {
		answer, err := c.admin.DescribeGroups(ctx, group)
		if state := answer[group].State; err == nil && (len(all) == 0 || all[len(all)-1].state != state) {
			all = append(all, phase{time.Now(), state})
		}
		_ = rest(ctx, 10*time.Millisecond)
	}
	return all
}
