package kafkatest

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestTheJudgeSeesWhatIsCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 3, "out": 1, "empty": 2}})
		h := c.Host("p")
		a, b := newProducer(t, h, "a"), newProducer(t, h, "b")
		a.begin("out", "aborted", "g", 0, 1)
		a.end(false)
		a.begin("out", "committed", "g", 0, 2)
		a.end(true)
		b.begin("out", "open", "g", 1, 3)
		a.begin("out", "behind the open one", "g", 0, 4)
		a.end(true)
		want(t, "committed", values(c.ReadCommitted("out")), "committed")
		want(t, "all", values(c.ReadAll("out")), "aborted committed open behind the open one")
		want(t, "nothing", len(c.ReadCommitted("empty")), 0)
		b.end(true)
		want(t, "closed", values(c.ReadCommitted("out")), "committed open behind the open one")
		if diff := cmp.Diff(map[int32]Offset{0: {4, "by a"}, 1: {3, "by b"}}, c.CommittedOffsets("g", "in")); diff != "" {
			t.Error("offsets (-want +got):", diff)
		}
		want(t, "offsets of a group unheard of", len(c.CommittedOffsets("nobody", "in")), 0)
		if err := c.Kfake().DeleteRecords("out", 0, 4); err != nil {
			t.Fatal(err)
		}
		want(t, "from the log's start", values(c.ReadCommitted("out")), "open behind the open one")
	})
}

func TestTheJudgeReadsEveryField(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Brokers: 3, Topics: map[string]int32{"out": 3}})
		at := time.UnixMilli(1764000000123)
		sent := []*kgo.Record{
			{Topic: "out", Partition: 2, Key: []byte("k"), Value: nil, Timestamp: at},
			{Topic: "out", Partition: 0, Value: []byte("x"), Timestamp: at, Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("1")}}},
			{Topic: "out", Partition: 0, Key: []byte{}, Value: []byte{}, Timestamp: at},
		}
		cl := c.Client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err := cl.ProduceSync(t.Context(), sent...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		wanted := []Message{
			{Partition: 0, Offset: 0, Time: at, Value: []byte("x"), Headers: []Header{{"h", []byte("1")}}},
			{Partition: 0, Offset: 1, Time: at, Key: []byte{}, Value: []byte{}},
			{Partition: 2, Offset: 0, Time: at, Key: []byte("k")},
		}
		equal := cmp.Comparer(func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) })
		if diff := cmp.Diff(wanted, c.ReadAll("out"), equal); diff != "" {
			t.Error("messages (-want +got):", diff)
		}
	})
}
