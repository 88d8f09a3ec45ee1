package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// burst sends records to the partitions of the records topic in turn, in pieces that the client can hold.
func (r *river) burst(n int, value func(i int) []byte) {
	r.t.Helper()
	topic := r.topic("records")
	partitions := r.partitions(topic)
	piece := make([]*kgo.Record, 0, 5000)
	for i := range n {
		piece = append(piece, &kgo.Record{Topic: topic, Partition: int32(i % partitions), Value: value(i)})
		if len(piece) == cap(piece) || i == n-1 {
			r.send(piece...)
			piece = piece[:0]
		}
	}
}

// measured is a record's value.
func measured(at time.Time, value float64, category string) []byte {
	return fmt.Appendf(nil, `{"timestamp":%d.%03d,"value":%g,"category":%q}`, at.Unix(), at.Nanosecond()/1e6, value, category)
}

// poison is values that can't count, for every reason that there is, and a few that look like it and can.
func poison(now time.Time) [][]byte {
	all := [][]byte{nil, {}, {0}, []byte("\xff\xfe\x00"), make([]byte, 512<<10+1)}
	deep := strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001)
	for _, format := range []string{
		`oops`, `{`, `null`, `[]`, `42`, `"text"`, `{}`, `{"timestamp":%d}`, `{"timestamp":%d,"value":1}`, `{"timestamp":%d,"category":"A"}`,
		`{"value":1,"category":"A"}`, `{"timestamp":"%d","value":1,"category":"A"}`, `{"timestamp":%d,"value":"1","category":"A"}`,
		`{"timestamp":%d,"value":1,"category":1}`, `{"timestamp":%d,"value":1e999,"category":"A"}`, `{"timestamp":%d,"value":NaN,"category":"A"}`,
		`{"timestamp":1e30,"value":1,"category":"A"}`, `{"timestamp":%d,"value":1,"category":""}`, "{\"timestamp\":%d,\"value\":1,\"category\":\"\xff\"}",
		`{"timestamp":%d,"value":1,"category":"` + strings.Repeat("x", 1025) + `"}`, `{"timestamp":%d,"value":1,"category":"A"} {}`,
		`{"timestamp":%d,"value":1,"category":"A","more":` + deep + `}`, `{"timestamp":%d,"value":01,"category":"A"}`,
		`{"timestamp":null,"value":1,"category":"A"}`, `{"timestamp":%d,"value":null,"category":"A"}`, `{"timestamp":%d,"value":1,"category":null}`,
		`{"Timestamp":%d,"value":1,"category":"A"}`, `{"timestamp":%d,"value":1,"value":"x","category":"A"}`, `{"timestamp":%d,"value":"x","value":1,"category":"twice"}`,
		`{"timestamp":%d,"value":-0.0,"category":"A"}`, `{"timestamp":%d,"value":1,"category":"\ud83d"}`, `{"timestamp":%d,"value":1,"category":"A\u0000"}`,
	} {
		all = append(all, []byte(strings.ReplaceAll(format, "%d", fmt.Sprint(now.Unix()))))
	}
	return all
}

// TestPoisonInBulkIsRejectedAndNothingElse sends tens of thousands of records that can't count amid ordinary ones.
func TestPoisonInBulkIsRejectedAndNothingElse(t *testing.T) {
	t.Parallel()
	f := start(t).river("poison", time.Second).fleet(1000, 2, 1)
	f.begin()
	values := poison(time.Now())
	f.burst(10*len(values), func(i int) []byte { return values[i%len(values)] })
	small := values[:0]
	for _, v := range values {
		if len(v) < 2000 {
			small = append(small, v)
		}
	}
	f.burst(50_000, func(i int) []byte { return small[i/6%len(small)] })
	f.back("poison in bulk")
	if want := f.verdict(); want.Rejected < 40_000 {
		t.Errorf("the poison counts as %+v", want.Counts)
	}
}

