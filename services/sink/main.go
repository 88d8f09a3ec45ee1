// Command sink merges partial aggregates, closes windows by watermark, publishes each final result once and commits,
// in one transaction.
package main

import (
	"context"
	"io"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/daemon"
	"github.com/meanstream/meanstream/services/sink/also"
	"github.com/meanstream/meanstream/services/sink/merger"
)

// Filled in by the linker; Go's own build information serves where they are empty.
var version, commit, date string

func main() {
	var cfg Config
	daemon.Main(daemon.Program{
		Name:        "sink",
		Description: "Merges partial aggregates, closes windows and publishes each final average once.",
		Version:     daemon.Version{Version: version, Commit: commit, Date: date},
		Check: func(ctx context.Context, out io.Writer) bool {
			return merger.Check(ctx, cfg.settings(zap.NewNop(), prometheus.NewRegistry()), out)
		},
	}, &cfg, func(ctx context.Context, p *daemon.Process) error {
		copies, err := also.Open(cfg.Also, p.Stdout)
		if err != nil {
			return err
		}
		s := cfg.settings(p.Log, p.Metrics)
		s.Also = copies.Results
		if !slices.Contains(cfg.Also, "console") { // results on the same terminal would run into the line of progress
			s.Screen = p.Screen
		}
		s.Ready = func(ready bool, reason string) { p.Ready.Set("partitions", ready, reason) }
		err = merger.Serve(ctx, s)
		if closing := copies.Close(); err == nil {
			err = closing
		}
		return err
	})
}
