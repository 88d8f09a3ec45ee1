package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/oracle"
)

// The words of the services' named errors, as docs/operating.md lists them.
const (
	unreadable = "what was remembered with the committed offset can't be read"
	recreated  = "the topic is not the one that was read before"
	purged     = "partials that open windows need were deleted"
	forgotten  = "the group has no offsets, but results were published"
	firstAgain = "first report out of place"
	another    = "another topic"
	gone       = "records are gone before they were read: its log now holds"
)

// stopped has traffic flow through one processor and one sink, and stops these two in order. Records go on coming.
func stopped(f *fleet) {
	f.t.Helper()
	f.begin()
	f.flows()
	f.stop(f.processors[0].now, f.sinks[0].now)
}

// overcome starts the services as they were, which must fail where it is said why, and then with --start-over, as the
// messages tell. Whatever became of older windows, those that begin from then on are right.
func overcome(f *fleet, processorSays, sinkSays string) {
	f.t.Helper()
	p, s := f.processors[0], f.sinks[0]
	const limit = time.Minute
	f.fill(p)
	if processorSays != "" {
		p.now.fails(limit, processorSays)
		p.now = p.now.again("--start-over")
	}
	f.spread(1)
	f.fill(s)
	if sinkSays != "" {
		s.now.fails(limit, sinkSays)
		s.now = s.now.again("--start-over")
	}
	f.back("the services were started over")
	f.exactSince(time.Now())
}

// exactSince ends the traffic a while later, and judges the windows that began from a moment on.
func (f *fleet) exactSince(from time.Time) {
	f.t.Helper()
	f.flows()
	f.flows()
	f.stop(f.generator.now)
	f.drained()
	f.stop(f.sinks[0].now)
	last := f.sink(hasty()...)
	want := f.want()
	var since oracle.Outcome
	for _, r := range want.Results {
		if r.Start >= from.UnixNano() {
			since.Results = append(since.Results, r)
		}
	}
	if len(since.Results) == 0 {
		f.t.Fatal("no window began since: this can't fail")
	}
	var all []*kgo.Record
	f.within(bound, func() error {
		all = f.read(f.topic("results"))
		young := slices.DeleteFunc(slices.Clone(all), func(m *kgo.Record) bool { return f.windowStart(m).Before(from) })
		return oracle.Compare(since, published(young))
	})
	f.stop(last, f.processors[0].now)
	f.t.Logf("%d results since then, all right; of all %d it is to say: %v", len(since.Results), len(want.Results), oracle.Compare(want, published(all)))
}

// TestGroupsThatOtherToolsTouchedAreNotGoneOnWithInSilence sets the offsets of a group with Kafka's own tool, or deletes
// the group. The service it belongs to, or the one after it, says so and stops; what it names leads out.
func TestGroupsThatOtherToolsTouchedAreNotGoneOnWithInSilence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do                      func(f *fleet)
		processorSays, sinkSays string
	}{
		"a processor's offsets are set":  {func(f *fleet) { f.reset("processor", "records") }, unreadable, firstAgain},
		"a processor's group is deleted": {func(f *fleet) { f.forget("processor") }, "", firstAgain},
		"a sink's offsets are set":       {func(f *fleet) { f.reset("sink", "partials") }, "", unreadable},
		"a sink's group is deleted":      {func(f *fleet) { f.forget("sink") }, "", forgotten},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t).river("tampered-"+strings.NewReplacer(" ", "-", "'", "").Replace(name), time.Second).fleet(500, 1, 1)
			stopped(f)
			c.do(f)
			overcome(f, c.processorSays, c.sinkSays)
		})
	}
}

// TestAGroupThatExpiredIsNotGoneOnWithInSilence leaves the groups alone until the broker forgets their offsets.
func TestAGroupThatExpiredIsNotGoneOnWithInSilence(t *testing.T) {
	long(t)
	t.Parallel()
	f := startAs(t, own{env: map[string]string{"KAFKA_OFFSETS_RETENTION_MINUTES": "1", "KAFKA_OFFSETS_RETENTION_CHECK_INTERVAL_MS": "2000"}}).
		river("expired", time.Second).fleet(100, 1, 1)
	stopped(f)
	f.within(2*time.Minute, func() error {
		for _, group := range []string{"processor", "sink"} {
			offsets, err := f.admin.FetchOffsets(t.Context(), f.topic(group))
			if err != nil || len(offsets.Offsets()) != 0 {
				return fmt.Errorf("group %s still has offsets: %w", f.topic(group), err)
			}
		}
		return nil
	})
	// Neither can tell that from a first start but by what is there already.
	overcome(f, "", forgotten)
}

