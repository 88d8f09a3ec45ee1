// Command bench gives the same records to our processor and sink, to programs that others would write, and to loops that
// do less than any program can, one after the other on the same machine and broker; checks that each has averaged
// rightly; and prints what it took.
//
//	go run ./test/bench                            # on Kafka in a container
//	go run ./test/bench -broker kafka:9092         # on one that is there
//	go run ./test/bench -peers                     # with programs in other languages
//	go run ./test/bench -growth docs/plots         # how our costs grow, and with what
//	go run ./test/bench -latency                   # how long results take
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/meanstream/meanstream/test/bench/workload"
)

// options are the flags.
type options struct {
	broker  string
	records int
	seed    uint64
	numbers []workload.Numbers
	repeat  int
	slow    int
	peers   bool
	plots   string
	only    string
	latency bool
	windows int
}

func main() {
	var o options
	numbers := flag.String("numbers", "short,long", "how values are spelled: short, long or both")
	flag.StringVar(&o.broker, "broker", "", "address of a broker; empty: one in a container")
	flag.IntVar(&o.records, "records", 10_000_000, "in each topic")
	flag.Uint64Var(&o.seed, "seed", 1, "that the records are drawn from")
	flag.IntVar(&o.repeat, "repeat", 3, "how often programs run that take seconds; the median is shown")
	flag.IntVar(&o.slow, "slow", 1, "how often programs run that take half a minute; with the first kind of numbers only")
	flag.BoolVar(&o.peers, "peers", false, "run programs in other languages, too: Kafka Streams and Flink (need java and mvn) and Rust (needs cargo and cc)")
	flag.StringVar(&o.plots, "growth", "", "measure how costs grow with partitions, categories, sizes and the like, and what a group of several does, instead, and draw plots into this folder")
	flag.StringVar(&o.only, "only", "", "with -growth: sink, flush, categories, partitions, bytes, skew, codecs, generator, replicas, pause, idle, or several; empty: all")
	flag.BoolVar(&o.latency, "latency", false, "measure how long results take under live traffic instead; with -peers those of Kafka Streams and Flink, too")
	flag.IntVar(&o.windows, "windows", 60, "with -latency: so many windows of a second each")
	flag.Parse()
	for _, n := range strings.Split(*numbers, ",") {
		o.numbers = append(o.numbers, workload.Numbers(n))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is the whole bench; what it made is gone in the end.
func run(ctx context.Context, o options) (err error) {
	if o.repeat < 1 {
		return errors.New("-repeat must be at least 1")
	}
	dir, err := build(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var others []peer
	if o.peers {
		if others, err = buildPeers(ctx, peers()); err != nil {
			return err
		}
	}
	addr := o.broker
	var own *broker
	if addr == "" {
		if own, err = startBroker(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, own.end()) }()
		addr = own.addr
	}
	c, err := connect(addr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if o.latency {
		return latencies(ctx, o, c, dir, others)
	}
	if o.plots != "" {
		g := grower{options: o, cluster: c, broker: own, bin: dir}
		return g.grow(ctx)
	}
	for i, n := range o.numbers {
		load := workload.Load{Seed: o.seed, Partitions: partitions, Records: o.records, Numbers: n}
		if err := load.Check(); err != nil {
			return err
		}
		t, err := c.fill(ctx, load)
		if err != nil {
			return err
		}
		b := bench{options: o, cluster: c, bin: dir, others: others, topic: t}
		if i > 0 {
			b.slow = 0 // encoding/json is the same to all kinds of numbers, and the whole is to take minutes
		}
		rows, err := b.rounds(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("\n%d records of %d bytes on average, %s numbers, %d partitions; seed %d\n\n%s", load.Records, t.bytes/int64(load.Records), n, load.Partitions, o.seed, table(rows))
	}
	return nil
}

// partitions of the topic of records.
const partitions = 4
