package chaos

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// three is the shipped overlay with three brokers, as one test sees it.
type three struct {
	*compose
	*fleet
}

// brokerOf is the compose service of a broker, by its node id.
func brokerOf(id int32) string {
	if id == 1 {
		return "kafka"
	}
	return fmt.Sprintf("kafka%d", id)
}

// startThree brings the three brokers up, and a river whose services know them all.
func startThree(t *testing.T) *three {
	t.Helper()
	needDocker(t)
	bin := common.binaries(t)
	c := newCompose(t, "three", "docker-compose.yml", "deploy/compose.cluster.yml", "test/chaos/testdata/brokers.yml")
	c.do("up", "-d", "kafka", "kafka2", "kafka3")
	var addrs []string
	for _, port := range c.ports {
		addrs = append(addrs, fmt.Sprintf("localhost:%d", port))
	}
	r := at(t, strings.Join(addrs, ","), bin).river("three", time.Second)
	r.within(time.Minute, func() error {
		brokers, err := r.admin.ListBrokers(t.Context())
		if err == nil && len(brokers) != 3 {
			err = fmt.Errorf("%d brokers are there, want 3", len(brokers))
		}
		return err
	})
	f := r.fleet(1000, 2, 1)
	for _, p := range append(append([]*post{f.generator}, f.processors...), f.sinks...) {
		p.args = append(p.args, "--replication-factor", "3")
	}
	return &three{c, f}
}

// controller is the node that leads the others.
func (c *three) controller() int32 {
	c.fleet.t.Helper()
	req := kmsg.NewPtrDescribeQuorumRequest()
	topic := kmsg.NewDescribeQuorumRequestTopic()
	topic.Topic = "__cluster_metadata"
	topic.Partitions = append(topic.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
	req.Topics = append(req.Topics, topic)
	got, err := req.RequestWith(c.fleet.t.Context(), c.client)
	if err != nil || len(got.Topics) != 1 || len(got.Topics[0].Partitions) != 1 {
		c.fleet.t.Fatalf("ask who is the controller: %v: %+v", err, got)
	}
	return got.Topics[0].Partitions[0].LeaderID
}

// coordinator is the node that coordinates the transactions of a service of a group.
func (c *three) coordinator(group string) int32 {
	c.fleet.t.Helper()
	all, err := c.admin.ListTransactions(c.fleet.t.Context(), nil, nil)
	if err != nil {
		c.fleet.t.Fatalf("list transactions: %v", err)
	}
	for id, one := range all {
		if strings.HasPrefix(id, c.topic(group)+"/") {
			return one.Coordinator
		}
	}
	c.fleet.t.Fatalf("nobody coordinates a transaction of %s: %v", c.topic(group), all)
	return 0
}

// whole waits until every partition is on all three brokers again.
func (c *three) whole() {
	c.fleet.t.Helper()
	c.within(90*time.Second, func() error {
		topics, err := c.admin.ListTopicsWithInternal(c.fleet.t.Context())
		if err = errors.Join(err, topics.Error()); err != nil {
			return err
		}
		for _, topic := range topics {
			for _, p := range topic.Partitions {
				if len(p.ISR) != 3 {
					return fmt.Errorf("partition %d of %s is in sync on %v only", p.Partition, topic.Topic, p.ISR)
				}
			}
		}
		return nil
	})
}

// TestOneOfThreeBrokersIsLost takes the controller from a cluster under traffic, and then the broker that coordinates
// the processor's transactions. The river goes on while the broker is missing, and when it comes back.
func TestOneOfThreeBrokersIsLost(t *testing.T) {
	t.Parallel()
	c := startThree(t)
	killed := func(id int32) { c.do("kill", brokerOf(id)) }
	started := func(id int32) { c.do("start", brokerOf(id)) }
	c.begin()
	c.loses("the controller", c.controller(), killed, started)
	c.loses("the coordinator of transactions", c.coordinator("processor"), killed, started)
	if os.Getenv("CHAOS_LONG") == "" {
		t.Log("with CHAOS_LONG=1 each of the three is killed, paused and cut off")
	} else {
		for id := int32(1); id <= 3; id++ {
			c.loses(fmt.Sprintf("broker %d, killed", id), id, killed, started)
			c.loses(fmt.Sprintf("broker %d, paused", id), id,
				func(id int32) { c.do("pause", brokerOf(id)) }, func(id int32) { c.do("unpause", brokerOf(id)) })
			c.loses(fmt.Sprintf("broker %d, cut off", id), id, c.cutOff, c.mend)
			c.loses(fmt.Sprintf("broker %d, stopped in order", id), id, func(id int32) { c.do("stop", brokerOf(id)) }, started)
		}
	}
	c.verdict()
}

// loses has a broker go and come back.
func (c *three) loses(what string, id int32, begin, end func(id int32)) {
	c.fleet.t.Helper()
	c.fleet.t.Logf("lost: %s, which is %s", what, brokerOf(id))
	begin(id)
	c.back(what + " is lost")
	end(id)
	c.whole()
	c.back(what + " is there again")
	c.judgeSoFar(what + " was lost")
}

// cutOff takes a broker from the network that the brokers share, and from this machine.
func (c *three) cutOff(id int32) { c.network("disconnect", id) }

// mend undoes cutOff.
func (c *three) mend(id int32) { c.network("connect", id, "--alias", brokerOf(id)) }
