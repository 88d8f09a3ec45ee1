package broker

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

func TestATopicIsLookedUpWithItsLeadersAndItsID(t *testing.T) {
	bubble(t, func(t *testing.T, cluster *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
		got, err := c.LookUp(t.Context(), "in")
		fine(t, got.Code, err)
		if want := []int32{0, 1, 0, 1, 0, 1}; !slices.Equal(got.Leaders, want) || got.ID != TopicID(cluster.Kfake().TopicInfo("in").TopicID) {
			t.Errorf("leaders %v of topic id %x", got.Leaders, got.ID)
		}
		none, err := c.LookUp(t.Context(), "nothing")
		if err != nil || none.Code != 3 {
			t.Errorf("a topic that isn't there: code %v, error %v", none.Code, err)
		}
		if _, code, err := c.leader(t.Context(), "in", 6); code != 3 || err != nil {
			t.Errorf("leader of a partition that isn't there: code %v, error %v", code, err)
		}
	})
}

func TestLogEndsCountWhatWaitsInAnOpenTransaction(t *testing.T) {
	bubble(t, func(t *testing.T, _ *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
		p := TopicPartition{"in", 2}
		put(t, c, p, "a", "b")
		who := begin(t, c, "t", p)
		write(t, c, who, 0, p, "c")
		ends, err := c.LogEnds(t.Context(), "in", []int32{0, 1, 2, 3})
		if err != nil || len(ends) != 4 || ends[2] != (LogEnds{0, 3}) || ends[0] != (LogEnds{0, 0}) {
			t.Errorf("%v, error %v", ends, err)
		}
	})
}

func TestAPartitionThatIsRefusedHidesNoOtherOfItsLeader(t *testing.T) {
	bubble(t, func(t *testing.T, cluster *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
		cluster.Kfake().ControlKey(int16(kmsg.ListOffsets), func(r kmsg.Request) (kmsg.Response, error, bool) {
			cluster.Kfake().KeepControl()
			return refuse(r.(*kmsg.ListOffsetsRequest), 4, 6), nil, true
		})
		ends, err := c.LogEnds(t.Context(), "in", []int32{0, 2, 4, 1})
		if len(ends) != 3 || err == nil || !strings.Contains(err.Error(), "in/4") {
			t.Errorf("%v, error %v: want all but partition 4, and an error that names it", ends, err)
		}
		if _, ok := ends[4]; ok {
			t.Error("partition 4 has an end")
		}
		if _, ok := c.Leader("in", 4); ok {
			t.Error("a leader that said it is none is remembered")
		}
	})
}

