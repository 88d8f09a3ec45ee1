package worker

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the processor's. Counts are of committed records, so they agree with the ledger in the partials.
type Metrics struct {
	records   *prometheus.CounterVec
	lag       *prometheus.GaugeVec
	watermark *prometheus.GaugeVec
}

// NewMetrics makes and registers them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meanstream_processor_records_total", Help: "Committed records by verdict: kept, filtered, late, rejected."}, []string{"verdict"}),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "meanstream_processor_lag_records", Help: "Offsets between the position and the last stable offset, by partition."}, []string{"partition"}),
		watermark: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "meanstream_processor_watermark_seconds", Help: "Watermark as seconds since the Unix epoch, by partition."}, []string{"partition"}),
	}
	reg.MustRegister(m.records, m.lag, m.watermark)
	return m
}

func (m *Metrics) progress(partition int32, lag, watermark int64) {
	p := strconv.Itoa(int(partition))
	m.lag.WithLabelValues(p).Set(float64(max(lag, 0)))
	if watermark != noWatermark {
		m.watermark.WithLabelValues(p).Set(float64(watermark) / 1e9)
	}
}

func (m *Metrics) committed(all []Held) {
	for _, h := range all {
		m.records.WithLabelValues("kept").Add(float64(h.Source.Kept))
		m.records.WithLabelValues("filtered").Add(float64(h.Source.Filtered))
		m.records.WithLabelValues("late").Add(float64(h.Source.Late))
		m.records.WithLabelValues("rejected").Add(float64(h.Source.Rejected))
	}
}
