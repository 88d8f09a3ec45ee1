package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/daemon"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/services/generator/publish"
)

// Config is everything that can be set, by flags or environment.
type Config struct {
	daemon.Kafka
	daemon.Records
	daemon.Creation
	publish.Feed
	MaxRecordBytes daemon.Size `default:"512KiB" min:"1" max:"1000000" group:"run" placeholder:"SIZE" help:"Of a longer line only this and one byte more are sent, so that the processor rejects it."`
	daemon.Log
	daemon.Admin
}

// settings is what the publisher is told.
func (c *Config) settings(log *zap.Logger, reg prometheus.Registerer) publish.Settings {
	return publish.Settings{
		Feed: c.Feed, MaxRecordBytes: int(c.MaxRecordBytes), Log: log, Metrics: reg,
		Broker:  c.Broker("meanstream-generator", log),
		Records: broker.NewTopic{Name: c.RecordsTopic, Partitions: c.RecordsPartitions, Replication: c.ReplicationFactor},
		Create:  c.CreateTopics,
	}
}
