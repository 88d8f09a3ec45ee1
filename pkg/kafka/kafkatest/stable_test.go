package kafkatest

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// fetchOffsets asks for partitions 0 to 2 of "in" (nil topics with all) and prints each as offset, code or "-".
func fetchOffsets(t *testing.T, h *Host, group string, version int16, stable, all bool) string {
	t.Helper()
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Version, req.Group, req.RequireStable = version, group, stable
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = group
	if !all {
		topic := kmsg.NewOffsetFetchRequestTopic()
		topic.Topic, topic.Partitions = "in", []int32{0, 1, 2}
		req.Topics = append(req.Topics, topic)
		gt := kmsg.NewOffsetFetchRequestGroupTopic()
		gt.Topic, gt.TopicID, gt.Partitions = "in", h.c.Kfake().TopicInfo("in").TopicID, []int32{0, 1, 2}
		g.Topics = append(g.Topics, gt)
	}
	req.Groups = append(req.Groups, g)
	resp := ask[*kmsg.OffsetFetchResponse](t, h, h.c.Addrs()[0], req)
	var out []string
	note := func(p int32, offset int64, code int16) {
		switch {
		case code != 0:
			out = append(out, fmt.Sprintf("%d:e%d", p, code))
		case offset < 0:
			out = append(out, fmt.Sprintf("%d:-", p))
		default:
			out = append(out, fmt.Sprintf("%d:%d", p, offset))
		}
	}
	code := resp.ErrorCode
	for _, topic := range resp.Topics {
		for _, p := range topic.Partitions {
			note(p.Partition, p.Offset, p.ErrorCode)
		}
	}
	for _, g := range resp.Groups {
		code = g.ErrorCode
		for _, topic := range g.Topics {
			for _, p := range topic.Partitions {
				note(p.Partition, p.Offset, p.ErrorCode)
			}
		}
	}
	slices.Sort(out)
	if code != 0 {
		return fmt.Sprintf("code %d", code)
	}
	return fmt.Sprint(out)
}

func TestOnlyTheUncommittedPartitionsAreUnstable(t *testing.T) {
	for _, version := range []int16{7, 8, 9, 10} {
		t.Run(fmt.Sprintf("OffsetFetch version %d", version), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := Start(t, Options{Topics: map[string]int32{"in": 3, "out": 1}})
				h := c.Host("p")
				fetch := func(stable bool) string { return fetchOffsets(t, h, "g", version, stable, false) }
				want(t, "a group unheard of", fetch(true), "[0:- 1:- 2:-]")
				a, b := newProducer(t, h, "a"), newProducer(t, h, "b")
				a.begin("out", "1", "g", 0, 10)
				want(t, "the group's first offset pending", fetch(true), "[0:e88 1:- 2:-]")
				want(t, "unstably", fetch(false), "[0:- 1:- 2:-]")
				a.end(true)
				want(t, "committed", fetch(true), "[0:10 1:- 2:-]")
				a.begin("out", "2", "g", 1, 20)
				want(t, "another partition pending", fetch(true), "[0:10 1:e88 2:-]")
				b.begin("out", "3", "g", 2, 30)
				want(t, "two transactions pending", fetch(true), "[0:10 1:e88 2:e88]")
				want(t, "another group's view", fetchOffsets(t, h, "other", version, true, false), "[0:- 1:- 2:-]")
				want(t, "all, stably", fetchOffsets(t, h, "g", version, true, true), "[0:10]")
				b.begin("out", "4", "other", 0, 40)
				b.end(false)
				want(t, "one aborted", fetch(true), "[0:10 1:e88 2:-]")
				newProducer(t, h, "a") // fences and aborts
				want(t, "the other one fenced", fetch(true), "[0:10 1:- 2:-]")
			})
		})
	}
}

func TestATimedOutTransactionLeavesItsOffsetsStable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 3, "out": 1}})
		h := c.Host("p")
		a, b := newProducer(t, h, "a"), newProducer(t, h, "b")
		a.begin("out", "1", "g", 0, 10)
		time.Sleep(8 * time.Second)
		b.begin("out", "2", "g", 1, 20)
		time.Sleep(3 * time.Second) // a's ten seconds are over, b's aren't
		want(t, "after a's timeout", fetchOffsets(t, h, "g", 7, true, false), "[0:- 1:e88 2:-]")
		want(t, "a's end", a.end(true), 90)
	})
}

func TestAnotherBrokerIsNotTheCoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Brokers: 2, Topics: map[string]int32{"in": 3}})
		// Broker 0 coordinates one of many names, and some other it doesn't.
		for i := 0; ; i++ {
			if group := fmt.Sprint("g", i); c.Kfake().CoordinatorFor(group) != 0 {
				want(t, "asked the wrong broker", fetchOffsets(t, c.Host("p"), group, 7, true, false), "code 16")
				return
			}
		}
	})
}

func TestHold88ShowsACompletingTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 3, "out": 1}})
		h := c.Host("p")
		a := newProducer(t, h, "a")
		a.begin("out", "1", "g", 0, 10)
		a.end(true)
		c.Hold88("g", "in", 0, time.Second)
		c.Hold88("g", "in", 1, time.Second)
		a.begin("out", "2", "g", 0, 20)
		a.end(true)
		want(t, "stably", fetchOffsets(t, h, "g", 7, true, false), "[0:e88 1:e88 2:-]")
		want(t, "unstably: the old one", fetchOffsets(t, h, "g", 5, false, false), "[0:10 1:- 2:-]")
		want(t, "another group", fetchOffsets(t, h, "other", 7, true, false), "[0:- 1:- 2:-]")
		time.Sleep(time.Second)
		want(t, "when completed", fetchOffsets(t, h, "g", 7, true, false), "[0:20 1:- 2:-]")
	})
}

func TestCompleteRefusesAddsAndHoldsOffsetsAfterAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 3, "out": 1}})
		h := c.Host("p")
		a, b := newProducer(t, h, "a"), newProducer(t, h, "b")
		c.Complete(Completing{Refusals: 3, Offsets: time.Second, Inits: 1})
		a.begin("out", "1", "g", 0, 10)
		want(t, "end", a.end(true), 0)
		want(t, "stably", fetchOffsets(t, h, "g", 7, true, false), "[0:e88 1:- 2:-]")
		want(t, "unstably", fetchOffsets(t, h, "g", 7, false, false), "[0:- 1:- 2:-]")
		want(t, "first add", a.addPartition("out", 0), 51)
		want(t, "second add", a.addOffsets("g"), 51)
		b.begin("out", "2", "g", 1, 20) // another id is not concerned
		want(t, "third add", a.addPartition("out", 0), 51)
		want(t, "fourth add", a.addPartition("out", 0), 0)
		time.Sleep(time.Second)
		want(t, "completed", fetchOffsets(t, h, "g", 7, true, false), "[0:10 1:e88 2:-]")
		stale := *b
		stale.epoch--
		want(t, "a fenced end", stale.end(true), 90)
		want(t, "is no end", b.addOffsets("g"), 0)
		for i, code := range []int16{51, 0, 0} {
			want(t, fmt.Sprint("InitProducerID ", i), ask[*kmsg.InitProducerIDResponse](t, h, b.addr, b.initReq()).ErrorCode, code)
		}
	})
}
