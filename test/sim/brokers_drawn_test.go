package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// refusals are what brokers say to requests that are right, but come at the wrong time or to the wrong broker.
func refusals() map[kmsg.Key][]int16 {
	return map[kmsg.Key][]int16{
		kmsg.InitProducerID:     {14, 15, 16, 51},
		kmsg.AddPartitionsToTxn: {14, 15, 16, 51},
		kmsg.AddOffsetsToTxn:    {14, 15, 16, 51},
		kmsg.TxnOffsetCommit:    {3, 7, 14, 15, 16, 22, 25},
		kmsg.EndTxn:             {7, 14, 15, 16, 47, 48, 51},
		kmsg.Produce:            {3, 6, 7, 14, 19, 20, 45, 47},
		kmsg.OffsetFetch:        {14, 15, 16},
		kmsg.OffsetCommit:       {3, 7, 14, 15, 16, 22, 25, 27},
		kmsg.Fetch:              {3, 5, 6, 9, 74, 76},
		kmsg.ListOffsets:        {3, 5, 6, 7, 74},
		kmsg.Metadata:           {5},
		kmsg.FindCoordinator:    {14, 15},
		kmsg.JoinGroup:          {14, 15, 16, 25},
		kmsg.SyncGroup:          {14, 15, 16, 22, 25, 27},
		kmsg.Heartbeat:          {14, 15, 16, 22, 25, 27},
		kmsg.LeaveGroup:         {15, 16, 25},
	}
}

func (d *drawing) refusal() {
	key := d.key()
	codes := refusals()[key]
	if d.victim != "" {
		codes = slices.DeleteFunc(codes, final)
	}
	code := codes[d.random.IntN(len(codes))]
	d.strikes("refusal", kafkatest.Rule{Key: key, Times: 1 + d.random.IntN(5), Do: kafkatest.AnswerCode(code)})
}

// timedOut has brokers do what was asked, and say that they could not find out.
func (d *drawing) timedOut() {
	keys := []kmsg.Key{kmsg.Produce, kmsg.TxnOffsetCommit, kmsg.EndTxn, kmsg.OffsetCommit}
	d.strikes("timed-out", kafkatest.Rule{Key: keys[d.random.IntN(len(keys))], Times: 1 + d.random.IntN(2), Do: kafkatest.AnswerCodeDone(7)})
}

// completing makes transactions that have ended take their time, as those of real brokers do.
func (d *drawing) completing() {
	how := kafkatest.Completing{Refusals: d.random.IntN(4), Offsets: d.between(0, 600*time.Millisecond), Inits: d.random.IntN(3), Ends: d.random.IntN(3)}
	lasting := d.between(2*time.Second, 15*time.Second)
	d.add(0, "completing", fmt.Sprintf("transactions are slow to complete for %s: %+v", lasting, how), func(p *play) {
		p.did()
		p.cluster.Complete(how)
		p.later(lasting, func() { p.cluster.Complete(kafkatest.Completing{}) })
	})
}

// unstable has commits hang that nobody can end: markers are slow.
func (d *drawing) unstable() {
	group, all := "processor", places(d.two)
	if d.random.IntN(2) == 0 {
		group, all = "sink", broker.AllPartitions(partialsTopic, outputs)
	}
	at, lasting := all[d.random.IntN(len(all))], d.between(0, 3*time.Second)
	d.add(0, "unstable", fmt.Sprintf("group %s's offset for %s is unstable for %s", group, at.Name(), lasting), func(p *play) {
		p.did()
		p.cluster.Hold88(group, at.Topic, at.Partition, lasting)
	})
}

func (d *drawing) leaderMoves() {
	topics := map[string]int{recordsTopic: sources, moreTopic: moreSources, partialsTopic: outputs, resultsTopic: outputs, rejectsTopic: sources}
	names := []string{recordsTopic, partialsTopic, resultsTopic, rejectsTopic}
	if d.two {
		names = append(names, moreTopic)
	}
	topic := names[d.random.IntN(len(names))]
	partition, to := int32(d.random.IntN(topics[topic])), int32(d.random.IntN(3))
	d.add(0, "leader", fmt.Sprintf("broker %d is to lead %s/%d", to, topic, partition), func(p *play) {
		if int(to) >= p.options.brokers {
			return
		}
		p.did()
		if err := p.cluster.Kfake().MoveTopicPartition(topic, partition, to); err != nil {
			p.t.Errorf("move %s/%d to broker %d: %v", topic, partition, to, err)
		}
	})
}

func (d *drawing) coordinatorsMove() {
	d.add(0, "coordinator", "groups and transactions get other coordinators", func(p *play) {
		p.did()
		p.cluster.Kfake().RehashCoordinators()
	})
}

func (d *drawing) featureChanges() {
	level := int16(d.random.IntN(3))
	d.add(0, "feature", fmt.Sprintf("transaction.version becomes %d", level), func(p *play) {
		p.did()
		p.cluster.FinalizeTxnVersion(level)
	})
}

// recordsGrow adds partitions to a source topic.
func (d *drawing) recordsGrow() {
	topic := recordsTopic
	if d.two {
		topic = d.place().Topic
	}
	if d.sources[topic] > sources+2 {
		return
	}
	more := 1 + d.random.IntN(2)
	d.sources[topic] += int32(more)
	d.add(0, "grown", fmt.Sprintf("%s gets %d partitions more", topic, more), func(p *play) {
		p.did()
		resp, err := kadm.NewClient(p.client).CreatePartitions(context.Background(), more, topic)
		if err == nil {
			err = resp.Error()
		}
		if err != nil {
			p.t.Errorf("add partitions to %s: %v", topic, err)
			return
		}
		p.partitions[topic] += int32(more)
		for n := p.partitions[topic] - int32(more); n < p.partitions[topic]; n++ { // kfake throws dice for their leaders
			if err := p.cluster.Kfake().MoveTopicPartition(topic, n, n%int32(p.options.brokers)); err != nil {
				p.t.Errorf("move %s/%d: %v", topic, n, err)
			}
		}
	})
}
