package worker

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
)

// Metrics are the processor's. Counts are of committed records, so they agree with the ledger in the partials.
type Metrics struct {
	group     *group.Metrics
	records   *prometheus.CounterVec
	lost      prometheus.Counter
	held      prometheus.Gauge
	lag       *prometheus.GaugeVec
	watermark *prometheus.GaugeVec
}

// NewMetrics makes and registers them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		group: group.NewMetrics(reg, "processor"),
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meanstream_processor_records_total", Help: "Committed records by verdict: kept, filtered, late, rejected."}, []string{"verdict"}),
		// By partition it would begin at its first value, and a rate would never see that; the log names the partition.
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "meanstream_processor_lost_offsets_total", Help: "Committed offsets that were deleted before they were read (--on-lost-records skip): at most so many records are missing."}),
		held: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "meanstream_processor_held_partitions", Help: "Partitions that are too far ahead of the sink and wait for it (--max-ahead)."}),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "meanstream_processor_lag_records", Help: "Offsets between the position and the last stable offset, by topic and partition."}, []string{"topic", "partition"}),
		watermark: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "meanstream_processor_watermark_seconds", Help: "Watermark as seconds since the Unix epoch, by topic and partition."}, []string{"topic", "partition"}),
	}
	reg.MustRegister(m.records, m.lost, m.held, m.lag, m.watermark)
	m.committed([]Held{{}}) // a verdict that is 0 is shown as well
	return m
}

func (m *Metrics) progress(of broker.TopicPartition, lag, watermark int64) {
	p := strconv.Itoa(int(of.Partition))
	m.lag.WithLabelValues(of.Topic, p).Set(float64(max(lag, 0)))
	if watermark != noWatermark {
		m.watermark.WithLabelValues(of.Topic, p).Set(float64(watermark) / 1e9)
	}
}

// givenUp forgets what only the owner of a partition may speak of: with the last value of every former owner, sums over
// replicas would count partitions twice, and their lag would never fall.
func (m *Metrics) givenUp() {
	m.lag.Reset()
	m.watermark.Reset()
}

func (m *Metrics) committed(all []Held) {
	for _, h := range all {
		m.records.WithLabelValues("kept").Add(float64(h.Source.Kept))
		m.records.WithLabelValues("filtered").Add(float64(h.Source.Filtered))
		m.records.WithLabelValues("late").Add(float64(h.Source.Late))
		m.records.WithLabelValues("rejected").Add(float64(h.Source.Rejected))
		m.lost.Add(float64(h.Source.Lost))
	}
}
