package merger

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
	"github.com/meanstream/meanstream/pkg/kafka/placement"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/window"
)

const testLimit = 4 << 10

func testShift() *Shift {
	return &Shift{
		Sink:              New(Config{ResultsTo: "results", RejectsTo: "rejects", MessageBytes: testLimit}),
		t:                 &group.Tenure{Topics: []broker.Topic{{Name: "partials"}}},
		resultsPartitions: 3, rejectsPartitions: 2,
	}
}

// read tells what a batch holds, and holds it to the limit.
func read(t interface{ Fatalf(string, ...any) }, b broker.Batch, each func(*batch.Record)) {
	if len(b.Bytes) > testLimit {
		t.Fatalf("a batch for %s takes %d bytes of at most %d", b.Topic, len(b.Bytes), testLimit)
	}
	var w batch.Walker
	var m batch.Record
	w.Reset(b.Bytes, 0, nil, true)
	for w.Next() {
		for w.Record(&m) {
			each(&m)
		}
	}
	if w.Err() != nil {
		t.Fatalf("a planned batch can't be read: %v", w.Err())
	}
}

func TestResultsKeepTheirOrderInOnePartition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []harvest
		want := map[string][]string{}
		for p := range rapid.Int32Range(1, 3).Draw(t, "workers") {
			h := harvest{partition: p}
			for i := range rapid.IntRange(0, 60).Draw(t, "results") {
				category := fmt.Sprintf("c%d", rapid.IntRange(0, 5).Draw(t, "category"))
				r := result.Result{Category: category, Window: window.Bounds{Start: int64(i) * 1e9, End: int64(i+1) * 1e9}, Count: 1}
				h.results = append(h.results, r)
				want[category] = append(want[category], fmt.Sprint((i+1)*1000, " ", string(r.AppendJSON(nil))))
			}
			all = append(all, h)
		}
		batches, err := testShift().plan(all)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		for _, b := range batches {
			read(t, b, func(m *batch.Record) {
				if to := placement.Of(m.Key, 3); b.Topic != "results" || b.Partition != to {
					t.Fatalf("a result of %s is for %s/%d, want results/%d", m.Key, b.Topic, b.Partition, to)
				}
				got[string(m.Key)] = append(got[string(m.Key)], fmt.Sprint(m.Time, " ", string(m.Value)))
			})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("results by category (-want +got):\n%s", diff)
		}
	})
}

func TestWhatWasDroppedIsSummedUpInRejects(t *testing.T) {
	long := strings.Repeat("x", 1024)
	var d Dropped
	d.Offset = 77
	for i := range int64(20) {
		d.Entries = append(d.Entries, entry(window.Bounds{Start: i * 10, End: i*10 + 10}, long, 1))
	}
	for i := range int32(500) { // more spans than fit a message
		d.Sources = append(d.Sources, partial.Source{Partition: i, From: 1e12, To: 2e12})
	}
	batches, err := testShift().plan([]harvest{{partition: 5, dropped: []Dropped{d}}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, b := range batches {
		if b.Topic != "rejects" || b.Partition != 1 {
			t.Fatalf("a summary is for %s/%d, want rejects/1", b.Topic, b.Partition)
		}
		read(t, b, func(m *batch.Record) {
			n++
			headers := map[string]string{}
			for h := range m.Raw.All() {
				headers[h.Key] = string(h.Value)
			}
			if string(m.Key) != long || headers["meanstream-reason"] != "dropped-at-sink" || headers["meanstream-topic"] != "partials" ||
				headers["meanstream-partition"] != "5" || headers["meanstream-offset"] != "77" {
				t.Errorf("a summary with the key %.10q and headers %q", m.Key, headers)
			}
		})
	}
	if n != len(d.Entries) {
		t.Errorf("%d summaries, want %d", n, len(d.Entries))
	}
}

// TestASummaryFillsABatchAtMost goes through all lengths around the limit.
func TestASummaryFillsABatchAtMost(t *testing.T) {
	d := Dropped{Entries: []partial.Entry{entry(window.Bounds{End: 10}, "A", 1)}}
	for i := range int32(200) {
		d.Sources = append(d.Sources, partial.Source{Partition: 1000 + i, From: 1, To: 2})
		batches, err := testShift().plan([]harvest{{dropped: []Dropped{d}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range batches {
			read(t, b, func(*batch.Record) {})
		}
	}
}

func TestWhatIsHalfMergedIsNeverHandedOver(t *testing.T) {
	s := fresh()
	take(t, s, 0, one(0, 1, 5, 10))
	w := &worker{state: s, taken: make(chan struct{}, 1), failed: true}
	if h, ok, err := w.handOver(); ok || err != nil {
		t.Errorf("handed over %+v, error %v", h, err)
	}
	w.failed = false
	if h, ok, err := w.handOver(); !ok || err != nil || h.position != 1 {
		t.Errorf("without a failure: handed over %+v, %v, error %v", h, ok, err)
	}
	if _, ok, _ := w.handOver(); ok {
		t.Error("handed over again though nothing moved")
	}
}

func TestNothingHandedOverPlansNothing(t *testing.T) {
	if batches, err := testShift().plan([]harvest{{partition: 1, position: 4}}); err != nil || len(batches) != 0 {
		t.Errorf("%d batches, error %v", len(batches), err)
	}
}
