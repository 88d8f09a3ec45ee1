package merger

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meanstream/meanstream/pkg/result"
)

// Metrics are the sink's.
type Metrics struct {
	results    prometheus.Counter
	dropped    *prometheus.CounterVec
	lag        *prometheus.GaugeVec
	windows    *prometheus.GaugeVec
	aggregates *prometheus.GaugeVec
	waits      *prometheus.GaugeVec
}

// NewMetrics makes and registers them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	by := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"partition"})
	}
	m := &Metrics{
		results: prometheus.NewCounter(prometheus.CounterOpts{Name: "meanstream_sink_results_total", Help: "Committed results."}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "meanstream_sink_dropped_records_total",
			Help: "Records that met a closed window, by what the processor had decided: kept, filtered."}, []string{"verdict"}),
		lag:        by("meanstream_sink_lag_partials", "Offsets between the position and the last stable offset, by partials partition."),
		windows:    by("meanstream_sink_open_windows", "Open windows, by partials partition."),
		aggregates: by("meanstream_sink_open_aggregates", "Open (window, category) aggregates, by partials partition."),
		waits:      by("meanstream_sink_waiting_for_sources", "Source partitions that closable windows wait for, by partials partition."),
	}
	reg.MustRegister(m.results, m.dropped, m.lag, m.windows, m.aggregates, m.waits)
	return m
}

func (m *Metrics) progress(partition int32, lag int64, open *result.Open) {
	p := strconv.Itoa(int(partition))
	m.lag.WithLabelValues(p).Set(float64(max(lag, 0)))
	m.windows.WithLabelValues(p).Set(float64(open.Windows()))
	m.aggregates.WithLabelValues(p).Set(float64(open.Aggregates()))
}

func (m *Metrics) waiting(partition int32, sources int) {
	m.waits.WithLabelValues(strconv.Itoa(int(partition))).Set(float64(sources))
}

func (m *Metrics) committed(h harvest) {
	m.results.Add(float64(len(h.results)))
	for _, d := range h.dropped {
		kept, filtered := d.Records()
		m.dropped.WithLabelValues("kept").Add(float64(kept))
		m.dropped.WithLabelValues("filtered").Add(float64(filtered))
	}
}
