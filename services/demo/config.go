package main

import (
	"github.com/meanstream/meanstream/pkg/daemon"
	"github.com/meanstream/meanstream/services/generator/publish"
	"github.com/meanstream/meanstream/services/processor/worker"
	"github.com/meanstream/meanstream/services/sink/also"
)

// Config is everything that can be set, by flags or environment: the generator's settings and the rule's.
type Config struct {
	publish.Feed
	daemon.Rule
	worker.Fields
	daemon.Idle
	daemon.Flush
	Also       []string `default:"console" group:"first" sep:"none" placeholder:"TARGET" help:"Where results are shown besides the topic: console, or file:PATH (NDJSON)."`
	ExitAtEnd  bool     `group:"first" help:"End when everything that the source brought is averaged."`
	Port       int      `default:"9092" min:"0" max:"65535" group:"first" placeholder:"PORT" help:"Port of the embedded broker on 127.0.0.1, for kcat and Kafka's tools; 0 = any that is free."`
	Partitions int      `default:"6" min:"1" max:"1000" group:"run" placeholder:"N" help:"Partitions of records."`
	daemon.Log
	daemon.Admin
}

// Validate reports what the single settings do not show.
func (c *Config) Validate() []error {
	return append(worker.CheckKeep(c.Keep), also.Check(c.Also)...)
}
