package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/meanstream/meanstream/pkg/daemon"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/record"
	"github.com/meanstream/meanstream/pkg/window"
	"github.com/meanstream/meanstream/services/generator/publish"
	"github.com/meanstream/meanstream/services/processor/worker"
	"github.com/meanstream/meanstream/services/sink/also"
	"github.com/meanstream/meanstream/services/sink/merger"
)

// Topics and groups of the embedded broker.
const (
	recordsTopic  = "records"
	partialsTopic = "partials"
	resultsTopic  = "results"
	rejectsTopic  = "rejects"
	partials      = 3
	processors    = "processor"
	sinks         = "sink"
)

// river is the demo's services around its broker.
type river struct {
	cfg    *Config
	p      *daemon.Process
	log    *zap.Logger // of the services: one line for each thing that changes is too much beside a table
	broker broker.Config
	copies also.Outputs
}

// run starts everything, and ends with the context or, if asked to, with the source.
func run(ctx context.Context, cfg *Config, p *daemon.Process) error {
	cluster, err := listen(cfg, p.Log)
	if err != nil {
		return err
	}
	defer cluster.Close()
	if err := makeTopics(cluster, cfg.Partitions); err != nil {
		return err
	}
	copies, err := also.Open(cfg.Also, p.Stdout)
	if err != nil {
		return err
	}
	r := &river{cfg: cfg, p: p, log: p.Log, copies: copies,
		broker: broker.Config{Brokers: cluster.ListenAddrs(), ClientID: "meanstream-demo"}}
	if cfg.LogLevel == "info" {
		r.log = p.Log.WithOptions(zap.IncreaseLevel(zap.WarnLevel))
	}
	r.welcome(p.Stdout)
	keeper := newKeeper(cluster, r.broker, cfg.Partitions)
	keeper.ledger.once = (cfg.Hop == 0 || cfg.Hop == cfg.Window) && cfg.Aggregates.Has(window.Count)
	side, stopSide := context.WithCancel(context.WithoutCancel(ctx))
	var kept errgroup.Group
	kept.Go(func() error { return keeper.run(side) })
	err = r.flow(ctx)
	stopSide()
	if e := kept.Wait(); err == nil {
		err = e
	}
	if e := copies.Close(); err == nil {
		err = e
	}
	if err == nil {
		keeper.ledger.print(p.Stdout)
	}
	return err
}

// listen starts the broker. The usual port may be taken, by a real Kafka perhaps: then any other serves.
func listen(cfg *Config, log *zap.Logger) (*kfake.Cluster, error) {
	start := func(port int) (*kfake.Cluster, error) {
		// The keeper cuts off behind the readers, whole segments at a time.
		return kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.BrokerConfigs(map[string]string{"log.segment.bytes": "1048576"}))
	}
	cluster, err := start(cfg.Port)
	if errors.Is(err, syscall.EADDRINUSE) && cfg.Port == 9092 {
		log.Info("port 9092 is taken, using another")
		cluster, err = start(0)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return nil, fmt.Errorf("--port: %d can't be listened on: choose another, or 0 for any that is free: %w", cfg.Port, err)
	}
	return cluster, err
}

// makeTopics makes topics of which nothing is deleted by time, for event times may be years old. Each says so itself: what
// the broker as a whole is set to, it does not tell of its topics, and the services would warn of the default.
func makeTopics(cluster *kfake.Cluster, records int) error {
	for topic, n := range map[string]int{recordsTopic: records, rejectsTopic: records, partialsTopic: partials, resultsTopic: partials} {
		if err := cluster.CreateTopic(topic, int32(n), map[string]string{"retention.ms": "-1"}); err != nil {
			return fmt.Errorf("make topic %q: %w", topic, err)
		}
	}
	return nil
}

func (r *river) welcome(out io.Writer) {
	addr := r.broker.Brokers[0]
	_, _ = fmt.Fprintf(out, "meanstream demo: %s -> records -> processor -> partials -> sink -> results, on an embedded broker at %s\n", sourceName(r.cfg.Source[0]), addr)
	_, _ = fmt.Fprintf(out, "keeping %s, averages by category in windows of %s; the first closes about %s after it ends\n", r.cfg.Keep, r.cfg.Window, r.cfg.Lateness)
	_, _ = fmt.Fprintf(out, "look inside: kcat -b %s -C -t results -X isolation.level=read_committed\n\n", addr)
}

