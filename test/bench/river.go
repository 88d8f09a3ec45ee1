package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
)

// startRiver begins a run of ours on topics and groups of its own: processor and sink, to the end of what is in the topic.
// Each may get more flags.
func (b *bench) startRiver(ctx context.Context, more [2][]string) (both [2]*process, results string, err error) {
	b.runs++
	name := func(what string) string { return fmt.Sprintf("%s-%d-%s", b.topic.name, b.runs, what) }
	common := []string{"--brokers", b.cluster.addr, "--records-topic", b.topic.name, "--partials-topic", name("partials"), "--rejects-topic", name("rejects"), "--exit-at-end"}
	args := [2][]string{
		append([]string{"--group", name("processor"), "--sink-group", name("sink")}, common...),
		append([]string{"--group", name("sink"), "--results-topic", name("results")}, common...),
	}
	b.cluster.made = append(b.cluster.made, name("partials"), name("rejects"), name("results"))
	for i, service := range []string{"processor", "sink"} {
		if both[i], err = start(ctx, filepath.Join(b.bin, service), append(args[i], more[i]...)...); err != nil {
			return both, "", err
		}
	}
	return both, name("results"), nil
}

// plainRiver is river with our services built without transactions.
func (b *bench) plainRiver(ctx context.Context) (sample, error) {
	without := *b
	without.bin = filepath.Join(b.bin, plain)
	s, err := without.river(ctx)
	b.runs = without.runs
	return s, err
}

// river is a run of ours: both processes from their start to their end, joining groups and making topics included.
func (b *bench) river(ctx context.Context) (s sample, err error) {
	both, results, err := b.startRiver(ctx, [2][]string{})
	if err != nil {
		return s, err
	}
	for _, p := range both {
		u, err := p.wait()
		if err != nil {
			return s, err
		}
		s.wall = max(s.wall, u.wall)
		s.cpu += u.cpu
		s.peak += u.peak
	}
	return s, b.checkResults(ctx, results)
}

// mallocs counts the allocations of both our processes for the records, in runs of their own, since asking for them costs time:
// what a run makes more than one on a record for each partition, whose topic goes with all others.
func (b *bench) mallocs(ctx context.Context) (uint64, error) {
	load := b.topic.load
	load.Records = load.Partitions
	nothing, err := b.cluster.fill(ctx, load)
	if err != nil {
		return 0, err
	}
	start, err := (&bench{options: b.options, cluster: b.cluster, bin: b.bin, topic: nothing}).allocations(ctx)
	if err != nil {
		return 0, err
	}
	all, err := b.allocations(ctx)
	return all - min(all, start), err
}

// allocations counts all that both our processes make in a run.
func (b *bench) allocations(ctx context.Context) (uint64, error) {
	var flags [2][]string
	var addrs [2]string
	for i := range flags {
		port, err := freePort()
		if err != nil {
			return 0, err
		}
		addrs[i] = fmt.Sprintf("127.0.0.1:%d", port)
		flags[i] = []string{"--admin-addr", addrs[i]}
	}
	both, results, err := b.startRiver(ctx, flags)
	if err != nil {
		return 0, err
	}
	var grown [2]uint64
	var known [2]bool
	var asking sync.WaitGroup
	for i, p := range both {
		asking.Go(func() { grown[i], known[i] = allocated(ctx, p, addrs[i]) })
	}
	asking.Wait()
	for _, p := range both {
		if _, err := p.wait(); err != nil {
			return 0, err
		}
	}
	if !known[0] || !known[1] {
		return 0, errors.New("the metrics of a service were not to be had")
	}
	return grown[0] + grown[1], b.checkResults(ctx, results)
}
