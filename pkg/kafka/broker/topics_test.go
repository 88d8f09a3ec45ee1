package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

func TestTopicsAreMadeOnceWithTheBrokersTime(t *testing.T) {
	bubble(t, func(t *testing.T, cluster *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
		const replicas = 5 // of a service, all started at once
		topics := []NewTopic{{"in", 3, 1}, {"new", 4, 1}}
		core, logs := observer.New(zap.InfoLevel)
		// All of them have looked, and found nothing, before the first makes it.
		late := cluster.On(kafkatest.Rule{Key: kmsg.CreateTopics, Times: -1, Do: kafkatest.DelayRequest(100 * time.Millisecond)})
		errs := make(chan error, replicas)
		for i := range replicas {
			replica := New(Config{Brokers: cluster.Addrs(), Dial: cluster.Host(string(rune('a' + i))).Dial, Timeout: time.Second})
			defer replica.Close()
			go func() { errs <- replica.EnsureTopics(t.Context(), topics, true, zap.New(core)) }()
		}
		for range replicas {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if n := late.Hits(); n != replicas {
			t.Errorf("%d tried to make the topic, want %d", n, replicas)
		}
		if made := logs.FilterMessage("topic made").Len(); made != 1 || logs.FilterLevelExact(zap.WarnLevel).Len() != 0 {
			t.Errorf("%d say that they made it, and the warnings are %v", made, logs.FilterLevelExact(zap.WarnLevel).All())
		}
		if got, _ := c.LookUp(t.Context(), "new"); got.Partitions() != 4 {
			t.Errorf("new has %d partitions", got.Partitions())
		}
		if got, _ := c.LookUp(t.Context(), "in"); got.Partitions() != 6 {
			t.Errorf("an existing topic has %d partitions now", got.Partitions())
		}
		if got := cluster.Kfake().TopicInfo("new").Configs["message.timestamp.type"]; got == nil || *got != "LogAppendTime" {
			t.Errorf("message.timestamp.type is %v", got)
		}
	})
}

// TestTooFewBrokersForATopic: with one replica there can't be, so that brokers which are fenced for the moment are waited for.
func TestTooFewBrokersForATopic(t *testing.T) {
	bubble(t, func(t *testing.T, cluster *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
		refused := cluster.On(kafkatest.Rule{Key: kmsg.CreateTopics, Times: -1, Do: kafkatest.AnswerCode(38)})
		err := c.EnsureTopics(t.Context(), []NewTopic{{"three", 1, 3}}, true, zap.NewNop())
		if err == nil || !strings.Contains(err.Error(), "--replication-factor") {
			t.Errorf("three replicas: %v, want that it names the flag", err)
		}
		core, logs := observer.New(zap.WarnLevel)
		done := make(chan error, 1)
		go func() { done <- c.EnsureTopics(t.Context(), []NewTopic{{"one", 1, 1}}, true, zap.New(core)) }()
		time.Sleep(5 * time.Second)
		if n := refused.Hits(); n < 3 || n > 60 {
			t.Errorf("tried %d times within 5s", n)
		}
		refused.Remove()
		if err := <-done; err != nil {
			t.Errorf("one replica: %v", err)
		}
		if all := logs.All(); len(all) == 0 || !strings.Contains(all[0].Message, `can't make topic "one", trying again`) {
			t.Errorf("said %v", all)
		}
	})
}

func TestWithoutCreatingATopicIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T, cluster *kafkatest.Cluster, host *kafkatest.Host, c *Client) {
		done := make(chan error, 1)
		core, logs := observer.New(zap.InfoLevel)
		go func() { done <- c.EnsureTopics(t.Context(), []NewTopic{{"new", 1, 1}}, false, zap.New(core)) }()
		time.Sleep(15 * time.Second)
		if all := logs.All(); len(all) != 1 || !strings.Contains(all[0].Message, `topic "new" does not exist, and --create-topics=false`) {
			t.Errorf("said %v", all)
		}
		if len(done) > 0 || host.Sent(kmsg.CreateTopics) > 0 {
			t.Fatal("it did not wait")
		}
		if n := host.Sent(kmsg.Metadata); n > 150 {
			t.Errorf("%d looks in fifteen seconds", n)
		}
		create(t, cluster, "new")
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := c.EnsureTopics(within(t, time.Second), []NewTopic{{"never", 1, 1}}, false, zap.NewNop()); err != nil {
			t.Errorf("stopped while waiting: %v", err)
		}
	})
}

func create(t *testing.T, cluster *kafkatest.Cluster, topic string) {
	t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	rt := kmsg.NewCreateTopicsRequestTopic()
	rt.Topic, rt.NumPartitions, rt.ReplicationFactor = topic, 1, 1
	req.Topics = append(req.Topics, rt)
	if _, err := req.RequestWith(t.Context(), cluster.Client()); err != nil {
		t.Fatal(err)
	}
}

func TestATopicThatMayNotBeSeenIsAnErrorThatSaysWhatToGrant(t *testing.T) {
	bubble(t, func(t *testing.T, cluster *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
		cluster.Kfake().ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
			cluster.Kfake().KeepControl()
			if r.GetVersion() != 12 {
				return nil, nil, false
			}
			resp := r.ResponseKind().(*kmsg.MetadataResponse)
			topic := kmsg.NewMetadataResponseTopic()
			topic.Topic, topic.ErrorCode = kmsg.StringPtr("in"), 29
			resp.Topics = append(resp.Topics, topic)
			return resp, nil, true
		})
		err := c.EnsureTopics(within(t, time.Minute), []NewTopic{{"in", 1, 1}}, true, zap.NewNop())
		if !errors.Is(err, Code(29)) || !strings.Contains(err.Error(), "grant Describe") {
			t.Errorf("error %v", err)
		}
	})
}

// TestABrokerThatIsNotUpYetIsSaidAtWideIntervals: behind a port that is open already, errors differ in their ports.
func TestABrokerThatIsNotUpYetIsSaidAtWideIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int64
		c := New(Config{Brokers: []string{"localhost:9092"}, Timeout: time.Second, Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, fmt.Errorf("read tcp 127.0.0.1:%d->127.0.0.1:9092: connection reset by peer", 50_000+dials.Add(1))
		}})
		t.Cleanup(c.Close)
		core, logs := observer.New(zap.InfoLevel)
		if err := c.EnsureTopics(within(t, 25*time.Second), []NewTopic{{"in", 1, 1}}, true, zap.New(core)); err != nil {
			t.Fatal(err)
		}
		if n := logs.FilterMessageSnippet("can't reach Kafka at localhost:9092, trying again: ").Len(); n != 3 || logs.Len() != 3 || dials.Load() < 10 {
			t.Errorf("%d lines after %d dials in 25 seconds, want 3: %v", n, dials.Load(), logs.All())
		}
	})
}
