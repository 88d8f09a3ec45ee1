package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/bench/growth"
)

// outcome is one point of a series: our processor and sink on one load.
type outcome struct {
	label   string
	x       float64
	records int
	bytes   int64 // of a record, on average
	results int
	start   time.Duration // CPU time of both together on next to no records
	both    [2]used
}

// cpu is in seconds for a million records, without the start.
func (r outcome) cpu() float64 {
	return beyond(r.both[0].cpu+r.both[1].cpu, r.start) / float64(r.records) * 1e6
}

// rate is in millions of records a second from the start to the end of both.
func (r outcome) rate() float64 {
	return float64(r.records) / 1e6 / max(r.both[0].wall, r.both[1].wall).Seconds()
}

// seriesTable shows a series.
func seriesTable(first string, all []outcome) growth.Table {
	t := growth.Table{Head: []string{first, "records", "results", "M records/s", "CPU-s per M", "sink, with its start", "start of both, CPU-s", "processor, peak MB", "sink, peak MB"}}
	for _, r := range all {
		t.Rows = append(t.Rows, []string{r.label, fmt.Sprint(r.records), fmt.Sprint(r.results), fmt.Sprintf("%.2f", r.rate()), fmt.Sprintf("%.3f", r.cpu()),
			fmt.Sprintf("%.3f", r.both[1].cpu.Seconds()/float64(r.records)*1e6), fmt.Sprintf("%.3f", r.start.Seconds()),
			fmt.Sprintf("%.0f", float64(r.both[0].peak)/1e6), fmt.Sprintf("%.0f", float64(r.both[1].peak)/1e6)})
	}
	return t
}

// measure runs ours on a load as often as is asked for, and on next to nothing in as many partitions.
func (g *grower) measure(ctx context.Context, load growth.Load, label string, x float64) (outcome, error) {
	r := outcome{label: label, x: x, records: load.Sent()}
	start, known := g.starts[load.Partitions]
	if !known {
		nothing := g.base()
		nothing.Partitions, nothing.Records = load.Partitions, load.Partitions
		bare, err := g.runs(ctx, nothing, 3)
		if err != nil {
			return r, err
		}
		start = bare.both[0].cpu + bare.both[1].cpu
		g.starts[load.Partitions] = start
	}
	got, err := g.runs(ctx, load, g.repeat)
	if err != nil {
		return r, fmt.Errorf("%s: %w", label, err)
	}
	r.bytes, r.results, r.both, r.start = got.bytes, got.results, got.both, start
	fmt.Fprintf(os.Stderr, "%d partitions, %d categories, %d bytes, skew %+v: %.3f CPU seconds for a million\n", load.Partitions, load.Categories, r.bytes, load.Skew, r.cpu())
	return r, nil
}

// runs fills a topic and runs ours on it several times; each figure is a median.
func (g *grower) runs(ctx context.Context, load growth.Load, repeat int) (r outcome, err error) {
	b, expected, err := g.filled(ctx, load)
	if err != nil {
		return r, err
	}
	var all [2][]used
	for range repeat {
		both, results, err := b.startRiver(ctx, [2][]string{})
		if err != nil {
			return r, err
		}
		for i, p := range both {
			u, err := p.wait()
			if err != nil {
				return r, err
			}
			all[i] = append(all[i], u)
		}
		published, err := g.cluster.results(ctx, results)
		if err = cmp.Or(err, expected.Check(published)); err != nil {
			return r, err
		}
	}
	for i, of := range all {
		r.both[i] = used{
			wall: median(of, func(u used) time.Duration { return u.wall }),
			cpu:  median(of, func(u used) time.Duration { return u.cpu }),
			peak: median(of, func(u used) int64 { return u.peak }),
		}
	}
	r.bytes, r.results = b.topic.bytes/int64(load.Sent()), expected.Results()
	return r, g.cluster.drop(ctx)
}

// filled is a bench on a new topic with a load in it.
func (g *grower) filled(ctx context.Context, load growth.Load) (*bench, *growth.Expected, error) {
	b, err := g.empty(ctx, load.Partitions)
	if err != nil {
		return nil, nil, err
	}
	expected, err := g.fillFrom(ctx, g.cluster.client, b, load)
	return b, expected, err
}

// fillFrom sends a load to the topic of a bench through a client, and counts what must come of it.
func (g *grower) fillFrom(ctx context.Context, client *kgo.Client, b *bench, load growth.Load) (*growth.Expected, error) {
	expected := growth.Expect(load.Categories)
	return expected, send(ctx, client, b.topic.name, load.Partitions, func(number int) iter.Seq[[]byte] {
		return func(yield func([]byte) bool) {
			p := load.Partition(number)
			var value []byte
			for r, ok := p.Next(); ok; r, ok = p.Next() {
				value = p.Append(value[:0], r)
				b.topic.bytes += int64(len(value))
				expected.Count(r)
				if !yield(value) {
					return
				}
			}
		}
	})
}

// empty is a bench on a new topic.
func (g *grower) empty(ctx context.Context, partitions int) (*bench, error) {
	g.topics++
	b := &bench{options: g.options, cluster: g.cluster, bin: g.bin, topic: topic{name: fmt.Sprintf("meanstream-growth-%d-%d", os.Getpid(), g.topics)}}
	return b, g.cluster.make(ctx, b.topic.name, partitions)
}

// drop deletes all topics that were made, so that what is measured next does not find a crowded broker.
func (c *cluster) drop(ctx context.Context) error {
	answers, err := c.admin.DeleteTopics(ctx, c.made...)
	if err = errors.Join(err, answers.Error()); err != nil {
		return fmt.Errorf("delete topics: %w", err)
	}
	c.made = nil
	return nil
}
