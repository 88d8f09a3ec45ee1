package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/bench/growth"
)

// grower measures how costs grow with one property of the records or the topic after the other.
type grower struct {
	options
	cluster *cluster
	broker  *broker // nil: not ours
	bin     string
	topics  int
	starts  map[int]time.Duration // CPU time of both our processes, by the number of partitions
}

// grow measures everything that grows, prints tables and draws plots.
func (g *grower) grow(ctx context.Context) error {
	if err := os.MkdirAll(g.plots, 0o755); err != nil {
		return err
	}
	g.starts = map[int]time.Duration{}
	for _, part := range []struct {
		name    string
		measure func(context.Context) error
	}{
		{"sink", g.merging}, {"flush", g.flushing}, {"categories", g.byCategories}, {"partitions", g.byPartitions},
		{"bytes", g.bySize}, {"skew", g.bySkew}, {"codecs", g.byCodec}, {"generator", g.generating},
		{"replicas", g.replicating}, {"pause", g.scaling}, {"idle", g.idling},
	} {
		if g.only != "" && !slices.Contains(strings.Split(g.only, ","), part.name) {
			continue
		}
		if err := part.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// base is what the loads have in common, but for what grows.
func (g *grower) base() growth.Load {
	return growth.Load{Seed: g.seed, Partitions: partitions, Records: g.records, Categories: 3, Windows: 5}
}

// by measures a load for each number, which vary puts into it.
func (g *grower) by(ctx context.Context, name, axis string, numbers []int, vary func(load *growth.Load, n int)) error {
	var all []outcome
	for _, n := range numbers {
		load := g.base()
		vary(&load, n)
		r, err := g.measure(ctx, load, fmt.Sprint(n), float64(n))
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	return g.show(name, axis, all)
}

func (g *grower) byPartitions(ctx context.Context) error {
	return g.by(ctx, "partitions", "partitions of the records topic", []int{1, 2, 4, 8, 16, 32, 64, 96},
		func(load *growth.Load, n int) { load.Partitions = n })
}

// byCategories has one window, so that as many aggregates are open at once as there are categories.
func (g *grower) byCategories(ctx context.Context) error {
	return g.by(ctx, "categories", "categories in one window", []int{3, 100, 1_000, 10_000, 100_000, 1_000_000},
		func(load *growth.Load, n int) { load.Categories, load.Windows = n, 1 })
}

// bySize adds fields that nobody asks for.
func (g *grower) bySize(ctx context.Context) error {
	var all []outcome
	for _, unused := range []int{0, 3, 8, 18, 39, 80} {
		load := g.base()
		load.Unused = unused
		load.Records = min(load.Records, 1<<31/(54+25*unused)) // two gigabytes
		r, err := g.measure(ctx, load, "", 0)
		if err != nil {
			return err
		}
		r.label, r.x = fmt.Sprint(r.bytes), float64(r.bytes)
		all = append(all, r)
	}
	return g.show("bytes", "bytes of a record", all)
}

// bySkew has more and more of the records in one partition, or in one category, and at last all of them in both.
func (g *grower) bySkew(ctx context.Context) error {
	shares := []float64{0.5, 0.75, 0.9, 1}
	of := func(label string, x float64, skew growth.Skew) (outcome, error) {
		load := g.base()
		load.Skew = skew
		return g.measure(ctx, load, label, x)
	}
	even, err := of("even", 0, growth.Skew{})
	if err != nil {
		return err
	}
	all := []outcome{even}
	lines := map[string][]growth.Point{}
	for _, in := range []struct {
		what string
		even float64 // the share of the first where all is even
		skew func(forced float64) growth.Skew
	}{
		{"one partition", 1. / partitions, func(forced float64) growth.Skew { return growth.Skew{Partition: forced} }},
		{"one category", 1. / float64(g.base().Categories), func(forced float64) growth.Skew { return growth.Skew{Category: forced} }},
	} {
		lines[in.what] = append(lines[in.what], growth.Point{X: 100 * in.even, Y: even.rate()})
		for _, share := range shares {
			r, err := of(fmt.Sprintf("%.0f %% in %s", 100*share, in.what), 100*share, in.skew((share-in.even)/(1-in.even)))
			if err != nil {
				return err
			}
			all = append(all, r)
			lines[in.what] = append(lines[in.what], growth.Point{X: r.x, Y: r.rate()})
		}
	}
	both, err := of("all in one category of one partition", 100, growth.Skew{Partition: 1, Category: 1})
	if err != nil {
		return err
	}
	fmt.Print("\n", seriesTable("keys", append(all, both)))
	return g.drawRates("skew", "% of the records in one partition, or in one category", lines)
}

// byCodec compresses the batches of the records.
func (g *grower) byCodec(ctx context.Context) error {
	var all []outcome
	for _, c := range []struct {
		name  string
		codec kgo.CompressionCodec
	}{{"none", kgo.NoCompression()}, {"lz4", kgo.Lz4Compression()}, {"snappy", kgo.SnappyCompression()}, {"zstd", kgo.ZstdCompression()}, {"gzip", kgo.GzipCompression()}} {
		packed, err := connectWith(g.cluster.addr, c.codec)
		if err != nil {
			return err
		}
		with := *g
		with.cluster = packed
		r, err := with.measure(ctx, g.base(), c.name, 0)
		if err = errors.Join(err, packed.close()); err != nil {
			return err
		}
		all = append(all, r)
	}
	fmt.Print("\n", seriesTable("codec", all))
	return nil
}

// show prints a series, and draws what it costs and how fast it is.
func (g *grower) show(name, what string, all []outcome) error {
	fmt.Print("\n", seriesTable(name, all))
	var cpu, rate []growth.Point
	for _, r := range all {
		cpu = append(cpu, growth.Point{X: r.x, Y: r.cpu()})
		rate = append(rate, growth.Point{X: r.x, Y: r.rate()})
	}
	return errors.Join(
		g.draw(name+"-cpu", growth.Plot{Title: "CPU time of processor and sink", X: what, Y: "CPU seconds per million records", Lines: []growth.Line{{Points: cpu}}}),
		g.drawRates(name, what, map[string][]growth.Point{"": rate}))
}

// drawRates draws how fast something is, by the names of its lines.
func (g *grower) drawRates(name, what string, by map[string][]growth.Point) error {
	p := growth.Plot{Title: "Throughput from start to end, on what two cores left us", X: what, Y: "million records a second"}
	for _, line := range slices.Sorted(maps.Keys(by)) {
		p.Lines = append(p.Lines, growth.Line{Name: line, Points: by[line]})
	}
	return g.draw(name+"-rate", p)
}

// draw writes a plot into the folder of plots.
func (g *grower) draw(name string, p growth.Plot) error {
	f, err := os.Create(filepath.Join(g.plots, name+".svg"))
	if err != nil {
		return err
	}
	return errors.Join(p.SVG(f), f.Close())
}

// beyond is what a run took beyond a start; not a number where nothing is left.
func beyond(all, start time.Duration) float64 {
	if all <= start {
		return math.NaN()
	}
	return (all - start).Seconds()
}
