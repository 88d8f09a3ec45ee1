package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/meanstream/meanstream/test/bench/growth"
)

// leastHeap is how many aggregates it takes to tell their memory from what else a process has.
const leastHeap = 10_000

// merging measures the sink without a broker, in a process for each number of open aggregates.
func (g *grower) merging(ctx context.Context) error {
	t := growth.Table{Head: []string{"open aggregates", "M opened per CPU-s", "M merged per CPU-s", "bytes each, heap", "bytes each, by its own reckoning"}}
	var merged, heap []growth.Point
	for _, n := range []int{100, 1_000, 10_000, 100_000, 1_000_000} {
		p, err := start(ctx, filepath.Join(g.bin, "merge"), "-categories", fmt.Sprint(n))
		if err != nil {
			return err
		}
		if _, err := p.wait(); err != nil {
			return err
		}
		var a struct{ Opened, Merged, Heap, Estimate float64 }
		if err := json.Unmarshal(p.stdout.Bytes(), &a); err != nil {
			return fmt.Errorf("read what merge says: %w", err)
		}
		bytes := "–"
		if n >= leastHeap {
			bytes = fmt.Sprintf("%.0f", a.Heap)
			heap = append(heap, growth.Point{X: float64(n), Y: a.Heap})
		}
		t.Rows = append(t.Rows, []string{fmt.Sprint(n), fmt.Sprintf("%.2f", a.Opened/1e6), fmt.Sprintf("%.2f", a.Merged/1e6), bytes, fmt.Sprintf("%.0f", a.Estimate)})
		merged = append(merged, growth.Point{X: float64(n), Y: a.Merged / 1e6})
		fmt.Fprintf(os.Stderr, "%d open aggregates: %.2f million merges per CPU second\n", n, a.Merged/1e6)
	}
	fmt.Print("\n", t)
	return errors.Join(
		g.draw("sink-merges", growth.Plot{Title: "Aggregates merged by the sink, decoding included", X: "open aggregates", Y: "millions per CPU second", Lines: []growth.Line{{Points: merged}}}),
		g.draw("sink-memory", growth.Plot{Title: "Memory of an open aggregate in the sink", X: "open aggregates", Y: "bytes of heap", Lines: []growth.Line{{Points: heap}}}))
}

// generating measures the generator at full speed; each record must be in the topic.
func (g *grower) generating(ctx context.Context) error {
	count := int64(g.records)
	var all []used
	for range g.repeat {
		b, err := g.empty(ctx, partitions)
		if err != nil {
			return err
		}
		p, err := start(ctx, filepath.Join(g.bin, "generator"), "--brokers", g.cluster.addr, "--records-topic", b.topic.name, "--rate", "0", "--count", fmt.Sprint(count), "--seed", fmt.Sprint(g.seed))
		if err != nil {
			return err
		}
		u, err := p.wait()
		if err != nil {
			return err
		}
		ends, err := g.cluster.admin.ListEndOffsets(ctx, b.topic.name)
		if err = errors.Join(err, ends.Error()); err != nil {
			return err
		}
		var there int64
		for _, end := range ends.Offsets()[b.topic.name] {
			there += end.At
		}
		if there != count {
			return fmt.Errorf("the generator sent %d records, and %d are in the topic", count, there)
		}
		all = append(all, u)
		if err := g.cluster.drop(ctx); err != nil {
			return err
		}
	}
	wall, cpu := median(all, func(u used) time.Duration { return u.wall }), median(all, func(u used) time.Duration { return u.cpu })
	millions := float64(count) / 1e6
	fmt.Print("\n", growth.Table{Head: []string{"", "records", "M records/s", "M records per CPU-s", "CPU-s per M"}, Rows: [][]string{
		{"generator", fmt.Sprint(count), fmt.Sprintf("%.2f", millions/wall.Seconds()), fmt.Sprintf("%.2f", millions/cpu.Seconds()), fmt.Sprintf("%.3f", cpu.Seconds()/millions)}}})
	return nil
}
