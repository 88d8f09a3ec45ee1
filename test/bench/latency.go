package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/latency/stopwatch"
)

// What is measured live: windows of liveWindow, without lateness, of so many categories, which go to all partitions of
// partials and results, after warmUp in which compilers, groups and topics settle.
const (
	liveWindow        = time.Second
	latencyCategories = 12
	warmUp            = 20 * time.Second
)

// stream is one measurement of latency.
type stream struct {
	name             string
	rate, partitions int  // records a second in all; partitions that get them in turn
	drops            bool // what other partitions let come late, with no word
	begin            beginning
	read             func(*kgo.Record) (liveResult, error)
}

// beginning starts a program on live traffic, and tells its processes and its topic of results.
type beginning func(ctx context.Context, c *cluster, topic string, partitions int) ([]*process, string, error)

// liveResult is what a program says of one window and category.
type liveResult struct {
	end   time.Time
	count int64
}

// latencies measures how long results take under several kinds of traffic, one after the other, and prints them. Our binaries
// are in bin, and so is what others keep on disk.
func latencies(ctx context.Context, o options, c *cluster, bin string, others []peer) error {
	own := func(ctx context.Context, c *cluster, topic string, partitions int) ([]*process, string, error) {
		return liveRiver(ctx, c, bin, topic, partitions)
	}
	// A broker whose code is not compiled yet takes three times as long for everything, and at a transaction a second it
	// stays so for an hour. What is measured is one that has worked for a while.
	warm := stream{"warm-up", 20_000, 4, false, func(ctx context.Context, c *cluster, topic string, partitions int) ([]*process, string, error) {
		return liveRiver(ctx, c, bin, topic, partitions, "--flush-interval", "10ms")
	}, ownResult}
	all := []stream{
		warm,
		{"2,000 records/s, 4 partitions", 2_000, 4, false, own, ownResult},
		{"200,000 records/s, 4 partitions", 200_000, 4, false, own, ownResult},
		{"2,000 records/s, 96 partitions", 2_000, 96, false, own, ownResult},
	}
	for _, p := range others {
		if p.live != nil {
			all = append(all, stream{p.name + ", 2,000 records/s, 4 partitions", 2_000, 4, true, p.live(bin), p.result})
		}
	}
	var shown []timing
	for i, t := range all {
		took, err := t.measure(ctx, o, c, fmt.Sprintf("meanstream-live-%d-%d", os.Getpid(), i))
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		fmt.Fprintf(os.Stderr, "%s: %d windows, median %v\n", t.name, len(took), stopwatch.Quantile(took, 0.5))
		if i > 0 {
			shown = append(shown, timing{t.name, took})
		}
	}
	fmt.Print("\n", timingTable(shown), "\n", histograms(shown))
	return nil
}

// measure runs a program on live traffic and tells how long its results took, in rising order, once they are right.
func (t stream) measure(ctx context.Context, o options, c *cluster, topic string) ([]time.Duration, error) {
	if err := c.make(ctx, topic, t.partitions); err != nil {
		return nil, err
	}
	running, results, err := t.begin(ctx, c, topic, t.partitions)
	if err != nil {
		return nil, err
	}
	live, stop := context.WithTimeout(ctx, warmUp+time.Duration(o.windows)*liveWindow)
	defer stop()
	var got readings
	reading := make(chan error, 1)
	go func() { reading <- got.follow(live, c.addr, results, t.read) }()
	sent, fed := c.feed(live, topic, t.partitions, t.rate)
	if err := errors.Join(fed, <-reading, endLive(running), ctx.Err()); err != nil {
		return nil, err
	}
	s := stopwatch.New(liveWindow, 0)
	if err := c.appends(ctx, topic, s.Record); err != nil {
		return nil, err
	}
	if err := got.judge(sent, sent.began.Add(warmUp), t.drops, s); err != nil {
		return nil, err
	}
	took := s.Latencies()
	if len(took) < o.windows/2 {
		return nil, fmt.Errorf("%d windows closed in %d seconds", len(took), o.windows)
	}
	return took, c.dropAll(ctx, topic)
}

// endLive stops programs that run for ever. One that has ended by itself has failed.
func endLive(running []*process) (err error) {
	for _, p := range running {
		select {
		case <-p.done:
			err = errors.Join(err, fmt.Errorf("%s has ended by itself: %w\n%s", filepath.Base(p.cmd.Path), p.err, tail(p.log.String())))
		default:
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
			<-p.done
		}
	}
	return err
}

// liveRiver starts our processor and sink.
func liveRiver(ctx context.Context, c *cluster, bin, topic string, partitions int, more ...string) ([]*process, string, error) {
	results := topic + "-results"
	c.made = append(c.made, topic+"-partials", topic+"-rejects", results)
	common := append(more, "--brokers", c.addr, "--records-topic", topic, "--records-partitions", fmt.Sprint(partitions), "--partials-topic", topic+"-partials", "--rejects-topic", topic+"-rejects")
	processor, err := start(ctx, filepath.Join(bin, "processor"), append([]string{"--group", topic + "-processor", "--sink-group", topic + "-sink", "--window", liveWindow.String(), "--lateness", "0s"}, common...)...)
	if err != nil {
		return nil, "", err
	}
	sink, err := start(ctx, filepath.Join(bin, "sink"), append([]string{"--group", topic + "-sink", "--results-topic", results}, common...)...)
	return []*process{processor, sink}, results, err
}

// dropAll deletes all topics whose names begin so, those of others' programs included.
func (c *cluster) dropAll(ctx context.Context, prefix string) error {
	topics, err := c.admin.ListTopics(ctx)
	if err != nil {
		return fmt.Errorf("list topics: %w", err)
	}
	c.made = slices.DeleteFunc(topics.Names(), func(name string) bool { return !strings.HasPrefix(name, prefix) })
	return c.drop(ctx)
}

// ownResult reads one of ours.
func ownResult(r *kgo.Record) (liveResult, error) {
	var got struct {
		End   time.Time `json:"window_end"`
		Count int64     `json:"count"`
	}
	err := json.Unmarshal(r.Value, &got)
	return liveResult{got.End, got.Count}, err
}
