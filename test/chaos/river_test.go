package chaos

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meanstream/meanstream/test/oracle"
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

// TestTheRiverOnKafka loads a file, and averages it to its end: with one replica, with three, and killed in the middle.
// All give the oracle's bytes.
func TestTheRiverOnKafka(t *testing.T) {
	c := start(t)
	c.wait(c.run("generator", "--source", "file:"+feed(t, 200_000)))
	var records []oracle.Record
	for _, r := range c.read("records") {
		records = append(records, oracle.Record{Partition: r.Partition, Offset: r.Offset, Value: r.Value, Time: r.Timestamp.UnixMilli()})
	}
	if len(records) != 200_000 {
		t.Fatalf("%d records are in the topic, 200000 were sent", len(records))
	}
	want := oracle.Judge(records, oracle.Rule{Window: 10 * time.Second, Lateness: 2 * time.Second,
		Keep: func(v float64) bool { return v < 90 }, MaxFuture: 5 * time.Minute, MaxBytes: 512 << 10})
	for _, run := range []struct {
		name     string
		replicas int
		killed   []time.Duration // after the start of each try but the last
	}{
		{"one", 1, nil}, {"three", 3, nil}, {"killed", 2, []time.Duration{700 * time.Millisecond, 1100 * time.Millisecond}},
	} {
		t.Run(run.name, func(t *testing.T) {
			c := c.in(t)
			args := []string{"--exit-at-end", "--partials-topic", "partials-" + run.name, "--rejects-topic", "rejects-" + run.name}
			processor := append(slices.Clone(args), "--group", "processor-"+run.name, "--sink-group", "sink-"+run.name)
			sink := append(slices.Clone(args), "--group", "sink-"+run.name, "--results-topic", "results-"+run.name)
			for try := 0; try <= len(run.killed); try++ {
				all := []*service{c.run("sink", sink...)}
				for range run.replicas {
					all = append(all, c.run("processor", processor...))
				}
				if try == len(run.killed) {
					c.wait(all...)
					break
				}
				time.Sleep(run.killed[try])
				for _, s := range all {
					s.kill()
				}
			}
			var published []oracle.Published
			for _, r := range c.read("results-" + run.name) {
				published = append(published, oracle.Published{Partition: r.Partition, Key: r.Key, Value: r.Value})
			}
			if err := oracle.Compare(want, published); err != nil {
				t.Error(err)
			}
			rejects := 0
			for _, r := range c.read("rejects-" + run.name) {
				for _, h := range r.Headers {
					if h.Key == "meanstream-reason" && !strings.Contains("late not-json", string(h.Value)) {
						t.Errorf("rejected as %s: %s", h.Value, r.Value)
					}
				}
				rejects++
			}
			if int64(rejects) != want.Late+want.Rejected || rejects == 0 {
				t.Errorf("%d rejects, the oracle counts %d late and %d rejected", rejects, want.Late, want.Rejected)
			}
		})
	}
}
