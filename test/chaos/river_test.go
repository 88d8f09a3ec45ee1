package chaos

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meanstream/meanstream/test/oracle"
	"github.com/twmb/franz-go/pkg/kgo"
)

// river is the topics and groups of one test.
type river struct {
	*cluster
	name   string // of its topics and groups; empty: as they are called by default
	source string // the records topic, if it is shared with others
	second string // another topic of records; empty: there is one only
	rule   oracle.Rule
	told   []string // flags of processors for what is not the default in the rule
}

// river is a new one with the default rule but for the window's length.
func (c *cluster) river(name string, window time.Duration) *river {
	return &river{cluster: c, name: name, rule: oracle.Rule{Window: window, Lateness: 2 * time.Second,
		Keep: func(v float64) bool { return v < 90 }, MaxFuture: 5 * time.Minute, MaxBytes: 512 << 10}}
}

// topic is what a topic or group is called in this river.
func (r *river) topic(what string) string {
	switch {
	case what == "records" && r.source != "":
		return r.source
	case r.name == "":
		return what
	}
	return what + "-" + r.name
}

// flags are what all services are told.
func (r *river) flags(topics ...string) []string {
	var args []string
	for _, what := range topics {
		args = append(args, "--"+what+"-topic", r.topic(what))
	}
	return args
}

func (r *river) generator(args ...string) *service {
	r.t.Helper()
	return r.run("generator", slices.Concat(r.flags("records"), args)...)
}

// sources are the records topics.
func (r *river) sources() []string {
	if r.second == "" {
		return []string{r.topic("records")}
	}
	return []string{r.topic("records"), r.second}
}

// serviceFlags are what processor and sink are both told.
func (r *river) serviceFlags() []string {
	return append(r.flags("partials", "rejects", "results"), "--records-topic", strings.Join(r.sources(), ","))
}

// processorFlags are what a processor of this river is told.
func (r *river) processorFlags() []string {
	return slices.Concat(r.serviceFlags(), []string{"--group", r.topic("processor"), "--sink-group", r.topic("sink"),
		"--window", r.rule.Window.String(), "--lateness", r.rule.Lateness.String()}, r.told)
}

func (r *river) processor(args ...string) *service {
	r.t.Helper()
	return r.run("processor", slices.Concat(r.processorFlags(), args)...)
}

// sinkFlags are what a sink of this river is told.
func (r *river) sinkFlags() []string {
	return append(r.serviceFlags(), "--group", r.topic("sink"))
}

func (r *river) sink(args ...string) *service {
	r.t.Helper()
	return r.run("sink", slices.Concat(r.sinkFlags(), args)...)
}

// spread waits until so many processors share the partitions of records. It says who has which.
func (r *river) spread(processors int) map[string][]int32 {
	r.t.Helper()
	return r.shared("processor", "records", processors)
}

// shared waits until so many members of a group share all partitions of a topic, each partition with one owner and no
// member without any. It says who has which.
func (r *river) shared(group, what string, count int) map[string][]int32 {
	r.t.Helper()
	var members map[string][]int32
	r.within(bound, func() error {
		var err error
		if members, err = r.members(r.topic(group), r.topic(what)); err != nil {
			return err
		}
		var owned []int32
		for _, partitions := range members {
			owned = append(owned, partitions...)
			if len(partitions) == 0 {
				return fmt.Errorf("a member of %s has no partition: %v", r.topic(group), members)
			}
		}
		slices.Sort(owned)
		if all := r.partitions(r.topic(what)); all == 0 || len(members) != count || len(owned) != all || len(slices.Compact(owned)) != all {
			return fmt.Errorf("%d partitions of %s are not shared by %d members: %v", all, r.topic(what), count, members)
		}
		return nil
	})
	return members
}

// flows waits until further results are published.
func (r *river) flows() {
	r.t.Helper()
	before := -1
	r.within(bound, func() error {
		if r.partitions(r.topic("results")) == 0 {
			return errors.New("there is no results topic")
		}
		now := len(r.read(r.topic("results")))
		if before < 0 {
			before = now
		}
		if now <= before {
			return fmt.Errorf("no further result than the %d before", before)
		}
		return nil
	})
}