// TestPartialsDeletedUnderTheSinkAreMissed deletes, with Kafka's own tool, partials that open windows need.
func TestPartialsDeletedUnderTheSinkAreMissed(t *testing.T) {
	t.Parallel()
	f := start(t).river("purged", time.Second).fleet(500, 1, 1)
	stopped(f)
	f.purge("partials")
	// The processor has all that it needs, and would go on behind what was deleted: it starts over only what it can't go
	// on with. So its offsets are taken from it.
	f.reset("processor", "records")
	overcome(f, unreadable, purged)
}

// TestRecordsDeletedBeforeTheyWereReadAreMissed deletes, with Kafka's own tool, records behind the committed offset, as
// retention does. Nobody jumps over them in silence; told to, the processor goes on and says how many are missing.
func TestRecordsDeletedBeforeTheyWereReadAreMissed(t *testing.T) {
	t.Parallel()
	f := start(t).river("gone", time.Second).fleet(500, 1, 1)
	stopped(f)
	f.within(bound, func() error {
		if lag, err := f.lag(f.topic("processor"), f.topic("records")); err != nil || lag < 500 {
			return fmt.Errorf("only %d records are there to be deleted: %w", lag, err)
		}
		return nil
	})
	f.purge("records")
	p := f.processors[0]
	f.fill(p, f.sinks[0])
	p.now.fails(time.Minute, gone)
	p.now = p.now.again("--on-lost-records", "skip")
	f.back("the processor was told to skip what is lost")
	f.exactSince(time.Now())
}

// purge deletes all that is in a topic, by Kafka's own tool.
func (r *river) purge(what string) {
	r.t.Helper()
	var all []string
	for partition := range r.partitions(r.topic(what)) {
		all = append(all, fmt.Sprintf(`{"topic":%q,"partition":%d,"offset":-1}`, r.topic(what), partition))
	}
	r.kafka(`{"version":1,"partitions":[`+strings.Join(all, ",")+`]}`, "kafka-delete-records.sh", "--offset-json-file", "/dev/stdin")
}

// forget deletes a group without members, by Kafka's own tool.
func (r *river) forget(group string) {
	r.t.Helper()
	r.kafka("", "kafka-consumer-groups.sh", "--group", r.topic(group), "--delete")
}

// reset sets the offsets of a group without members to the beginning, by Kafka's own tool.
func (r *river) reset(group, topic string) {
	r.t.Helper()
	r.kafka("", "kafka-consumer-groups.sh", "--group", r.topic(group), "--topic", r.topic(topic), "--reset-offsets", "--to-earliest", "--execute")
}

// TestATopicMadeAnewIsNotTakenForTheOldOne deletes records under running services and makes the topic again.
func TestATopicMadeAnewIsNotTakenForTheOldOne(t *testing.T) {
	t.Parallel()
	f := start(t).river("anew", time.Second).fleet(500, 1, 1)
	f.begin()
	f.flows()
	f.stop(f.generator.now)
	topic := f.topic("records")
	if _, err := f.admin.DeleteTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	f.within(bound, func() error {
		if n := f.partitions(topic); n != 0 {
			return fmt.Errorf("%s still has %d partitions", topic, n)
		}
		return nil
	})
	p, s := f.processors[0], f.sinks[0]
	p.now.told, s.now.told = true, true // to end, sooner or later
	f.makeTopic(topic, 6, "LogAppendTime")
	f.fill(f.generator)
	// The group's offsets go with the topic, a little later: a processor that still finds them sees that they are of another
	// topic. One that finds none any more begins anew, and it is the sink that sees it.
	select {
	case <-p.now.done:
		p.now.fails(time.Minute, recreated)
		p.now = p.now.again("--start-over")
	case <-s.now.done:
	case <-time.After(time.Minute):
		t.Fatal("the topic is another one, and no service has ended")
	}
	s.now.fails(time.Minute, another)
	s.now = s.now.again("--start-over")
	f.back("the services were started over")
	f.exactSince(time.Now())
}
