package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/meanstream/meanstream/test/bench/growth"
)

// idleFor is how long nothing comes in while CPU time is counted; calm is how long a fleet may take to find out that
// nothing comes: the sink's --idle-after, and a second.
const idleFor, calm = 30 * time.Second, 6 * time.Second

// idling measures what a fleet costs, and what it costs the broker, while nothing comes in.
func (g *grower) idling(ctx context.Context) error {
	t := growth.Table{Head: []string{"partitions", "processor, % of a core", "sink", "generator", "ours together", "broker", "broker, nobody connected", "load average"}}
	for _, n := range []int{4, 96} {
		row, err := g.idle(ctx, n)
		if err != nil {
			return fmt.Errorf("%d partitions: %w", n, err)
		}
		t.Rows = append(t.Rows, row)
	}
	fmt.Print("\n", t)
	return nil
}

// idle starts a fleet on a topic with few records, and leaves it alone.
func (g *grower) idle(ctx context.Context, partitions int) (row []string, err error) {
	load := g.base()
	load.Partitions, load.Records = partitions, 100*partitions
	b, expected, err := g.filled(ctx, load)
	if err != nil {
		return nil, err
	}
	b.nextRun()
	silence, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0") // takes the generator's connection, and says nothing
	if err != nil {
		return nil, err
	}
	defer func() { _ = silence.Close() }()
	fleet, err := g.fleet(ctx, b, silence.Addr().String())
	if err != nil {
		return nil, err
	}
	ours, kafka, err := g.costs(ctx, fleet)
	if err = errors.Join(err, stop(fleet...)); err != nil {
		return nil, err
	}
	_, alone, err := g.costs(ctx, nil)
	if err != nil {
		return nil, err
	}
	row = []string{fmt.Sprint(partitions)}
	var all float64
	for _, share := range ours {
		row, all = append(row, percent(share)), all+share
	}
	fmt.Fprintf(os.Stderr, "idle with %d partitions: %s %% of a core\n", partitions, percent(all))
	return append(row, percent(all), percent(kafka), percent(alone), loadAverage()), g.finish(ctx, b, [2][]string{}, expected.Check)
}

// fleet is a processor, a sink and a generator whose source is silent. Both groups have committed when it is there.
func (g *grower) fleet(ctx context.Context, b *bench, source string) (all []*process, err error) {
	for _, service := range []string{"processor", "sink"} {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		admin := fmt.Sprintf("127.0.0.1:%d", port)
		p, err := b.service(ctx, service, "--admin-addr", admin)
		if err != nil {
			return nil, err
		}
		if _, err := settled(ctx, admin, service); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	p, err := start(ctx, b.binary("generator"), "--brokers", b.cluster.addr, "--records-topic", b.topic.name, "--source", "tcp://"+source)
	return append(all, p), err
}

// costs are the shares of a core that processes and the broker take from now on, after they have calmed down. Without a
// container nobody knows the broker's.
func (g *grower) costs(ctx context.Context, ours []*process) (each []float64, kafka float64, err error) {
	var pids []int
	for _, p := range ours {
		pids = append(pids, p.cmd.Process.Pid)
	}
	if g.broker != nil {
		pid, err := g.broker.pid(ctx)
		if err != nil {
			return nil, 0, err
		}
		pids = append(pids, pid)
	}
	if err := rest(ctx, calm); err != nil {
		return nil, 0, err
	}
	before, began := make([]time.Duration, len(pids)), time.Now()
	for i, pid := range pids {
		if before[i], err = spent(pid); err != nil {
			return nil, 0, err
		}
	}
	if err := rest(ctx, idleFor); err != nil {
		return nil, 0, err
	}
	took := time.Since(began)
	for i, pid := range pids {
		after, err := spent(pid)
		if err != nil {
			return nil, 0, err
		}
		each = append(each, float64(after-before[i])/float64(took))
	}
	if g.broker != nil {
		kafka, each = each[len(ours)], each[:len(ours)]
	}
	return each, kafka, nil
}

// percent shows a share; none is one that nobody knows.
func percent(share float64) string {
	if share == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", 100*share)
}

// loadAverage is the system's, of the last minute: what else was going on.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "–"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return one
}

// rest waits.
func rest(ctx context.Context, long time.Duration) error {
	select {
	case <-time.After(long):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