// flow runs the services. At the end of the source the processor and the sink are started anew with the target of
// what it brought: so a run to the end gives the same bytes whatever the clock did meanwhile.
func (r *river) flow(ctx context.Context) error {
	if !r.cfg.ExitAtEnd {
		all, ctx := errgroup.WithContext(ctx)
		all.Go(func() error { return publish.Serve(ctx, r.generator()) })
		all.Go(func() error { return worker.Serve(ctx, r.processor(false)) })
		all.Go(func() error { return merger.Serve(ctx, r.sink(false)) })
		return all.Wait()
	}
	open, stop := context.WithCancel(ctx)
	defer stop()
	first, open := errgroup.WithContext(open)
	first.Go(func() error {
		defer stop()
		return publish.Serve(ctx, r.generator())
	})
	first.Go(func() error { return worker.Serve(open, r.processor(false)) })
	first.Go(func() error { return merger.Serve(open, r.sink(false)) })
	if err := first.Wait(); err != nil || ctx.Err() != nil {
		return err
	}
	last, ctx := errgroup.WithContext(ctx)
	last.Go(func() error { return worker.Serve(ctx, r.processor(true)) })
	last.Go(func() error { return merger.Serve(ctx, r.sink(true)) })
	return last.Wait()
}

func (r *river) ready(service string) func(bool, string) {
	return func(ready bool, reason string) { r.p.Ready.Set(service, ready, reason) }
}

func (r *river) generator() publish.Settings {
	return publish.Settings{
		Feed: r.cfg.Feed, MaxRecordBytes: int(r.cfg.MaxRecordBytes), Broker: r.broker, Grace: r.p.Grace,
		Records: broker.NewTopic{Name: recordsTopic, Partitions: r.cfg.Partitions, Replication: 1},
		Log:     r.log, Metrics: r.p.Metrics, Ready: r.ready("generator"),
	}
}

func (r *river) processor(exit bool) worker.Settings {
	keep, _ := record.ParseKeep(r.cfg.Keep)        // validated
	mapping, _ := r.cfg.Fields.Mapping().Compile() // validated
	return worker.Settings{
		Config: worker.Config{
			Log: r.log, Metrics: worker.NewMetrics(fresh(r.p.Metrics, exit)), Group: processors, SinkGroup: sinks,
			Rule: worker.Rule{
				Window: window.Rule{
					Size: int64(r.cfg.Window), Lateness: int64(r.cfg.Lateness), Keep: keep.String(), Mapping: mapping.String(),
					Hop: int64(r.cfg.Hop), Zone: r.cfg.TimeZone.Location, Aggregates: r.cfg.Aggregates,
				},
				Keep: keep, Mapping: mapping, MaxFuture: r.cfg.MaxFuture, MaxBytes: int(r.cfg.MaxRecordBytes),
			},
			MaxAhead: 1000, ExitAtEnd: exit,
		},
		Broker: r.broker, Flush: r.cfg.FlushInterval, Ready: r.ready("processor"),
		Records:  []broker.NewTopic{{Name: recordsTopic, Partitions: r.cfg.Partitions, Replication: 1}},
		Partials: broker.NewTopic{Name: partialsTopic, Partitions: partials, Replication: 1},
		Rejects:  broker.NewTopic{Name: rejectsTopic, Partitions: r.cfg.Partitions, Replication: 1},
	}
}

func (r *river) sink(exit bool) merger.Settings {
	topic := func(name string, n int) broker.NewTopic {
		return broker.NewTopic{Name: name, Partitions: n, Replication: 1}
	}
	s := merger.Settings{
		Config: merger.Config{
			Log: r.log, Metrics: merger.NewMetrics(fresh(r.p.Metrics, exit)), Group: sinks, ExitAtEnd: exit,
			Also: r.copies.Results,
		},
		Broker: r.broker, Flush: r.cfg.FlushInterval, Ready: r.ready("sink"),
		Records: []broker.NewTopic{topic(recordsTopic, r.cfg.Partitions)}, Partials: topic(partialsTopic, partials),
		Results: topic(resultsTopic, partials), Rejects: topic(rejectsTopic, r.cfg.Partitions),
	}
	if !r.cfg.ExitAtEnd { // a run to the end leans on no clock
		s.IdleAfter, s.CloseIdleAfter = r.cfg.IdleAfter, r.cfg.CloseIdleAfter
	}
	return s
}

// fresh is where a service's metrics are registered; those of its second start, at the end of a run, go nowhere.
func fresh(reg *prometheus.Registry, second bool) prometheus.Registerer {
	if second {
		return prometheus.NewRegistry()
	}
	return reg
}

func sourceName(spec string) string {
	if spec == "-" {
		return "standard input"
	}
	return spec
}
