package sim

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/services/sink/merger"
)

func more(partition int32) broker.TopicPartition {
	return broker.TopicPartition{Topic: moreTopic, Partition: partition}
}

// TestABackfillOfTwoTopicsGivesTheSameBytes, whatever the number of replicas, the order of the list, and interruptions.
func TestABackfillOfTwoTopicsGivesTheSameBytes(t *testing.T) {
	sameBytes(t, options{exitAtEnd: true, two: true})
}

// TestASecondBackfillHasATopicMore: its first run is over the first topic alone, the second takes what has come there
// since, and all of the other. The windows of the other are later, for those of the first run are closed.
func TestASecondBackfillHasATopicMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, options{exitAtEnd: true, two: true})
		both := r.topics
		for i := range 3 {
			r.topics = both[:min(i+1, 2)]
			r.options.two = i > 0
			r.load(uint64(i), 500, lastYear().Add(time.Duration(i)*time.Hour))
			p, s := r.processor(fmt.Sprint("p", i)), r.sink(fmt.Sprint("s", i))
			wait(p, s)
			r.end(p, s)
		}
		r.judge()
	})
}

// TestOneOfTwoTopicsIsSilent: it is empty at first, then brings garbage, then speaks, and falls silent again. The
// windows of the other close all the while, and wait when its owner is dead and it is not.
func TestOneOfTwoTopicsIsSilent(t *testing.T) {
	scenario(t, "empty, garbage, speech, silence", options{two: true, closeIdle: 20 * time.Second}, func(r *river) {
		p, s := r.processor("p1"), r.sink("s1")
		busy := func(lasting time.Duration, also func()) {
			for begin := time.Now(); time.Since(begin) < lasting; time.Sleep(100 * time.Millisecond) {
				r.send(0, measurement(time.Now(), 2, "busy"))
				also()
			}
		}
		flowing := func() { r.publishedUpTo(time.Now().Add(-lateness - 4*time.Second)) }
		busy(time.Minute, func() {})
		flowing()
		busy(30*time.Second, func() { r.sendTo(more(1), "garbage") })
		flowing()
		busy(30*time.Second, func() { r.sendTo(more(1), measurement(time.Now(), 3, "both")) })
		flowing()
		busy(30*time.Second, func() {})
		flowing()
		// A record of it that nobody has processed yet is waited for: reading that topic hangs.
		end := time.Now().Truncate(windowSize).Add(2 * windowSize)
		busy(time.Until(end.Add(-3*time.Second)), func() {})
		slow := p.On(kafkatest.Rule{Key: kmsg.Fetch, Match: fetches(moreTopic, 2), Times: -1, Do: kafkatest.DelayAnswer(1900 * time.Millisecond)})
		busy(2*time.Second, func() {})
		r.sendTo(more(2), measurement(time.Now(), 4, "waited for"))
		busy(time.Until(end.Add(windowSize)), func() {})
		slow.Remove()
		settle()
		r.end(p, s)
	})
}

// TestATopicIsAddedInARestart, and taken off again, and added again: sinks are told first of one that is added, and last
// of one that is taken off. Nothing is counted twice, and what was never on the list is waited for by nobody.
func TestATopicIsAddedInARestart(t *testing.T) {
	scenario(t, "sinks first", options{two: true}, func(r *river) {
		both := []string{recordsTopic, moreTopic}
		alone := func(seed uint64, lasting time.Duration) {
			r.options.two = false
			r.flow(seed, lasting)
			r.options.two = true
		}
		r.topics = both[:1]
		p, s := r.processor("p1"), r.sink("s1")
		alone(1, 20*time.Second)
		r.topics = both
		s.Stop()
		s = r.sink("s2")
		alone(2, 12*time.Second) // the sink waits for a topic that is empty, which holds nobody
		r.publishedUpTo(time.Now().Add(-2*windowSize - lateness))
		p2 := r.processor("p2") // beside the old one, for a while
		alone(3, 3*time.Second)
		p.Stop()
		r.flow(4, 25*time.Second)
		settle()
		// Off the list: it is still written to, which concerns nobody.
		r.topics = both[:1]
		p2.Stop()
		p3 := r.processor("p3")
		alone(5, 5*time.Second)
		s.Stop()
		s = r.sink("s3")
		alone(6, 25*time.Second)
		r.publishedUpTo(time.Now().Add(-2*windowSize - lateness))
		// On it again: it goes on where it was left.
		r.topics = both
		s.Stop()
		s = r.sink("s4")
		p3.Stop()
		p4 := r.processor("p4")
		r.flow(7, 25*time.Second)
		settle()
		r.end(p4, s)
		for p, o := range r.cluster.CommittedOffsets("processor", moreTopic) {
			if end := r.cluster.Kfake().PartitionInfo(moreTopic, p).HighWatermark; o.At != end {
				r.t.Errorf("%s/%d is committed at %d, its log ends at %d", moreTopic, p, o.At, end)
			}
		}
	})
}

// TestATopicOffTheListIsNotWaitedFor, though it goes on being written to.
func TestATopicOffTheListIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, options{two: true, closeIdle: 8 * time.Second})
		p, s := r.processor("p1"), r.sink("s1")
		r.flow(1, 15*time.Second)
		settle()
		p.Stop()
		s.Stop()
		r.topics = []string{recordsTopic}
		p, s = r.processor("p2"), r.sink("s2")
		for begin := time.Now(); time.Since(begin) < 40*time.Second; time.Sleep(100 * time.Millisecond) {
			r.send(0, measurement(time.Now(), 2, "read"))
			r.sendTo(more(0), measurement(time.Now(), 2, "not read"))
		}
		r.publishedUpTo(time.Now().Add(-lateness - 4*time.Second))
		r.end(p, s)
	})
}

// TestPartitionsAreAddedToTheSecondTopic as they are to a single one.
func TestPartitionsAreAddedToTheSecondTopic(t *testing.T) {
	grows(t, options{two: true}, more(moreSources))
}

// TestASinkThatIsNotToldOfATopicStopsByName, and goes on when it is.
func TestASinkThatIsNotToldOfATopicStopsByName(t *testing.T) {
	scenario(t, "and goes on", options{two: true}, func(r *river) {
		both := r.topics
		p := r.processor("p1")
		r.topics = both[:1]
		s := r.sink("s1")
		r.flow(1, 10*time.Second)
		<-s.done
		if !errors.Is(s.err, merger.ErrTopics) {
			r.t.Errorf("error %v, want %v", s.err, merger.ErrTopics)
		}
		r.topics = both
		s2 := r.sink("s2")
		r.flow(2, 15*time.Second)
		settle()
		r.end(p, s2)
	})
}
