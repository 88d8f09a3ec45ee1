package merger

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meanstream/meanstream/pkg/kafka/group"
	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/window"
)

// Metrics are the sink's.
type Metrics struct {
	group      *group.Metrics
	results    prometheus.Counter
	lost       prometheus.Counter
	dropped    *prometheus.CounterVec
	lag        *prometheus.GaugeVec
	windows    *prometheus.GaugeVec
	aggregates *prometheus.GaugeVec
	bytes      *prometheus.GaugeVec
	watermark  *prometheus.GaugeVec
	waits      *prometheus.GaugeVec
	rule       *prometheus.GaugeVec
}

// NewMetrics makes and registers them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	by := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"partition"})
	}
	m := &Metrics{
		group:   group.NewMetrics(reg, "sink"),
		results: prometheus.NewCounter(prometheus.CounterOpts{Name: "meanstream_sink_results_total", Help: "Committed results."}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{Name: "meanstream_sink_lost_offsets_total",
			Help: "Offsets of the sources that were deleted before a processor read them, as the partials tell; counted by the owner of partials partition 0."}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "meanstream_sink_dropped_records_total",
			Help: "Records that met a closed window, by what the processor had decided: kept, filtered."}, []string{"verdict"}),
		lag:        by("meanstream_sink_lag_partials", "Offsets between the position and the last stable offset, by partials partition."),
		windows:    by("meanstream_sink_open_windows", "Open windows, by partials partition."),
		aggregates: by("meanstream_sink_open_aggregates", "Open (window, category) aggregates, by partials partition."),
		bytes:      by("meanstream_sink_open_bytes", "About how much memory the open windows take up, by partials partition."),
		watermark:  by("meanstream_sink_watermark_seconds", "Event time up to which results are out, as seconds since the Unix epoch, by partials partition."),
		waits:      by("meanstream_sink_waiting_for_sources", "Source partitions that closable windows wait for, by partials partition."),
		rule: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "meanstream_sink_rule_from_offset",
			Help: "Offset from which on the records of a source partition go by another rule than before, where that changed while this process ran; told by the owner of partials partition 0."}, []string{"topic", "source_partition"}),
	}
	reg.MustRegister(m.results, m.lost, m.dropped, m.lag, m.windows, m.aggregates, m.bytes, m.watermark, m.waits, m.rule)
	m.committed(harvest{dropped: []Dropped{{}}}) // a verdict that is 0 is shown as well
	return m
}

func (m *Metrics) progress(partition int32, lag int64, open *result.Open) {
	p := strconv.Itoa(int(partition))
	m.lag.WithLabelValues(p).Set(float64(max(lag, 0)))
	m.windows.WithLabelValues(p).Set(float64(open.Windows()))
	m.aggregates.WithLabelValues(p).Set(float64(open.Aggregates()))
	m.bytes.WithLabelValues(p).Set(float64(open.Size()))
	if w := open.Emitted(); w != window.NoWatermark {
		m.watermark.WithLabelValues(p).Set(float64(w) / 1e9)
	}
}

// givenUp forgets what only the owner of a partition may speak of: with the last value of every former owner, sums over
// replicas would count partitions twice, and their lag would never fall.
func (m *Metrics) givenUp() {
	for _, g := range []*prometheus.GaugeVec{m.lag, m.windows, m.aggregates, m.bytes, m.watermark, m.waits, m.rule} {
		g.Reset()
	}
}

func (m *Metrics) ruleFrom(topic string, source int32, offset int64) {
	m.rule.WithLabelValues(topic, strconv.Itoa(int(source))).Set(float64(offset))
}

func (m *Metrics) waiting(partition int32, sources int) {
	m.waits.WithLabelValues(strconv.Itoa(int(partition))).Set(float64(sources))
}

func (m *Metrics) committed(h harvest) {
	m.results.Add(float64(len(h.results)))
	m.lost.Add(float64(h.lost))
	for _, d := range h.dropped {
		kept, filtered := d.Records()
		m.dropped.WithLabelValues("kept").Add(float64(kept))
		m.dropped.WithLabelValues("filtered").Add(float64(filtered))
	}
}
