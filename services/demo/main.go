// Command demo runs the whole river in one process on an embedded broker: generator, processor and sink, no Docker and
// no Kafka needed. The services are the real ones; only the broker is an imitation, which keeps everything in memory.
package main

import (
	"context"
	_ "time/tzdata" // --time-zone, on machines and in images without time zones

	"github.com/meanstream/meanstream/pkg/daemon"
)

// Filled in by the linker; Go's own build information serves where they are empty.
var version, commit, date string

func main() {
	var cfg Config
	daemon.Main(daemon.Program{
		Name:        "demo",
		Description: "The whole river in one process: generator, processor, sink, and an embedded broker that Kafka's tools can read. Averages appear on the console when the first window closes.",
		Version:     daemon.Version{Version: version, Commit: commit, Date: date},
	}, &cfg, func(ctx context.Context, p *daemon.Process) error {
		return run(ctx, &cfg, p)
	})
}
