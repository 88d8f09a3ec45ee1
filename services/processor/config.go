package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/daemon"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/record"
	"github.com/meanstream/meanstream/pkg/window"
	"github.com/meanstream/meanstream/services/processor/worker"
)

// Config is everything that can be set, by flags or environment.
type Config struct {
	daemon.Kafka
	daemon.Topics
	Group     string `default:"processor" group:"first" placeholder:"GROUP" help:"Consumer group: its members share the partitions."`
	SinkGroup string `default:"sink" group:"time" placeholder:"GROUP" help:"Consumer group of the sink, whose progress --max-ahead is measured against."`
	daemon.Rule
	worker.Fields
	daemon.Flush
	MaxAhead      int64  `default:"1000" min:"0" group:"time" placeholder:"N" help:"Windows that a partition may be ahead of what the sink has emitted; 0 = off."`
	Start         string `default:"earliest" enum:"earliest,latest" group:"run" placeholder:"WHERE" help:"Where a new group begins: earliest or latest."`
	StartOver     bool   `group:"run" help:"Once: begin anew, at --start, those partitions that can't be gone on with (topic made anew, records deleted, offsets set by other tools)."`
	OnLostRecords string `default:"stop" enum:"stop,skip" group:"run" placeholder:"WHAT" help:"What to do when records were deleted before they were read: stop, or skip them, which is logged, counted and told to the sink."`
	ExitAtEnd     bool   `group:"run" help:"Backfill: process what is there now, then exit."`
	daemon.Log
	daemon.Admin
}

// Validate reports what the single settings do not show.
func (c *Config) Validate() []error {
	return worker.CheckKeep(c.Keep)
}

// settings is what the worker is told.
func (c *Config) settings(log *zap.Logger, reg prometheus.Registerer) worker.Settings {
	keep, _ := record.ParseKeep(c.Keep) // validated
	mapping, _ := c.Mapping().Compile() // validated
	topic := func(name string, partitions int) broker.NewTopic {
		return broker.NewTopic{Name: name, Partitions: partitions, Replication: c.ReplicationFactor}
	}
	var records []broker.NewTopic
	for _, name := range c.RecordsTopic {
		records = append(records, topic(name, c.RecordsPartitions))
	}
	return worker.Settings{
		Config: worker.Config{
			Log: log, Metrics: worker.NewMetrics(reg), Group: c.Group, SinkGroup: c.SinkGroup,
			Rule: worker.Rule{
				Window: window.Rule{
					Size: int64(c.Window), Lateness: int64(c.Lateness), Keep: keep.String(), Mapping: mapping.String(),
					Hop: int64(c.Hop), Zone: c.TimeZone.Location, Aggregates: c.Aggregates,
				},
				Keep: keep, Mapping: mapping, MaxFuture: c.MaxFuture, MaxBytes: int(c.MaxRecordBytes),
			},
			MaxAhead: c.MaxAhead, StartLatest: c.Start == "latest", StartOver: c.StartOver, SkipLost: c.OnLostRecords == "skip", ExitAtEnd: c.ExitAtEnd,
		},
		Broker:   c.Broker("meanstream-processor", log),
		Records:  records,
		Partials: topic(c.PartialsTopic, c.PartialsPartitions),
		Rejects:  topic(c.RejectsTopic, c.RecordsPartitions),
		Create:   c.CreateTopics,
		Flush:    c.FlushInterval,
	}
}
