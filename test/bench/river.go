package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// nextRun gives what follows topics and groups of its own.
func (b *bench) nextRun() {
	b.runs++
	b.cluster.made = append(b.cluster.made, b.name("partials"), b.name("rejects"), b.name("results"))
}

// name is that of a topic or group of this run.
func (b *bench) name(what string) string {
	return fmt.Sprintf("%s-%d-%s", b.topic.name, b.runs, what)
}

// flags are a service's in this run.
func (b *bench) flags(service string) []string {
	all := []string{"--brokers", b.cluster.addr, "--records-topic", b.topic.name, "--partials-topic", b.name("partials"), "--rejects-topic", b.name("rejects"), "--group", b.name(service)}
	if service == "processor" {
		return append(all, "--sink-group", b.name("sink"))
	}
	return append(all, "--results-topic", b.name("results"))
}

// binary is the path of a service's.
func (b *bench) binary(service string) string { return filepath.Join(b.bin, service) }

// service starts one of this run's, with more flags.
func (b *bench) service(ctx context.Context, service string, more ...string) (*process, error) {
	return start(ctx, b.binary(service), append(b.flags(service), more...)...)
}

// startRiver begins a run of ours on topics and groups of its own: processor and sink, to the end of what is in the topic.
// Each may get more flags.
func (b *bench) startRiver(ctx context.Context, more [2][]string) (both [2]*process, results string, err error) {
	b.nextRun()
	return b.goOn(ctx, more)
}

// goOn lets processor and sink go on with this run, to the end of what is in the topic.
func (b *bench) goOn(ctx context.Context, more [2][]string) (both [2]*process, results string, err error) {
	for i, service := range []string{"processor", "sink"} {
		if both[i], err = b.service(ctx, service, append([]string{"--exit-at-end"}, more[i]...)...); err != nil {
			return both, "", err
		}
	}
	return both, b.name("results"), nil
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
