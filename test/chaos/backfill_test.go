package chaos

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// feed writes records of a year ago, some late, some not fit to count.
func feed(t *testing.T, n int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	from := time.Now().Add(-365 * 24 * time.Hour).Unix()
	for i := range n {
		at := float64(from) + float64(i)/200 - random.Float64()
		if random.IntN(300) == 0 {
			at -= 100
		}
		if random.IntN(300) == 0 {
			fmt.Fprintln(&b, `{"timestamp":`, at, `,"value":oops}`)
			continue
		}
		fmt.Fprintf(&b, `{"timestamp":%.3f,"value":%.3f,"category":"%c"}`+"\n", at, random.Float64()*100, 'A'+i%5)
	}
	path := filepath.Join(t.TempDir(), "feed.ndjson")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAFileIsAveragedToItsEnd loads a file, and averages it: with one replica, with three, and killed in the middle.
// All give the oracle's bytes.
func TestAFileIsAveragedToItsEnd(t *testing.T) {
	c := start(t)
	load := c.river("backfill", 10*time.Second)
	c.finish(load.generator("--source", "file:"+feed(t, 200_000)))
	if n := len(load.recorded()); n != 200_000 {
		t.Fatalf("%d records are in the topic, 200000 were sent", n)
	}
	for _, run := range []struct {
		name     string
		replicas int
		killed   []time.Duration // after the start of each try but the last
	}{
		{"one", 1, nil}, {"three", 3, nil}, {"killed", 2, []time.Duration{700 * time.Millisecond, 1100 * time.Millisecond}},
	} {
		t.Run(run.name, func(t *testing.T) {
			r := c.in(t).river("backfill-"+run.name, 10*time.Second)
			r.source = load.topic("records")
			for try := 0; try <= len(run.killed); try++ {
				all := []*service{r.sink("--exit-at-end")}
				for range run.replicas {
					all = append(all, r.processor("--exit-at-end"))
				}
				if try == len(run.killed) {
					r.finish(all...)
					break
				}
				time.Sleep(run.killed[try])
				for _, s := range all {
					s.kill()
				}
			}
			if want := r.judge(); want.Late == 0 || want.Rejected == 0 || want.Filtered == 0 {
				t.Errorf("the feed has nothing of some kind: %+v", want.Counts)
			}
		})
	}
}

// TestTwoTopicsAreAveragedTogether, of different size: to their end, killed in the middle.
func TestTwoTopicsAreAveragedTogether(t *testing.T) {
	t.Parallel()
	r := start(t).river("two", 10*time.Second)
	r.finish(r.generator("--source", "file:"+feed(t, 60_000)))
	r.makeTopic("another", 2, "LogAppendTime")
	r.finish(r.run("generator", "--records-topic", "another", "--source", "file:"+feed(t, 40_000)))
	r.second = "another"
	for _, killed := range []time.Duration{900 * time.Millisecond, 0} {
		all := []*service{r.sink("--exit-at-end"), r.processor("--exit-at-end"), r.processor("--exit-at-end")}
		if killed == 0 {
			r.finish(all...)
			break
		}
		time.Sleep(killed)
		for _, s := range all {
			s.kill()
		}
	}
	if want := r.judge(); want.Read() != 100_000 {
		t.Errorf("%d records are in the topics, 100000 were sent", want.Read())
	}
}

// TestASinkEndsOnlyWhenAllPartitionsAreDone backfills while another member of the sink's group holds partitions of
// partials and does nothing, as one does that was killed until its session ends. The sink does not take its own part
// for the whole: it waits, and goes on when the rest comes to it.
func TestASinkEndsOnlyWhenAllPartitionsAreDone(t *testing.T) {
	t.Parallel()
	r := start(t).river("held", 10*time.Second)
	r.finish(r.generator("--source", "file:"+feed(t, 20_000)))
	r.makeTopic(r.topic("partials"), 3, "LogAppendTime")
	idle, err := kgo.NewClient(kgo.SeedBrokers(r.addr), kgo.ConsumerGroup(r.topic("sink")), kgo.ConsumeTopics(r.topic("partials")),
		kgo.Balancers(kgo.RangeBalancer()), kgo.DisableAutoCommit())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	r.shared("sink", "partials", 1)
	s := r.sink("--exit-at-end")
	r.shared("sink", "partials", 2)
	r.finish(r.processor("--exit-at-end"))
	time.Sleep(3 * time.Second) // what is waited for is that it does not end
	r.complete()
	idle.Close()
	r.finish(s)
	r.judge()
}

// TestYearOldRecordsOutliveTheRetentionCheck averages records of a year ago on a broker that deletes, every few
// seconds, what is older than a week. A topic made by hand, as Kafka makes it by default, shows that it does: it is
// empty after each check.
func TestYearOldRecordsOutliveTheRetentionCheck(t *testing.T) {
	t.Parallel()
	c := start(t)
	r := c.river("year-old", 10*time.Second)
	r.finish(r.generator("--source", "file:"+feed(t, 20_000)))
	r.finish(r.sink("--exit-at-end"), r.processor("--exit-at-end"))
	r.judge()
	r.makeTopic("by-hand", 1, "CreateTime")
	for range 2 {
		r.pastRetention("by-hand", time.Now().Add(-365*24*time.Hour))
	}
	for _, what := range []string{"records", "partials", "results", "rejects"} {
		for partition, at := range r.starts(r.topic(what)) {
			if at != 0 {
				t.Errorf("partition %d of %s starts at %d after two retention checks, want 0", partition, what, at)
			}
		}
	}
	if want := r.judge(); len(want.Results) == 0 || want.Read() != 20_000 {
		t.Errorf("of 20000 records and their results are left: %+v", want.Counts)
	}
}

// pastRetention waits until a record that was sent with a time of its own to a topic that keeps it has been deleted.
func (c *cluster) pastRetention(topic string, at time.Time) {
	c.t.Helper()
	c.send(record(topic, 0, at, 1, "A"))
	ends, err := c.admin.ListEndOffsets(c.t.Context(), topic)
	if err != nil {
		c.t.Fatal(err)
	}
	end := ends[topic][0].Offset
	c.within(6*retentionCheck, func() error {
		if from := c.starts(topic)[0]; from < end {
			return fmt.Errorf("%s still holds the offsets %d to %d, with times beyond its retention", topic, from, end)
		}
		return nil
	})
}
