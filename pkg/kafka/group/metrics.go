package group

import (
	"context"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meanstream/meanstream/pkg/kafka/txn"
)

// Metrics are those of a member, whatever its service does: commits, take-overs, the group, and what had to be tried
// again. They say what a line of the log says, for whoever watches many processes.
type Metrics struct {
	commits    *prometheus.CounterVec
	took       prometheus.Histogram
	bytes      prometheus.Histogram
	committed  prometheus.Gauge
	rereads    prometheus.Counter
	epochs     prometheus.Counter
	version    prometheus.Gauge
	takeOvers  prometheus.Histogram
	inDoubt    prometheus.Counter
	fencings   prometheus.Counter
	joins      prometheus.Counter
	failures   prometheus.Counter
	generation prometheus.Gauge
	partitions prometheus.Gauge
	retries    *prometheus.CounterVec
	dials      prometheus.Counter
}

// NewMetrics makes and registers them, each with the label service: the demo has two services in one registry.
func NewMetrics(reg prometheus.Registerer, service string) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "meanstream_" + name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "meanstream_" + name, Help: help})
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "meanstream_" + name, Help: help, Buckets: buckets})
	}
	// From one millisecond, the best that a broker does, to beyond the longest that a commit or a take-over may last.
	times := prometheus.ExponentialBuckets(0.001, 2, 15)
	m := &Metrics{
		commits: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "meanstream_commits_total",
			Help: "Transactions by verdict: committed; in doubt, fenced, stale or refused, after which what was in them is read again."}, []string{"verdict"}),
		took:       histogram("commit_duration_seconds", "How long transactions take, whatever their verdict.", times),
		bytes:      histogram("commit_bytes", "Bytes of records in a transaction.", prometheus.ExponentialBuckets(256, 4, 10)),
		committed:  gauge("last_commit_timestamp_seconds", "When the last transaction was committed, as seconds since the Unix epoch; 0 before the first."),
		rereads:    counter("rereads_total", "Times that something was in doubt and everything since the last commit was read again."),
		epochs:     counter("epochs_total", "Producer epochs taken: one for each take-over, and one after each doubt."),
		version:    gauge("transaction_version", "Version of the transactions, 1 or 2; 0 before the first."),
		takeOvers:  histogram("takeover_duration_seconds", "How long it takes from the assignment of partitions until all of them are read.", times),
		inDoubt:    counter("takeovers_in_doubt_total", "Take-overs that nobody answered for, after which the group is joined as a new member."),
		fencings:   counter("fencings_total", "Earlier owners that were fenced because a commit of theirs hung."),
		joins:      counter("group_joins_total", "Generations of the group that were joined."),
		failures:   counter("group_join_failures_total", "Tries to join the group that failed."),
		generation: gauge("group_generation", "Generation of the group that was joined last; each rebalance makes another."),
		partitions: gauge("group_partitions", "Partitions that are read at present."),
		retries:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "meanstream_retries_total", Help: "Requests that were sent again because they failed or were refused for now, by Kafka's name for them."}, []string{"what"}),
		dials:      counter("connect_failures_total", "Connections to brokers that could not be made."),
	}
	for _, what := range []string{"AddOffsetsToTxn", "AddPartitionsToTxn", "EndTxn", "Fetch", "InitProducerId", "ListOffsets", "Metadata", "OffsetCommit", "OffsetFetch", "Produce", "TxnOffsetCommit"} {
		m.retries.WithLabelValues(what) // else it would begin at its first value, and a rate would never see that
	}
	for _, v := range []txn.Verdict{txn.Committed, txn.Doubt, txn.Fenced, txn.Stale, txn.Refused} {
		m.commits.WithLabelValues(label(v))
	}
	prometheus.WrapRegistererWith(prometheus.Labels{"service": service}, reg).MustRegister(m.commits, m.took, m.bytes, m.committed, m.rereads,
		m.epochs, m.version, m.takeOvers, m.inDoubt, m.fencings, m.joins, m.failures, m.generation, m.partitions, m.retries, m.dials)
	return m
}

// label is a verdict as a metric says it.
func label(v txn.Verdict) string {
	switch v {
	case txn.Committed:
		return "committed"
	case txn.Doubt:
		return "doubt"
	case txn.Fenced:
		return "fenced"
	case txn.Stale:
		return "stale"
	case txn.Refused:
		return "refused"
	case txn.Open:
	}
	panic("unreachable: a transaction that is over has a verdict, not " + v.String())
}

// Retries is where tries of the request with this name, by Kafka's name for it, are counted, for a [Trouble].
func (m *Metrics) Retries(what string) prometheus.Counter { return m.retries.WithLabelValues(what) }

// commit tells of a transaction that is over.
func (m *Metrics) commit(v txn.Verdict, took time.Duration, c *txn.Commit) {
	m.commits.WithLabelValues(label(v)).Inc()
	m.took.Observe(took.Seconds())
	size := 0
	for _, b := range c.Batches {
		size += len(b.Bytes)
	}
	m.bytes.Observe(float64(size))
	if v == txn.Committed {
		m.committed.SetToCurrentTime()
	}
}

// watch is what a tenure's driver tells.
func (m *Metrics) watch() txn.Watch {
	return txn.Watch{Retried: func(api string) { m.retries.WithLabelValues(api).Inc() }, Renewed: m.epochs.Inc}
}

// dialTimeout is how long one connection may take to be made.
const dialTimeout = 3 * time.Second

// Dial counts the connections that dial, or plain TCP where it is nil, can't make.
func (m *Metrics) Dial(dial func(ctx context.Context, network, addr string) (net.Conn, error)) func(ctx context.Context, network, addr string) (net.Conn, error) {
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil && ctx.Err() == nil { // one that nobody wants any more did not fail
			m.dials.Inc()
		}
		return conn, err
	}
}
