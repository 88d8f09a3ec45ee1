package secure

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/oracle"
)

// TestTheRiverRunsWithTheACLsAlone has the least rights that the script gives, and the results of the oracle.
func TestTheRiverRunsWithTheACLsAlone(t *testing.T) {
	s := start(t)
	if code := s.run(t, "generator", "--count", "20000", "--rate", "0", "--seed", "1").wait(); code != 0 {
		t.Fatalf("the generator ended with exit code %d", code)
	}
	for _, name := range []string{"processor", "sink"} {
		if code := s.run(t, name, "--exit-at-end").wait(); code != 0 {
			t.Fatalf("%s ended with exit code %d", name, code)
		}
	}
	var records []oracle.Record
	for _, m := range s.read(t, "records") {
		records = append(records, oracle.Record{Source: oracle.Source{Topic: m.Topic, Partition: m.Partition}, Offset: m.Offset, Value: m.Value, Time: m.Timestamp.UnixMilli()})
	}
	var results []oracle.Published
	for _, m := range s.read(t, "results") {
		results = append(results, oracle.Published{Partition: m.Partition, Key: m.Key, Value: m.Value})
	}
	want := oracle.Judge(records, oracle.Rule{Window: 10 * time.Second, Lateness: 2 * time.Second,
		Keep: func(v float64) bool { return v < 90 }, MaxFuture: 5 * time.Minute, MaxBytes: 512 << 10})
	if err := oracle.Compare(want, results); err != nil || len(records) != 20_000 {
		t.Errorf("of %d records: %v", len(records), err)
	}
	if rejects := s.read(t, "rejects"); int64(len(rejects)) != want.Late+want.Rejected {
		t.Errorf("%d rejects, the oracle counts %d late and %d rejected", len(rejects), want.Late, want.Rejected)
	}
	for _, name := range users() {
		r := s.run(t, name, "--check")
		if code := r.wait(); code != 0 || strings.Contains(r.stdout.String(), "wrong") {
			t.Errorf("%s --check ended with exit code %d", name, code)
		}
		t.Logf("%s --check\n%s", name, r.stdout.String())
	}
}

// read reads what an independent client sees of a topic in read_committed, up to where it ends now.
func (s *shared) read(t *testing.T, topic string) []*kgo.Record {
	t.Helper()
	ends, err := s.admin.ListCommittedOffsets(t.Context(), topic)
	if err != nil || ends.Error() != nil {
		t.Fatalf("list where %s ends: %v %v", topic, err, ends.Error())
	}
	left := map[int32]int64{}
	from := map[int32]kgo.Offset{}
	for partition, end := range ends[topic] {
		if end.Offset > 0 {
			left[partition], from[partition] = end.Offset, kgo.NewOffset().AtStart()
		}
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(s.ports[adminPort]), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var all []*kgo.Record
	for len(left) > 0 {
		fetched := client.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			t.Fatalf("read %s: %v; still to come: %v", topic, err, left)
		}
		fetched.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				all = append(all, r)
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return all
}
