package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/record"
	"github.com/meanstream/meanstream/pkg/window"
	"github.com/meanstream/meanstream/services/processor/worker"
	"github.com/meanstream/meanstream/test/oracle"
)

// address is where a record stands.
type address struct {
	partition int32
	offset    int64
}

// lossy is a river whose records are deleted under its readers. It remembers them, for the judge comes too late.
type lossy struct {
	*river
	records map[address]oracle.Record
	lost    map[int32]int64
}

// losing plays on a lossy river and judges: what was read is in the results, as if the rest had never been there, and the
// rest is in the partials as lost.
func losing(t *testing.T, name string, o options, play func(l *lossy)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			o.closeIdle = 8 * time.Second
			l := &lossy{river: start(t, o), records: map[address]oracle.Record{}, lost: map[int32]int64{}}
			play(l)
			l.judgeLossy()
		})
	})
}

// remember adds what is in the records topic now.
func (l *lossy) remember() {
	l.t.Helper()
	for _, m := range l.cluster.ReadCommitted(recordsTopic) {
		l.records[address{m.Partition, m.Offset}] = oracle.Record{Source: oracle.Source{Topic: recordsTopic, Partition: m.Partition}, Offset: m.Offset, Value: m.Value, Time: m.Time.UnixMilli()}
	}
}

// purge deletes the records of a partition below an offset, as retention does. What the group had not committed by then is
// lost: nobody may be about to commit.
func (l *lossy) purge(partition int32, below int64) {
	l.t.Helper()
	l.remember()
	for at := l.cluster.CommittedOffsets("processor", recordsTopic)[partition].At; at < below; at++ {
		if _, there := l.records[address{partition, at}]; there {
			l.lost[partition]++
			delete(l.records, address{partition, at})
		}
	}
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: recordsTopic, Partition: partition, At: below})
	if _, err := kadm.NewClient(l.client).DeleteRecords(context.Background(), offsets); err != nil {
		l.t.Fatal(err)
	}
}

// unread is the middle of what of a partition is not committed yet.
func (l *lossy) unread(partition int32) int64 {
	at, end := l.cluster.CommittedOffsets("processor", recordsTopic)[partition].At, l.cluster.Kfake().PartitionInfo(recordsTopic, partition).HighWatermark
	if end-at < 4 {
		l.t.Fatalf("only %d records of partition %d are unread: this test can't fail", end-at, partition)
	}
	return (at + end) / 2
}

// skipper is a processor that goes on without lost records.
func (l *lossy) skipper(name string) *process {
	keep, err := record.ParseKeep("value < 90")
	if err != nil {
		l.t.Fatal(err)
	}
	return l.launch(name, func(ctx context.Context, b broker.Config, log *zap.Logger) error {
		return worker.Serve(ctx, worker.Settings{
			Config: worker.Config{
				Log: log, Metrics: worker.NewMetrics(prometheus.NewRegistry()), Group: "processor", SinkGroup: "sink",
				Rule: worker.Rule{Window: window.Rule{Size: int64(windowSize), Lateness: int64(lateness), Keep: keep.String()},
					Keep: keep, MaxFuture: 5 * time.Minute, MaxBytes: 512 << 10},
				MaxAhead: 1000, SkipLost: true,
			},
			Broker: b, Flush: time.Second, Ready: func(bool, string) {},
			Records: l.read(), Partials: topic(partialsTopic, outputs), Rejects: topic(rejectsTopic, sources),
		})
	})
}

func (l *lossy) judgeLossy() {
	l.t.Helper()
	l.remember()
	var records []oracle.Record
	for _, r := range l.records {
		records = append(records, r)
	}
	want := oracle.Judge(records, rule())
	var got []oracle.Published
	for _, m := range l.cluster.ReadCommitted(resultsTopic) {
		got = append(got, oracle.Published{Partition: m.Partition, Key: m.Key, Value: m.Value})
	}
	if err := oracle.Compare(want, got); err != nil {
		l.t.Error(err)
	}
	l.ledger(want, int64(len(records)))
	told := make([]map[int32]int64, outputs)
	for i := range told {
		told[i] = map[int32]int64{}
	}
	for _, m := range l.cluster.ReadCommitted(partialsTopic) {
		p, err := partial.Decode(m.Value)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, s := range p.Sources {
			if s.Lost > 0 {
				told[m.Partition][s.Partition] += s.Lost
			}
		}
	}
	for i, lost := range told {
		if len(l.lost) == 0 || fmt.Sprint(lost) != fmt.Sprint(l.lost) {
			l.t.Errorf("%v: partials/%d tell of lost offsets %v, want %v", oracle.ErrBrokeComplete, i, lost, l.lost)
		}
	}
}

// TestRetentionPassesTheCommittedOffsetOfADeadProcessor: without a choice it stops by name, and with it the rest of the
// river is as if the lost records had never been.
func TestRetentionPassesTheCommittedOffsetOfADeadProcessor(t *testing.T) {
	losing(t, "stopped, then skipped", options{brokers: 3}, func(l *lossy) {
		p1, s := l.processor("p1"), l.sink("s1")
		l.flow(1, 25*time.Second)
		p1.Stop()
		l.flow(2, 25*time.Second)
		l.purge(1, l.unread(1))
		l.purge(2, l.unread(2))
		stopped := l.processor("p2")
		<-stopped.done
		if !errors.Is(stopped.err, worker.ErrLost) || !strings.Contains(stopped.err.Error(), "--on-lost-records skip") {
			l.t.Errorf("error %v, want %v with its way out", stopped.err, worker.ErrLost)
		}
		p3 := l.skipper("p3")
		l.flow(3, 25*time.Second)
		settle()
		l.end(p1, p3, s)
	})
	for _, key := range []kmsg.Key{kmsg.OffsetCommit, kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn} {
		for _, before := range []bool{true, false} {
			losing(t, fmt.Sprintf("killed at its first %s, before=%v", key.Name(), before), options{}, func(l *lossy) {
				p1, s := l.processor("p1"), l.sink("s1")
				l.flow(uint64(key), 20*time.Second)
				p1.Stop()
				l.flow(uint64(key)+1, 20*time.Second)
				l.purge(1, l.unread(1))
				p2 := l.skipper("p2")
				killAt(p2, key, 1, before)
				l.flow(uint64(key)+2, 10*time.Second)
				p3 := l.skipper("p3")
				l.flow(uint64(key)+3, 20*time.Second)
				settle()
				p2.Crash()
				l.end(p1, p3, s)
			})
		}
	}
}

// TestRetentionPassesARunningProcessor that can't reach one partition's leader for a while.
func TestRetentionPassesARunningProcessor(t *testing.T) {
	losing(t, "and it goes on", options{}, func(l *lossy) {
		p, s := l.skipper("p1"), l.sink("s1")
		l.flow(1, 20*time.Second)
		deaf := p.On(kafkatest.Rule{Key: kmsg.Fetch, Match: fetches(recordsTopic, 1), Times: -1, Do: kafkatest.DropRequest(kafkatest.Break)})
		l.flow(2, 20*time.Second)
		l.purge(1, l.unread(1))
		deaf.Remove()
		l.flow(3, 20*time.Second)
		settle()
		l.end(p, s)
	})
}
