package chaos

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/meanstream/meanstream/test/oracle"
)

// TestTheShippedComposeFile does what README shows: up, scaled to four processors, looked at and read with Kafka's own
// tools, stopped.
func TestTheShippedComposeFile(t *testing.T) {
	t.Parallel()
	c := newCompose(t, "test")
	c.do("up", "-d", "--build", "--wait")
	c.do("up", "-d", "--scale", "processor=4", "--no-recreate")
	scaled := time.Now()
	r := at(t, fmt.Sprintf("localhost:%d", c.ports[0]), "").river("", 10*time.Second)
	r.within(time.Minute, func() error {
		members, lags := c.owners("processor", "records")
		if members["-"] != nil || len(members) != 4 || len(lags) != 6 {
			return fmt.Errorf("six partitions are not spread over four members: %v", members)
		}
		return nil
	})
	t.Logf("spread over four members, as the tool showed %s after the scaling", time.Since(scaled).Round(100*time.Millisecond))
	r.flows()
	r.flows()

	c.do("stop", "generator")
	r.within(time.Minute, func() error {
		_, records := c.owners("processor", "records")
		_, partials := c.owners("sink", "partials")
		if lags := slices.Concat(records, partials); len(lags) != 6+3 || slices.ContainsFunc(lags, func(lag string) bool { return lag != "0" }) {
			return fmt.Errorf("the lag of records is %v and that of partials %v, want 0 everywhere", records, partials)
		}
		return nil
	})
	records := r.recorded()
	want, over := oracle.Judge(records, r.rule), r.over(records)
	r.within(20*time.Second, func() error { return oracle.Compare(want, r.published(), oracle.AllowOpen(over)) })
	console := c.console()
	if err := oracle.Compare(want, console, oracle.AllowOpen(over)); err != nil {
		t.Errorf("on the console: %v", err)
	}
	t.Logf("%d records, %d results to come, %d on the console", want.Read(), len(want.Results), len(console))
	if want.Late+want.Rejected != 0 || len(console) == 0 {
		t.Errorf("the generator's records count as %+v", want.Counts)
	}

	c.do("stop")
	seen := map[string]int{}
	for _, s := range c.containers() {
		seen[s.Service]++
		if s.State != "exited" || s.ExitCode != 0 && s.Service != "kafka" { // Kafka's is Java's: 143, it was told to end
			t.Errorf("%s is %s with exit code %d, want exited with 0", s.Name, s.State, s.ExitCode)
		}
	}
	if want := map[string]int{"kafka": 1, "generator": 1, "processor": 4, "sink": 1}; !maps.Equal(seen, want) {
		t.Errorf("the containers are %v, want %v", seen, want)
	}
}

// over is up to where, in nanoseconds, windows are closed for sure when traffic has stopped: what the partition that is
// least far has come past. Those after it may be open until the stream goes on or is silent for long.
func (r *river) over(records []oracle.Record) int64 {
	r.t.Helper()
	greatest := map[int32]int64{}
	for _, m := range records {
		at, err := strconv.ParseInt(strings.TrimPrefix(strings.SplitN(string(m.Value), ",", 2)[0], `{"timestamp":`), 10, 64)
		if err != nil {
			r.t.Fatalf("read the generator's timestamp in %s: %v", m.Value, err)
		}
		greatest[m.Partition] = max(greatest[m.Partition], at)
	}
	least := int64(math.MaxInt64)
	for _, at := range greatest {
		least = min(least, at*int64(time.Second)-int64(r.rule.Lateness))
	}
	return least
}

// console reads the results as README shows.
func (c *compose) console() []oracle.Published {
	c.t.Helper()
	var all []oracle.Published
	for line := range strings.Lines(c.tool("kafka-console-consumer.sh", "--topic", "results", "--isolation-level", "read_committed", "--from-beginning",
		"--timeout-ms", "4000", "--formatter-property", "print.key=true", "--formatter-property", "print.partition=true")) {
		// Partition:0 <tab> key <tab> value; the rest is the tool's own words about the time being over.
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(f) != 3 || !strings.HasPrefix(f[0], "Partition:") {
			continue
		}
		partition, err := strconv.ParseInt(strings.TrimPrefix(f[0], "Partition:"), 10, 32)
		if err != nil {
			c.t.Fatalf("the console shows %q: %v", line, err)
		}
		all = append(all, oracle.Published{Partition: int32(partition), Key: []byte(f[1]), Value: []byte(f[2])})
	}
	return all
}
