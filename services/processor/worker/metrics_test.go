package worker

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestTheMetricsTellWhatThePartialsTell, and how many partitions wait for a sink that is not there.
func TestTheMetricsTellWhatThePartialsTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		reg := prometheus.NewRegistry()
		p := r.start("a", func(s *Settings) { s.MaxAhead, s.Metrics = 5, NewMetrics(reg) })
		if n := verdicts(t, reg); len(n) != 4 || n["kept"] != 0 {
			t.Errorf("before the first commit: %v, want all four to be 0", n)
		}
		time.Sleep(10 * time.Second)
		now := time.Now().Unix()
		send := func(partition int32, seconds int64, value string) {
			t.Helper()
			rec := fmt.Appendf(nil, `{"timestamp":%d,"value":%s,"category":"A"}`, now+seconds, value)
			if err := r.client.ProduceSync(t.Context(), &kgo.Record{Topic: "records", Partition: partition, Value: rec}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		send(0, 0, "1")
		send(1, 0, "1")
		time.Sleep(3 * time.Second)
		for _, value := range []string{"1", "95", `"x"`} {
			send(0, 20, value)
		}
		send(0, 0, "1")    // late by now
		send(0, 1000, "1") // and nothing behind this one is fetched
		time.Sleep(5 * time.Second)
		if n := verdicts(t, reg); n["kept"] != 4 || n["filtered"] != 1 || n["rejected"] != 1 || n["late"] != 1 {
			t.Errorf("committed: %v", n)
		}
		if n := shown(t, reg, "meanstream_processor_held_partitions"); n != 1 {
			t.Errorf("%v partitions are held, want 1", n)
		}
		if n := shown(t, reg, "meanstream_commits_total"); n < 2 {
			t.Errorf("%v commits, want some", n)
		}
		if err := p.End(); err != nil {
			t.Fatal(err)
		}
		if n := shown(t, reg, "meanstream_processor_held_partitions"); n != 0 {
			t.Errorf("%v partitions are held after the end", n)
		}
	})
}

// verdicts is the count of each verdict.
func verdicts(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "meanstream_processor_records_total" {
				all[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	return all
}
