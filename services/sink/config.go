package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/daemon"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/services/sink/also"
	"github.com/meanstream/meanstream/services/sink/merger"
)

// Config is everything that can be set, by flags or environment.
type Config struct {
	daemon.Kafka
	daemon.Topics
	Group string `default:"sink" group:"first" placeholder:"GROUP" help:"Consumer group: its members share the partitions of partials."`
	daemon.Idle
	daemon.Flush
	Also      []string `group:"first" sep:"none" placeholder:"TARGET" help:"Write results there as well, after their commit: console, or file:PATH (NDJSON, rotated at 100 MiB). Such a copy is at-least-once; the topic is exactly once. May be given several times."`
	StartOver bool     `group:"run" help:"Once: go on where it would stop (partials deleted, offsets lost or set by other tools, sources started over). Windows may come twice or be incomplete."`
	ExitAtEnd bool     `group:"run" help:"Backfill: publish what comes of the records that are there now, then exit."`
	daemon.Log
	daemon.Admin
}

// Validate reports what the single settings do not show.
func (c *Config) Validate() []error { return also.Check(c.Also) }

// settings is what the merger is told.
func (c *Config) settings(log *zap.Logger, reg prometheus.Registerer) merger.Settings {
	topic := func(name string, partitions int) broker.NewTopic {
		return broker.NewTopic{Name: name, Partitions: partitions, Replication: c.ReplicationFactor}
	}
	var records []broker.NewTopic
	for _, name := range c.RecordsTopic {
		records = append(records, topic(name, c.RecordsPartitions))
	}
	return merger.Settings{
		Config: merger.Config{
			Log: log, Metrics: merger.NewMetrics(reg), Group: c.Group,
			IdleAfter: c.IdleAfter, CloseIdleAfter: c.CloseIdleAfter, StartOver: c.StartOver, ExitAtEnd: c.ExitAtEnd,
		},
		Broker:   c.Broker("meanstream-sink", log),
		Records:  records,
		Partials: topic(c.PartialsTopic, c.PartialsPartitions),
		Results:  topic(c.ResultsTopic, c.ResultsPartitions),
		Rejects:  topic(c.RejectsTopic, c.RecordsPartitions),
		Create:   c.CreateTopics,
		Flush:    c.FlushInterval,
	}
}
