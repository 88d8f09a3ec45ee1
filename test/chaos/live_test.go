package chaos

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/oracle"
)

// record is one ordinary record; its time in Kafka is the event's.
func record(topic string, partition int32, at time.Time, value float64, category string) *kgo.Record {
	return &kgo.Record{Topic: topic, Partition: partition, Timestamp: at,
		Value: fmt.Appendf(nil, `{"timestamp":%d.%03d,"value":%g,"category":%q}`, at.Unix(), at.Nanosecond()/1e6, value, category)}
}

// soon closes the last windows of a stream that has stopped without much waiting.
const soon = "--close-idle-after=4s"

// TestReplicasComeAndGoUnderTraffic scales processors from one to three and back while records flow; they leave by
// SIGTERM, are killed, and are paused for longer than the group waits. Nothing is lost or doubled.
func TestReplicasComeAndGoUnderTraffic(t *testing.T) {
	t.Parallel()
	r := start(t).river("live", time.Second)
	g := r.generator("--rate", "2000")
	s1 := r.sink(soon)
	p1 := r.processor()
	r.spread(1)
	r.flows()

	p2, p3 := r.processor(), r.processor()
	r.spread(3)
	r.flows()

	p1.kill()
	r.spread(2) // when its session has ended
	p4 := r.processor()
	r.spread(3)
	r.flows() // so that p2 holds something

	p2.pause()
	s2 := r.sink(soon)
	r.spread(2)
	p2.resume()
	s1.kill()
	r.spread(3)
	r.flows()

	for _, p := range []*service{p3, p4} {
		if code := p.stop(); code != 0 {
			t.Errorf("%s left with exit code %d, want 0", p.name, code)
		}
	}
	r.spread(1)
	r.flows()

	r.stop(g)
	r.drained()
	r.closed()
	r.stop(p2, s2)
	if want := r.judge(); want.Kept == 0 || want.Filtered == 0 || want.Late+want.Rejected != 0 {
		t.Errorf("a healthy stream counts as %+v", want.Counts)
	} else {
		t.Logf("%d records, %d results", want.Read(), len(want.Results))
	}
}

// TestPartitionsAddedWhileRunningAreRead gives records more partitions under traffic, one after the other. What is sent
// there at once, before anybody has heard of them, is in its result though all others are past its window by the time
// that it is read.
func TestPartitionsAddedWhileRunningAreRead(t *testing.T) {
	t.Parallel()
	r := start(t).river("added", time.Second)
	r.rule.Lateness = 0 // windows close at once, and the group looks for partitions every two seconds
	topic := r.topic("records")
	r.makeTopic(topic, 2, "LogAppendTime")
	g, p, s := r.generator("--rate", "2000"), r.processor(), r.sink(soon)
	r.spread(1)
	r.flows()
	for added := int32(2); added < 6; added++ {
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
		r.addPartitions(topic, 1)
		window := time.Now().Add(400 * time.Millisecond).Truncate(time.Second) // with some time left to send
		// A category whose windows are open elsewhere, and one that nobody has sent.
		at := window.Add(900 * time.Millisecond)
		r.send(record(topic, added, at, 1, "A"), record(topic, added, at, 2, fmt.Sprintf("sent to %d at once", added)))
		if time.Now().After(window.Add(time.Second)) {
			t.Skipf("the machine is too slow to tell: what was sent to partition %d may have come after its window", added)
		}
		r.spread(1)
		r.flows()
	}
	r.flows() // the generator uses all of them, too
	r.stop(g)
	r.drained()
	r.closed()
	r.stop(p, s)
	want := r.judge()
	for partition := range int32(6) {
		if n := want.PerSource[oracle.Source{Topic: r.topic("records"), Partition: partition}].Kept; n <= 2 {
			t.Errorf("%d records of partition %d were kept, want more than were sent by hand: %+v", n, partition, want.PerSource)
		}
	}
}

// TestAQuietPartitionsOwnerDies kills the owner of a partition that has been silent for long while the others are busy,
// and sends a record there before the group has noticed: it is in its result, neither late nor dropped.
func TestAQuietPartitionsOwnerDies(t *testing.T) {
	t.Parallel()
	r := start(t).river("quiet", time.Second)
	r.makeTopic(r.topic("records"), 3, "LogAppendTime")
	p1, p2, s := r.processor(), r.processor(), r.sink("--idle-after=1s", soon)
	before := r.spread(2)
	owner := r.processor()
	quiet := int32(-1)
	for member, partitions := range r.spread(3) {
		if _, old := before[member]; !old {
			quiet = partitions[0]
		}
	}
	busy := func(lasting time.Duration) {
		for end := time.Now().Add(lasting); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			for partition := range int32(3) {
				if partition != quiet {
					r.send(record(r.topic("records"), partition, time.Now(), 1, "busy"))
				}
			}
		}
	}
	r.send(record(r.topic("records"), quiet, time.Now(), 2, "before"))
	busy(5 * time.Second)
	if len(r.published()) == 0 {
		t.Fatal("no window was closed while one partition was silent: it is not taken for quiet")
	}
	owner.kill()
	r.send(record(r.topic("records"), quiet, time.Now(), 3, "waited for"))
	if left, err := r.members(r.topic("processor"), r.topic("records")); err != nil || len(left) != 3 {
		t.Fatalf("the group is to notice later that a member is gone: %v, %v", left, err)
	}
	// The others go past the end of its window while nobody owns it: the session lasts six seconds.
	busy(10 * time.Second)
	r.spread(2)
	r.drained()
	r.closed()
	r.stop(p1, p2, s)
	if want := r.judge(); want.Late+want.Rejected != 0 {
		t.Errorf("sent in order, and still: %+v", want.Counts)
	}
}
