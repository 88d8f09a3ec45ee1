// Command processor filters records and averages what is kept: it reads the records topic as a consumer group,
// publishes partial aggregates and commits, in one transaction per flush.
package main

import (
	"context"
	"io"
	_ "time/tzdata" // --time-zone, on machines and in images without time zones

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/daemon"
	"github.com/meanstream/meanstream/services/processor/worker"
)

// Filled in by the linker; Go's own build information serves where they are empty.
var version, commit, date string

func main() {
	var cfg Config
	daemon.Main(daemon.Program{
		Name:        "processor",
		Description: "Filters measurements and averages what is kept by window and category, exactly once. Start as many as there are partitions; they share the work.",
		Version:     daemon.Version{Version: version, Commit: commit, Date: date},
		Check: func(ctx context.Context, out io.Writer) bool {
			return worker.Check(ctx, cfg.settings(zap.NewNop(), prometheus.NewRegistry()), out)
		},
	}, &cfg, func(ctx context.Context, p *daemon.Process) error {
		s := cfg.settings(p.Log, p.Metrics)
		s.Screen = p.Screen
		s.Ready = func(ready bool, reason string) { p.Ready.Set("partitions", ready, reason) }
		return worker.Serve(ctx, s)
	})
}