// TestAFloodOfLateAndFutureRecordsIsRejected sends tens of thousands of records that are far too late or far too early.
func TestAFloodOfLateAndFutureRecordsIsRejected(t *testing.T) {
	t.Parallel()
	f := start(t).river("times", time.Second).fleet(1000, 2, 1)
	f.begin()
	random := rand.New(rand.NewPCG(3, 4))
	now := time.Now()
	f.burst(50_000, func(i int) []byte {
		return measured(now.Add(-time.Minute-time.Duration(random.Int64N(int64(50*365*24*time.Hour)))), 1, "late")
	})
	f.burst(50_000, func(i int) []byte {
		return measured(now.Add(6*time.Minute+time.Duration(random.Int64N(int64(200*365*24*time.Hour)))), 1, "early")
	})
	f.back("late and early ones in bulk")
	if want := f.verdict(); want.Late < 50_000 || want.Rejected != 50_000 {
		t.Errorf("the flood counts as %+v", want.Counts)
	}
}

// TestABombOfCategories sends as many categories as records, within seconds. The processors pay with flushes, the sink
// with the memory that a window of so many takes, and all come out.
func TestABombOfCategories(t *testing.T) {
	t.Parallel()
	categories, sinkPeak := 200_000, int64(512<<20)
	if os.Getenv("CHAOS_LONG") != "" {
		categories, sinkPeak = 1_000_000, 2<<30
	} else {
		t.Log("with CHAOS_LONG=1 there are a million of them")
	}
	f := start(t).river("bomb", time.Second).fleet(500, 2, 1)
	f.begin()
	now := time.Now()
	f.burst(categories, func(i int) []byte { return measured(time.Now(), float64(i%100), fmt.Sprintf("category %d", i)) })
	t.Logf("sent %d categories in %s", categories, time.Since(now).Round(100*time.Millisecond))
	f.back("a bomb of categories")
	for _, p := range f.processors {
		f.atMost(p, 128<<20)
	}
	f.atMost(f.sinks[0], sinkPeak)
	if want := f.verdict(); len(want.Results) < categories*9/10 {
		t.Errorf("%d results are to be, of %d categories", len(want.Results), categories)
	}
}

// atMost fails if who holds a post has ever had more memory than so many bytes.
func (f *fleet) atMost(p *post, most int64) {
	f.t.Helper()
	peak := p.now.peak()
	f.t.Logf("%s had at most %d MiB", p.name, peak>>20)
	if peak > most {
		f.t.Errorf("%s had %d MiB, want at most %d", p.name, peak>>20, most>>20)
	}
}

// TestAPartitionADayAheadWaits sends a day of records to one partition while the others stay at its beginning: it is
// held, and so is memory. When the others have caught up, all is in its result.
func TestAPartitionADayAheadWaits(t *testing.T) {
	t.Parallel()
	const perSecond, seconds = 2, 86_400
	f := start(t).river("ahead", 10*time.Second).fleet(1, 1, 1)
	f.rule.MaxFuture = 0
	topic := f.topic("records")
	f.makeTopic(topic, 3, "LogAppendTime")
	p := f.processors[0]
	p.args = append(p.args, "--max-future=0s")
	f.fill(p, f.sinks[0])
	begin := time.Now().Add(-24 * time.Hour).Truncate(time.Second)
	send := func(partition int32, from, to, each int) {
		records := make([]*kgo.Record, 0, 10_000)
		for i := from; i < to; i += each {
			at := begin.Add(time.Duration(i) * time.Second / perSecond)
			records = append(records, record(topic, partition, at, float64(i%100), string(rune('A'+i%5))))
			if len(records) == cap(records) || i+each >= to {
				f.send(records...)
				records = records[:0]
			}
		}
	}
	for slow := int32(1); slow < 3; slow++ {
		send(slow, 0, 10*perSecond, 1)
	}
	send(0, 0, seconds*perSecond, 1)
	p.now.says(bound, "a partition is too far ahead of the sink and waits for it")
	time.Sleep(5 * time.Second) // what is waited for is that it goes no further
	lag, err := f.lag(f.topic("processor"), topic)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d records wait", lag, perSecond*seconds)
	if lag < perSecond*seconds/2 {
		t.Errorf("only %d records wait, of %d that are a day ahead", lag, perSecond*seconds)
	}
	for slow := int32(1); slow < 3; slow++ {
		send(slow, 10*perSecond, seconds*perSecond, 60*perSecond)
	}
	p.now.says(bound, "the sink has come nearer, the partition is read on")
	f.drained()
	f.atMost(p, 128<<20)
	f.atMost(f.sinks[0], 128<<20)
	f.verdict()
}