// drained waits until all records and then all partials are read and committed, to the last offset.
func (r *river) drained() {
	r.t.Helper()
	r.within(time.Minute, func() error {
		// In this order: what a processor commits is in partials by then.
		records, err1 := r.lag(r.topic("processor"), r.topic("records"))
		partials, err2 := r.lag(r.topic("sink"), r.topic("partials"))
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if records != 0 || partials != 0 {
			return fmt.Errorf("%d offsets of records and %d of partials are not committed", records, partials)
		}
		return nil
	})
}

// want is what must be published, by the oracle, of the records that are in the topic.
func (r *river) want() oracle.Outcome {
	r.t.Helper()
	return oracle.Judge(r.recorded(), r.rule)
}

// recorded is what is in the records topics.
func (r *river) recorded() []oracle.Record {
	r.t.Helper()
	var records []oracle.Record
	for _, topic := range r.sources() {
		for _, m := range r.read(topic) {
			rec := oracle.Record{Source: oracle.Source{Topic: m.Topic, Partition: m.Partition}, Offset: m.Offset, Value: m.Value, Key: m.Key, Time: m.Timestamp.UnixMilli()}
			for _, h := range m.Headers {
				rec.Headers = append(rec.Headers, oracle.Header(h))
			}
			records = append(records, rec)
		}
	}
	return records
}

// published is what is in the results topic.
func (r *river) published() []oracle.Published { return published(r.read(r.topic("results"))) }

func published(messages []*kgo.Record) []oracle.Published {
	var all []oracle.Published
	for _, m := range messages {
		all = append(all, oracle.Published{Partition: m.Partition, Key: m.Key, Value: m.Value})
	}
	return all
}

// closed gives the last windows of a stream that has stopped the time to close, and says what must be published then.
// What is still missing is judge's to say.
func (r *river) closed() oracle.Outcome {
	r.t.Helper()
	want := r.want()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		began := time.Now()
		if len(r.read(r.topic("results"))) >= len(want.Results) {
			break
		}
		r.complete()
		time.Sleep(max(500*time.Millisecond, 2*time.Since(began))) // much may be read each time
	}
	return want
}

// judge holds all that was published against the oracle: every result once, with the right bytes; and every record that
// could not count in rejects once, with its reason, and none that could.
func (r *river) judge() oracle.Outcome {
	r.t.Helper()
	want := r.want()
	r.judgeBy(want)
	return want
}

// judgeBy is judge, by what the oracle has said already.
func (r *river) judgeBy(want oracle.Outcome) {
	r.t.Helper()
	if err := oracle.Compare(want, r.published()); err != nil {
		r.t.Error(err)
	}
	if err := r.rejected(want); err != nil {
		r.t.Error(err)
	}
}

// rejected holds the rejects topic against the oracle's verdicts.
func (r *river) rejected(want oracle.Outcome) error {
	r.t.Helper()
	const shown = 5
	var faults []error
	fault := func(promise error, format string, args ...any) {
		if len(faults) < shown {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{promise}, args...)...))
		}
	}
	missing := map[string]string{} // reason, by topic/partition/offset
	for _, v := range want.Verdicts {
		place := fmt.Sprintf("%s/%d/%d", v.Topic, v.Partition, v.Offset)
		switch v.Verdict {
		case oracle.Late:
			missing[place] = "late"
		case oracle.Rejected:
			missing[place] = v.Reason
		}
	}
	for _, m := range r.read(r.topic("rejects")) {
		h := map[string]string{}
		for _, header := range m.Headers {
			h[header.Key] = string(header.Value)
		}
		place, reason := h["meanstream-topic"]+"/"+h["meanstream-partition"]+"/"+h["meanstream-offset"], h["meanstream-reason"]
		switch is, ok := missing[place]; {
		case reason == "dropped-at-sink":
			fault(oracle.ErrBrokeComplete, "records were dropped at the sink: %s", m.Value)
		case !ok:
			fault(oracle.ErrBrokeOnce, "record %s is rejected as %q, and should not be, or is there twice: %.200s", place, reason, m.Value)
		case is != reason:
			fault(oracle.ErrUnexpected, "record %s is rejected as %q, want %q", place, reason, is)
		}
		delete(missing, place)
	}
	for place, reason := range missing {
		fault(oracle.ErrBrokeComplete, "record %s should be in rejects as %q", place, reason)
	}
	return errors.Join(faults...)
}
