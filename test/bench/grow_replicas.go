package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/bench/growth"
)

// Processors of one group share out so many partitions, each held to heldTo of a core: with the broker, four of them fit
// onto two cores.
const (
	shared   = 12
	heldTo   = 0.1
	backlogs = 8 // times -records: a single one is to take some seconds
)

// spread is what processors of one group took for a backlog.
type spread struct {
	replicas, records int
	took              time.Duration
	cpu               float64 // seconds, of all together
	load              string
}

// rate is in millions of records a second.
func (s spread) rate() float64 { return float64(s.records) / 1e6 / s.took.Seconds() }

// replicating measures how much faster more processors are.
func (g *grower) replicating(ctx context.Context) error {
	var all []spread
	for _, n := range []int{1, 2, 4} {
		var runs []spread
		for range g.repeat {
			s, err := g.replicas(ctx, n)
			if errors.Is(err, errNotHeld) {
				fmt.Fprintf(os.Stderr, "replicas are left out: %v\n", err)
				return nil
			}
			if err != nil {
				return fmt.Errorf("%d processors: %w", n, err)
			}
			fmt.Fprintf(os.Stderr, "%d processors at %v of a core: %.3f million records a second\n", n, heldTo, s.rate())
			runs = append(runs, s)
		}
		took := median(runs, func(s spread) time.Duration { return s.took })
		for _, s := range runs {
			if s.took == took {
				all = append(all, s)
				break
			}
		}
	}
	fmt.Print("\n", spreadTable(all))
	measured, linear := growth.Line{Name: "measured"}, growth.Line{Name: "as many times the first"}
	for _, s := range all {
		x := float64(s.replicas)
		measured.Points = append(measured.Points, growth.Point{X: x, Y: s.rate()})
		linear.Points = append(linear.Points, growth.Point{X: x, Y: x * all[0].rate()})
	}
	return g.draw("replicas", growth.Plot{Title: fmt.Sprintf("Processors of one group, each held to %v of a core", heldTo), X: "processors", Y: "million records a second", Lines: []growth.Line{measured, linear}})
}

// spreadTable compares with the first row. What is used of the share says whether the processors were what was waited for.
func spreadTable(all []spread) growth.Table {
	t := growth.Table{Head: []string{"processors", "records", "M records/s", "to one", "CPU-s per M", "used of their shares", "load average"}}
	for _, s := range all {
		t.Rows = append(t.Rows, []string{fmt.Sprint(s.replicas), fmt.Sprint(s.records), fmt.Sprintf("%.3f", s.rate()), fmt.Sprintf("%.2f", s.rate()/all[0].rate()),
			fmt.Sprintf("%.3f", s.cpu/float64(s.records)*1e6), fmt.Sprintf("%.0f %%", 100*s.cpu/s.took.Seconds()/float64(s.replicas)/heldTo), s.load})
	}
	return t
}

// replicas lets so many processors wait for a backlog, and sees in the end that all was right.
func (g *grower) replicas(ctx context.Context, n int) (s spread, err error) {
	load := g.base()
	load.Partitions, load.Records, load.Windows = shared, backlogs*g.records, 50 // so that some have ended when the end is reached: a flush is due at once then
	b, err := g.empty(ctx, shared)
	if err != nil {
		return s, err
	}
	writer, expected, err := g.hide(ctx, b, load)
	if err != nil {
		return s, err
	}
	defer writer.Close()
	b.nextRun()
	if s, err = b.share(ctx, writer, n); err != nil {
		return s, err
	}
	s.records = load.Sent()
	return s, g.finish(ctx, b, [2][]string{}, expected.Check)
}

// hide writes a load in one transaction, which is left open: all of it is there at once with the commit.
func (g *grower) hide(ctx context.Context, b *bench, load growth.Load) (*kgo.Client, *growth.Expected, error) {
	writer, err := kgo.NewClient(kgo.SeedBrokers(b.cluster.addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionalID(b.topic.name),
		kgo.TransactionTimeout(10*time.Minute), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.MaxBufferedRecords(200_000))
	if err != nil {
		return nil, nil, err
	}
	if err := writer.BeginTransaction(); err != nil {
		return nil, nil, err
	}
	expected, err := g.fillFrom(ctx, writer, b, load)
	return writer, expected, err
}

// share lets processors of one group join, lets them have what the writer hides, and waits until all of it is committed.
func (b *bench) share(ctx context.Context, writer *kgo.Client, n int) (s spread, err error) {
	var all []*held
	defer func() { err = errors.Join(err, end(context.WithoutCancel(ctx), all)) }()
	for range n {
		h, err := b.hold(ctx, heldTo)
		if err != nil {
			return s, err
		}
		all = append(all, h)
	}
	if err := joined(ctx, all); err != nil {
		return s, err
	}
	s = spread{replicas: n, cpu: -taken(ctx, all)}
	began := time.Now()
	if err := writer.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return s, err
	}
	if err := b.caughtUp(ctx); err != nil {
		return s, err
	}
	s.cpu += taken(ctx, all)
	s.took, s.load = lastCommit(ctx, all).Sub(began), loadAverage()
	if used := s.cpu / s.took.Seconds() / float64(n); used > 1.25*heldTo {
		return s, fmt.Errorf("%w: one took %.2f of a core where it may have %v", errNotHeld, used, heldTo)
	}
	return s, nil
}

// joined waits until each of the processors reads its part of the partitions.
func joined(ctx context.Context, all []*held) error {
	for range 1200 {
		ready := 0
		for _, h := range all {
			if metric(metrics(ctx, h.admin), `meanstream_group_partitions{service="processor"}`) == float64(shared/len(all)) {
				ready++
			}
		}
		if ready == len(all) {
			return rest(ctx, time.Second) // and what that has cost of their shares is over
		}
		if err := rest(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("the processors have not shared the partitions out within two minutes")
}

// taken is the CPU time of processors so far, in seconds.
func taken(ctx context.Context, all []*held) (sum float64) {
	for _, h := range all {
		sum += ask(ctx, h.admin, "processor").cpu
	}
	return sum
}

// lastCommit is when the last of the processors committed: it says so itself, for whoever asks may be late.
func lastCommit(ctx context.Context, all []*held) (last time.Time) {
	for _, h := range all {
		seconds := metric(metrics(ctx, h.admin), `meanstream_last_commit_timestamp_seconds{service="processor"}`)
		if at := time.UnixMicro(int64(seconds * 1e6)); at.After(last) {
			last = at
		}
	}
	return last
}

// caughtUp waits until the processors have committed the last record of every partition. Behind it stands the marker of
// the transaction, for which nobody hurries.
func (b *bench) caughtUp(ctx context.Context) error {
	ends, err := b.cluster.admin.ListEndOffsets(ctx, b.topic.name)
	if err = errors.Join(err, ends.Error()); err != nil {
		return err
	}
	for range 12_000 {
		committed, err := b.cluster.admin.FetchOffsets(ctx, b.name("processor"))
		if err != nil {
			return err
		}
		open := len(ends[b.topic.name])
		for number, end := range ends[b.topic.name] {
			if at, ok := committed.Lookup(b.topic.name, number); ok && at.At >= end.Offset-1 {
				open--
			}
		}
		if open == 0 {
			return nil
		}
		if err := rest(ctx, 25*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("the processors have not come to the end within five minutes")
}
