// Command generator publishes records: a seeded synthetic feed, or what a TCP server, files or standard input bring.
package main

import (
	"context"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/daemon"
	"github.com/meanstream/meanstream/services/generator/publish"
)

// Filled in by the linker; Go's own build information serves where they are empty.
var version, commit, date string

func main() {
	var cfg Config
	daemon.Main(daemon.Program{
		Name:        "generator",
		Description: "Publishes measurements to the records topic: a synthetic feed, or the lines of a TCP server, of files or standard input.",
		Version:     daemon.Version{Version: version, Commit: commit, Date: date},
		Check: func(ctx context.Context, out io.Writer) bool {
			return publish.Check(ctx, cfg.settings(zap.NewNop(), prometheus.NewRegistry()), out)
		},
	}, &cfg, func(ctx context.Context, p *daemon.Process) error {
		s := cfg.settings(p.Log, p.Metrics)
		s.Grace, s.Screen = p.Grace, p.Screen
		s.Ready = func(ready bool, reason string) { p.Ready.Set("publishing", ready, reason) }
		return publish.Serve(ctx, s)
	})
}
