package daemon

import (
	"io"
	"net"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/progress"
)

// Process is what a service's run function is given besides its settings.
type Process struct {
	Name    string
	Version Version              // no field empty
	Log     *zap.Logger          // to standard error, named after the program
	Metrics *prometheus.Registry // the one that /metrics shows
	Ready   *Readiness
	Health  *Health
	Stdout  io.Writer
	// Screen is standard error where a person reads it, for progress to be shown there; nil elsewhere.
	Screen *progress.Screen
	// Grace is how long run may take to return once its context has ended.
	Grace time.Duration
	// AdminAddr is where the admin server really listens; nil without one.
	AdminAddr net.Addr
}

func newProcess(prog Program, log *zap.Logger, stdout io.Writer) *Process {
	p := &Process{
		Name:    prog.Name,
		Version: prog.Version.filled(),
		Log:     log,
		Metrics: prometheus.NewRegistry(),
		Ready:   &Readiness{},
		Health:  &Health{},
		Stdout:  stdout,
		Grace:   prog.grace(),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "meanstream_build_info",
		Help: "Always 1; the labels say what this process was built from.",
		ConstLabels: prometheus.Labels{
			"service": p.Name,
			"version": p.Version.Version,
			"commit":  p.Version.Commit,
			"go":      runtime.Version(),
		},
	})
	build.Set(1)
	ready := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "meanstream_ready",
		Help: "1 while /readyz answers 200, else 0.",
	}, func() float64 {
		if len(p.Ready.Waiting()) > 0 {
			return 0
		}
		return 1
	})
	p.Metrics.MustRegister(
		build, ready,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return p
}