// refuse answers one partition with a code and the others with offset 5.
func refuse(req *kmsg.ListOffsetsRequest, partition int32, code int16) kmsg.Response {
	resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, rt := range req.Topics {
		topic := kmsg.NewListOffsetsResponseTopic()
		topic.Topic = rt.Topic
		for _, rp := range rt.Partitions {
			p := kmsg.NewListOffsetsResponseTopicPartition()
			p.Partition, p.Offset = rp.Partition, 5
			if rp.Partition == partition {
				p.ErrorCode, p.Offset = code, -1
			}
			topic.Partitions = append(topic.Partitions, p)
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp
}

func in(partition int32) TopicPartition { return TopicPartition{"in", partition} }

func TestACommitIsReadBackAndAPendingOneOnlyUnstably(t *testing.T) {
	bubble(t, func(t *testing.T, _ *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
		anybody := Member{Group: "group", Generation: -1}
		code, err := c.OffsetCommit(t.Context(), anybody, []Offset{{TopicPartition: in(1), At: 10, Metadata: "ten"}, {TopicPartition: in(3), At: 30}})
		fine(t, code, err)
		who, code, err := c.InitProducerID(t.Context(), "t", 10*time.Second)
		fine(t, code, err)
		code, err = c.AddOffsets(t.Context(), who, "group")
		fine(t, code, err)
		code, err = c.TxnOffsetCommit(t.Context(), who, anybody, []Offset{{TopicPartition: in(3), At: 33, Metadata: "later"}})
		fine(t, code, err)
		look := func(stable bool, want ...Offset) {
			t.Helper()
			got, code, err := c.OffsetFetch(t.Context(), "group", []TopicPartition{in(3), in(2), in(1)}, stable)
			fine(t, code, err)
			if !slices.Equal(got, want) {
				t.Errorf("stable %v: %+v, want %+v", stable, got, want)
			}
		}
		ten, none := Offset{TopicPartition: in(1), At: 10, Metadata: "ten"}, Offset{TopicPartition: in(2), At: -1}
		look(true, Offset{TopicPartition: in(3), At: -1, Code: 88}, none, ten)
		look(false, Offset{TopicPartition: in(3), At: 30}, none, ten)
		_, code, err = c.EndTxn(t.Context(), who, true)
		fine(t, code, err)
		look(true, Offset{TopicPartition: in(3), At: 33, Metadata: "later"}, none, ten)
	})
}

func TestACoordinatorThatMovedIsLookedUpAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		do   kafkatest.Action
	}{
		{"when it answers that it is none", kafkatest.AnswerCode(16)},
		{"when it does not answer", kafkatest.DropRequest(kafkatest.Silent)},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, _ *kafkatest.Cluster, host *kafkatest.Host, client *Client) {
				who := begin(t, client, "t", theTopic)
				host.On(kafkatest.Rule{Key: kmsg.EndTxn, Do: c.do})
				if _, code, err := client.EndTxn(t.Context(), who, true); code == OK && err == nil {
					t.Fatal("the first EndTxn went well")
				}
				before := host.Sent(kmsg.FindCoordinator)
				_, code, err := client.EndTxn(t.Context(), who, true)
				fine(t, code, err)
				if host.Sent(kmsg.FindCoordinator) != before+1 {
					t.Error("the coordinator was not looked up again")
				}
			})
		})
	}
}

func TestSilenceIsAnErrorWithinTheTimeLimitAndSaysWho(t *testing.T) {
	bubble(t, func(t *testing.T, _ *kafkatest.Cluster, host *kafkatest.Host, c *Client) {
		host.On(kafkatest.Rule{Key: kmsg.InitProducerID, Do: kafkatest.LoseAnswer(kafkatest.Silent)})
		began := time.Now()
		_, _, err := c.InitProducerID(t.Context(), "t", time.Second)
		if took := time.Since(began); err == nil || took > 1100*time.Millisecond {
			t.Errorf("after %s: %v", took, err)
		}
		if err == nil || !strings.Contains(err.Error(), "InitProducerId to broker 1: no answer in time") {
			t.Errorf("error %v does not say what was asked of whom", err)
		}
	})
}

func TestAnOldBrokerIsToldFromANewOne(t *testing.T) {
	for name, c := range map[string]struct {
		speaks  func(key, v int16) (low, high int16)
		missing []string
	}{
		"all that is needed": {func(_, v int16) (int16, int16) { return v, v }, nil},
		"no OffsetFetch v7": {func(key, v int16) (int16, int16) {
			if key == keyOffsetFetch {
				return 5, 5
			}
			return v, v
		}, []string{"does not speak OffsetFetch v7"}},
		"Fetch v3, as 3.9 does": {func(_, v int16) (int16, int16) { return min(v, 3), v }, []string{"is older than Kafka 4.0, and does not verify transactions"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, cluster *kafkatest.Cluster, _ *kafkatest.Host, client *Client) {
				cluster.Kfake().ControlKey(int16(kmsg.ApiVersions), func(r kmsg.Request) (kmsg.Response, error, bool) {
					cluster.Kfake().KeepControl()
					resp := r.ResponseKind().(*kmsg.ApiVersionsResponse)
					for key, v := range needed() {
						k := kmsg.NewApiVersionsResponseApiKey()
						k.ApiKey = key
						k.MinVersion, k.MaxVersion = c.speaks(key, v)
						resp.ApiKeys = append(resp.ApiKeys, k)
					}
					return resp, nil, true
				})
				err := client.CheckVersions(t.Context())
				var old *ErrTooOld
				if errors.As(err, &old); c.missing == nil && err != nil || c.missing != nil && (old == nil || !slices.Equal(old.Missing, c.missing)) {
					t.Errorf("error %v, want one of %q", err, c.missing)
				}
			})
		})
	}
}
