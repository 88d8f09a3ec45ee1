package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/bench/growth"
	"github.com/meanstream/meanstream/test/oracle"
)

// A live processor is fed so many records into each partition, one every beat.
const (
	beats = 200
	beat  = 20 * time.Millisecond
)

// rarely and often are how often a processor flushes: what it takes more in the second case, the flushes take.
const rarely, often = time.Second, 40 * time.Millisecond

// lived is what a processor says of itself between two moments.
type lived struct{ cpu, commits, took, bytes float64 }

// flushing measures what a flush costs a processor that has more and more partitions.
func (g *grower) flushing(ctx context.Context) error {
	t := growth.Table{Head: []string{"partitions", "flushes", "CPU-ms a flush", "ms a flush takes", "bytes a flush"}}
	var cpu, took []growth.Point
	for _, n := range []int{1, 4, 16, 48, 96} {
		seldom, err := g.live(ctx, n, rarely)
		if err != nil {
			return fmt.Errorf("flush %d partitions: %w", n, err)
		}
		frequent, err := g.live(ctx, n, often)
		if err != nil {
			return fmt.Errorf("flush %d partitions: %w", n, err)
		}
		more := lived{cpu: frequent.cpu - seldom.cpu, commits: frequent.commits - seldom.commits}
		if more.commits <= 0 {
			return fmt.Errorf("flush %d partitions: %.0f times every %v, %.0f times every %v", n, frequent.commits, often, seldom.commits, rarely)
		}
		ms, took1 := 1000*more.cpu/more.commits, 1000*frequent.took/frequent.commits
		cpu, took = append(cpu, growth.Point{X: float64(n), Y: ms}), append(took, growth.Point{X: float64(n), Y: took1})
		t.Rows = append(t.Rows, []string{fmt.Sprint(n), fmt.Sprintf("%.0f", frequent.commits), fmt.Sprintf("%.2f", ms), fmt.Sprintf("%.1f", took1), fmt.Sprintf("%.0f", frequent.bytes/frequent.commits)})
		fmt.Fprintf(os.Stderr, "flush of %d partitions: %.2f CPU milliseconds\n", n, ms)
	}
	fmt.Print("\n", t)
	return g.draw("flush", growth.Plot{Title: "A flush of a processor", X: "its partitions", Y: "milliseconds", Lines: []growth.Line{{Name: "CPU time of the processor", Points: cpu}, {Name: "from begin to commit", Points: took}}})
}

// live runs a processor on a topic that is written to, and then processor and sink to its end, to see that all was right.
func (g *grower) live(ctx context.Context, partitions int, interval time.Duration) (l lived, err error) {
	b, err := g.empty(ctx, partitions)
	if err != nil {
		return l, err
	}
	port, err := freePort()
	if err != nil {
		return l, err
	}
	admin := fmt.Sprintf("127.0.0.1:%d", port)
	b.nextRun()
	p, err := b.service(ctx, "processor", "--flush-interval", interval.String(), "--admin-addr", admin)
	if err != nil {
		return l, err
	}
	expected, l, err := g.feed(ctx, b.topic.name, partitions, admin)
	if err = errors.Join(err, stop(p)); err != nil {
		return l, err
	}
	return l, g.finish(ctx, b, [2][]string{}, expected.Check)
}

// finish lets a run that was live come to its end, sees that all was right, and drops its topics.
func (g *grower) finish(ctx context.Context, b *bench, more [2][]string, check func([]oracle.Published) error) error {
	both, results, err := b.goOn(ctx, more)
	if err != nil {
		return err
	}
	for _, p := range both {
		if _, err := p.wait(); err != nil {
			return err
		}
	}
	published, err := g.cluster.results(ctx, results)
	if err = cmp.Or(err, check(published)); err != nil {
		return err
	}
	return g.cluster.drop(ctx)
}

// feed writes to all partitions at a steady pace, and asks the processor before and after.
func (g *grower) feed(ctx context.Context, name string, partitions int, admin string) (*growth.Expected, lived, error) {
	load := g.base()
	load.Partitions, load.Records, load.Windows = partitions, partitions*beats, 1
	expected := growth.Expect(load.Categories)
	var all []*growth.Partition
	for number := range partitions {
		all = append(all, load.Partition(number))
	}
	before, err := settled(ctx, admin, "processor")
	if err != nil {
		return nil, lived{}, err
	}
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for range beats {
		var records []*kgo.Record
		for number, p := range all {
			r, _ := p.Next()
			expected.Count(r)
			records = append(records, &kgo.Record{Topic: name, Partition: int32(number), Value: p.Append(nil, r)})
		}
		if err := g.cluster.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
			return nil, lived{}, err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, lived{}, ctx.Err()
		}
	}
	after := ask(ctx, admin, "processor")
	return expected, lived{after.cpu - before.cpu, after.commits - before.commits, after.took - before.took, after.bytes - before.bytes}, nil
}

// settled waits for the first commit, in which every partition says that it is there.
func settled(ctx context.Context, admin, service string) (lived, error) {
	for range 600 {
		if l := ask(ctx, admin, service); l.commits > 0 {
			return l, nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return lived{}, ctx.Err()
		}
	}
	return lived{}, fmt.Errorf("the %s has not committed within half a minute", service)
}

// ask has zeros where the service gives no answer.
func ask(ctx context.Context, admin, service string) lived { return read(metrics(ctx, admin), service) }

// read finds in a service's metrics what a flush costs.
func read(text, service string) lived {
	return lived{
		cpu:     metric(text, "process_cpu_seconds_total"),
		commits: metric(text, `meanstream_commits_total{service="`+service+`",verdict="committed"}`),
		took:    metric(text, `meanstream_commit_duration_seconds_sum{service="`+service+`"}`),
		bytes:   metric(text, `meanstream_commit_bytes_sum{service="`+service+`"}`),
	}
}
