package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// mallocs counts the allocations of both our processes for the records, in runs of their own: what a run makes more than one
// on a record for each partition, in as much time, whose topic goes with all others.
func (b *bench) mallocs(ctx context.Context) (uint64, error) {
	load := b.topic.load
	load.Records = load.Partitions
	nothing, err := b.cluster.fill(ctx, load)
	if err != nil {
		return 0, err
	}
	all, took, err := b.allocations(ctx, 0)
	if err != nil {
		return 0, err
	}
	start, _, err := (&bench{options: b.options, cluster: b.cluster, bin: b.bin, topic: nothing}).allocations(ctx, took)
	return all - min(all, start), err
}

// allocations counts all that both our processes make until the results are there, and so much time has passed at least. They
// go on, so that each is asked once alone: an answer takes some thousands itself.
func (b *bench) allocations(ctx context.Context, least time.Duration) (n uint64, took time.Duration, err error) {
	b.nextRun()
	began := time.Now()
	var running []*process
	var addrs []string
	defer func() { err = errors.Join(err, endLive(running)) }()
	for _, service := range []string{"processor", "sink"} {
		port, err := freePort()
		if err != nil {
			return 0, 0, err
		}
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		flags := []string{"--admin-addr", addr, "--pprof"}
		if service == "sink" { // nothing more comes, so that the last windows must close by themselves
			flags = append(flags, "--idle-after", "500ms", "--close-idle-after", "1s")
		}
		p, err := b.service(ctx, service, flags...)
		if err != nil {
			return 0, 0, err
		}
		running, addrs = append(running, p), append(addrs, addr)
	}
	if err := b.awaitResults(ctx); err != nil {
		return 0, 0, err
	}
	if err := rest(ctx, least-time.Since(began)); err != nil {
		return 0, 0, err
	}
	took = time.Since(began)
	for i, addr := range addrs {
		_ = page(ctx, addr, "/debug/pprof/heap?gc=1") // what was allocated since the last collection is not all counted yet
		made := uint64(metric(metrics(ctx, addr), "go_memstats_mallocs_total"))
		if made == 0 {
			return 0, 0, fmt.Errorf("the metrics of %s were not to be had", filepath.Base(running[i].cmd.Path))
		}
		n += made
	}
	return n, took, nil
}

// awaitResults waits until the results of this run are there, and right.
func (b *bench) awaitResults(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		wrong := b.checkResults(ctx, b.name("results"))
		if wrong == nil {
			return nil
		}
		if err := rest(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("a minute later still: %w", wrong)
		}
	}
}

// metrics are what a service tells; nothing if it can't be had.
func metrics(ctx context.Context, addr string) string { return page(ctx, addr, "/metrics") }

// page is what a service answers under a path; nothing if it can't be had.
func page(ctx context.Context, addr, path string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		return ""
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return ""
	}
	return string(text)
}

// metric is the value of one, named with all its labels; 0 if there is none.
func metric(text, name string) float64 {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				return 0
			}
			return f
		}
	}
	return 0
}
