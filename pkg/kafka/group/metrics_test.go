package group

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// shown are a registry's values by name and first label that tells more than the service: "retries_total Fetch"; of a
// histogram, how often something was observed.
func shown(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := strings.TrimPrefix(f.GetName(), "meanstream_")
			for _, l := range m.GetLabel() {
				if l.GetName() == "service" {
					continue
				}
				name += " " + l.GetValue()
			}
			all[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return all
}

// measured gives a member metrics of its own.
func (m *member) measured() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	m.g.conf.Metrics = NewMetrics(reg, "toy")
	return reg
}

// TestWhatGoesWrongIsCountedByItsKind has each kind of trouble happen, and finds it in the metrics of the member that had
// it, and nothing else.
func TestWhatGoesWrongIsCountedByItsKind(t *testing.T) {
	for _, c := range []struct {
		name string
		rule kafkatest.Rule
		want map[string]float64 // at least; those of what can go wrong that are not named are 0
	}{
		{"nothing", kafkatest.Rule{Key: kmsg.Fetch, Nth: 2, Do: kafkatest.DelayAnswer(time.Millisecond)}, nil},
		{"a commit is fenced", kafkatest.Rule{Key: kmsg.EndTxn, Nth: 2, Do: kafkatest.AnswerCode(90)}, map[string]float64{"commits_total fenced": 1, "rereads_total": 1}},
		{"a commit is in doubt", kafkatest.Rule{Key: kmsg.TxnOffsetCommit, Nth: 2, Do: kafkatest.AnswerCode(49)}, map[string]float64{"commits_total doubt": 1, "rereads_total": 1}},
		{"a generation is over", kafkatest.Rule{Key: kmsg.TxnOffsetCommit, Nth: 2, Do: kafkatest.AnswerCode(22)}, map[string]float64{"commits_total stale": 1}},
		{"a request is refused for now", kafkatest.Rule{Key: kmsg.AddPartitionsToTxn, Nth: 2, Times: 3, Do: kafkatest.AnswerCode(51)}, map[string]float64{"retries_total AddPartitionsToTxn": 3}},
		{"a batch is refused for now", kafkatest.Rule{Key: kmsg.Produce, Nth: 2, Do: kafkatest.AnswerCode(19)}, map[string]float64{"retries_total Produce": 1}},
		{"an epoch is refused for now", kafkatest.Rule{Key: kmsg.InitProducerID, Times: 2, Do: kafkatest.AnswerCode(51)}, map[string]float64{"retries_total InitProducerId": 2}},
		{"offsets are not to be had", kafkatest.Rule{Key: kmsg.OffsetFetch, Times: 3, Do: kafkatest.AnswerCode(14)}, map[string]float64{"retries_total OffsetFetch": 1}},
		{"a naming is refused for now", kafkatest.Rule{Key: kmsg.OffsetCommit, Do: kafkatest.AnswerCode(14)}, map[string]float64{"retries_total OffsetCommit": 1}},
		{"a naming is in doubt", kafkatest.Rule{Key: kmsg.OffsetCommit, Do: kafkatest.AnswerCode(7)}, map[string]float64{"takeovers_in_doubt_total": 1}},
		{"a join is refused", kafkatest.Rule{Key: kmsg.JoinGroup, Times: 2, Do: kafkatest.AnswerCode(16)}, map[string]float64{"group_join_failures_total": 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, 2, func(s *stage) {
				m := s.member("a")
				reg := m.measured()
				m.On(c.rule)
				m.start()
				s.stream(2, 20*time.Second)
				got := shown(t, reg)
				if got["group_partitions"] != 2 || got["transaction_version"] != float64(s.version) || got["commits_total committed"] < 5 ||
					got["takeover_duration_seconds"] < 1 || got["commit_duration_seconds"] < got["commits_total committed"] || got["group_joins_total"] < 1 ||
					got["epochs_total"] < 1 || time.Since(time.Unix(int64(got["last_commit_timestamp_seconds"]), 0)) > 10*time.Second {
					t.Errorf("while it works: %v", got)
				}
				for name, n := range got {
					trouble := strings.HasPrefix(name, "retries") || strings.HasPrefix(name, "commits") || strings.Contains(name, "doubt") || strings.Contains(name, "failures") ||
						name == "rereads_total" || name == "fencings_total"
					// An end of an earlier transaction that is still being written is waited for at times: no trouble.
					if want := c.want[name]; trouble && (n < want || n > 0 && want == 0) && name != "commits_total committed" && !strings.Contains(name, "retries_total AddOffsets") {
						t.Errorf("%s = %v, want %v", name, n, want)
					}
				}
				for name := range c.want {
					if _, there := got[name]; !there {
						t.Errorf("there is no %s", name)
					}
				}
				m.end()
				if got := shown(t, reg); got["group_partitions"] != 0 {
					t.Errorf("%v partitions are read after the end", got["group_partitions"])
				}
				s.verify()
			})
		})
	}
}

// TestAFencingIsCountedByWhoDoesIt: the owner is killed with its offsets pending.
func TestAFencingIsCountedByWhoDoesIt(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		a, b := s.member("a"), s.member("b")
		a.Before(func(q kafkatest.Request) {
			if q.Key == kmsg.EndTxn && q.N == 3 {
				a.Kill()
			}
		})
		a.start()
		s.stream(2, 6*time.Second)
		reg := b.measured()
		b.start()
		s.stream(2, 25*time.Second)
		if got := shown(t, reg); got["fencings_total"] != 1 || got["commits_total committed"] < 1 {
			t.Errorf("the successor shows %v", got)
		}
		b.end()
		a.crash()
		s.verify()
	})
}

func TestConnectionsThatCanNotBeMadeAreCounted(t *testing.T) {
	reg := prometheus.NewRegistry()
	dial := NewMetrics(reg, "toy").Dial(func(ctx context.Context, _, addr string) (net.Conn, error) {
		if addr == "slow" {
			<-ctx.Done()
		}
		if addr == "fine" {
			return nil, nil
		}
		return nil, errors.New("refused")
	})
	gone, stop := context.WithCancel(t.Context())
	stop()
	for _, addr := range []string{"fine", "refused", "refused"} {
		_, _ = dial(t.Context(), "tcp", addr)
	}
	_, _ = dial(gone, "tcp", "slow")
	if n := shown(t, reg)["connect_failures_total"]; n != 2 {
		t.Errorf("%v failures, want 2", n)
	}
}

// TestTwoServicesShareARegistry, as in the demo.
func TestTwoServicesShareARegistry(t *testing.T) {
	reg := prometheus.NewRegistry()
	NewMetrics(reg, "processor").joins.Inc()
	NewMetrics(reg, "sink").joins.Inc()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "meanstream_group_joins_total" && len(f.GetMetric()) != 2 {
			t.Errorf("%d series of %s, want 2", len(f.GetMetric()), f.GetName())
		}
	}
}
