package broker

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// request is one that this package writes, and what franz-go would have written in its place.
type request struct {
	name string
	send func(ctx context.Context, c *Client)
	want kmsg.Request
}

var theTopic = TopicPartition{"in", 1}

func requests() []request {
	who := Producer{TxnID: "group/a", ID: 1<<40 + 7, Epoch: 300}
	member := Member{Group: "group", Generation: 70_000, ID: "member-1"}
	offsets := []Offset{{TopicPartition: in(3), At: 1 << 33, Metadata: "text"}, {TopicPartition: TopicPartition{Topic: "other", Partition: 2}, At: 5}, {TopicPartition: in(1), At: 0}}
	b := sealed(theTopic, "a", "b")
	return []request{
		{"ApiVersions", func(ctx context.Context, c *Client) { _ = c.CheckVersions(ctx) },
			version(kmsg.NewPtrApiVersionsRequest(), 2)},
		{"Metadata", func(ctx context.Context, c *Client) { _, _ = c.LookUp(ctx, "in") }, wantMetadata()},
		{"FindCoordinator of a group", func(ctx context.Context, c *Client) { _, _, _ = c.Coordinator(ctx, OfGroup, "other") },
			wantCoordinator("other", 0)},
		{"FindCoordinator of a transactional id", func(ctx context.Context, c *Client) { _, _, _ = c.Coordinator(ctx, OfTransaction, "t") },
			wantCoordinator("t", 1)},
		{"InitProducerId", func(ctx context.Context, c *Client) { _, _, _ = c.InitProducerID(ctx, "group/a", 10*time.Second) },
			wantInit("group/a", 10_000)},
		{"InitProducerId outside transactions", func(ctx context.Context, c *Client) { _, _, _ = c.InitProducerID(ctx, "", time.Minute) },
			wantInit("", 60_000)},
		{"AddPartitionsToTxn", func(ctx context.Context, c *Client) {
			_, _ = c.AddPartitions(ctx, who, []TopicPartition{{"in", 2}, {"out", 0}, {"in", 1}})
		}, wantAddPartitions(who)},
		{"AddOffsetsToTxn", func(ctx context.Context, c *Client) { _, _ = c.AddOffsets(ctx, who, "group") }, wantAddOffsets(who)},
		{"TxnOffsetCommit", func(ctx context.Context, c *Client) { _, _ = c.TxnOffsetCommit(ctx, who, member, offsets) },
			wantTxnOffsetCommit(who, member, offsets)},
		{"Heartbeat", func(ctx context.Context, c *Client) { _, _ = c.Heartbeat(ctx, member) }, wantHeartbeat(member)},
		{"OffsetCommit", func(ctx context.Context, c *Client) { _, _ = c.OffsetCommit(ctx, member, offsets) },
			wantOffsetCommit(member, offsets)},
		{"OffsetFetch, stable", func(ctx context.Context, c *Client) {
			_, _, _ = c.OffsetFetch(ctx, "group", []TopicPartition{in(3), {Topic: "other", Partition: 2}, in(1)}, true)
		},
			wantOffsetFetch(true)},
		{"OffsetFetch, unstable", func(ctx context.Context, c *Client) {
			_, _, _ = c.OffsetFetch(ctx, "group", []TopicPartition{in(3), {Topic: "other", Partition: 2}, in(1)}, false)
		},
			wantOffsetFetch(false)},
		{"EndTxn, commit", func(ctx context.Context, c *Client) { _, _, _ = c.EndTxn(ctx, who, true) }, wantEnd(who, true)},
		{"EndTxn, abort", func(ctx context.Context, c *Client) { _, _, _ = c.EndTxn(ctx, who, false) }, wantEnd(who, false)},
		{"Produce of several topics and partitions", func(ctx context.Context, c *Client) {
			_, _ = c.Produce(ctx, 1, "group/a", []Batch{b, {TopicPartition{"out", 5}, b.Bytes}, {TopicPartition{"in", 3}, b.Bytes}})
		}, wantProduce("group/a", b.Bytes)},
		{"Produce outside transactions", func(ctx context.Context, c *Client) {
			_, _ = c.Produce(ctx, 1, "", []Batch{b, {TopicPartition{"out", 5}, b.Bytes}, {TopicPartition{"in", 3}, b.Bytes}})
		}, wantProduce("", b.Bytes)},
		{"Fetch", func(ctx context.Context, c *Client) {
			_, _ = c.NewFetcher().Fetch(ctx, FetchRequest{TopicPartition: theTopic, Offset: 1 << 35, MaxBytes: 1 << 20, MaxWait: 250 * time.Millisecond})
		}, wantFetch()},
		{"ListOffsets", func(ctx context.Context, c *Client) { _, _ = c.listOffsets(ctx, 1, "in", []int32{1, 3}, earliest) },
			wantListOffsets(-2)},
		{"ListOffsets of the end", func(ctx context.Context, c *Client) { _, _ = c.listOffsets(ctx, 1, "in", []int32{1, 3}, latest) },
			wantListOffsets(-1)},
	}
}

// requestsV2 are those of transactions of version 2, as far as they differ.
func requestsV2() []request {
	who := Producer{TxnID: "group/a", ID: 1<<40 + 7, Epoch: 300, Version: TxnV2}
	member := Member{Group: "group", Generation: 70_000, ID: "member-1"}
	offsets := []Offset{{TopicPartition: in(3), At: 1 << 33, Metadata: "text"}, {TopicPartition: TopicPartition{Topic: "other", Partition: 2}, At: 5}, {TopicPartition: in(1), At: 0}}
	b := sealed(theTopic, strings.Repeat("longer than a byte can count", 10))
	return []request{
		{"ApiVersions", func(ctx context.Context, c *Client) { _, _, _ = c.TransactionVersion(ctx, "group/a") }, wantAPIVersions()},
		{"TxnOffsetCommit", func(ctx context.Context, c *Client) { _, _ = c.TxnOffsetCommit(ctx, who, member, offsets) },
			version(wantTxnOffsetCommit(who, member, offsets), 5)},
		{"EndTxn, commit", func(ctx context.Context, c *Client) { _, _, _ = c.EndTxn(ctx, who, true) }, version(wantEnd(who, true), 5)},
		{"EndTxn, abort", func(ctx context.Context, c *Client) { _, _, _ = c.EndTxn(ctx, who, false) }, version(wantEnd(who, false), 5)},
		{"Produce of several topics and partitions", func(ctx context.Context, c *Client) {
			_, _ = c.ProduceTxn(ctx, 1, who, []Batch{b, {TopicPartition{"out", 5}, b.Bytes}, {TopicPartition{"in", 3}, b.Bytes}})
		}, version(wantProduce("group/a", b.Bytes), 12)},
	}
}

// What is written byte by byte here is what another client's generated code writes for the same fields.
func TestEveryRequestIsWrittenAsFranzGoWouldWriteIt(t *testing.T) {
	for _, c := range []struct {
		name   string
		all    []request
		needed map[int16]int16
	}{{"of everybody", requests(), needed()}, {"of transactions of version 2", requestsV2(), neededForV2()}} {
		t.Run(c.name, func(t *testing.T) {
			used := written(t, c.all)
			for key, v := range c.needed {
				if used[key] != v {
					t.Errorf("%s v%d is asked for, and v%d is used", apiName(key), v, used[key])
				}
			}
		})
	}
}

// written sends requests, compares their bytes, and tells the versions that were used.
func written(t *testing.T, all []request) map[int16]int16 {
	used := map[int16]int16{}
	bubble(t, func(t *testing.T, _ *kafkatest.Cluster, host *kafkatest.Host, c *Client) {
		sent := make(chan kafkatest.Request, 100)
		host.Before(func(r kafkatest.Request) { sent <- r })
		for _, r := range all {
			r.send(t.Context(), c)
			used[r.want.Key()] = r.want.GetVersion()
			found := false
			for len(sent) > 0 {
				got := <-sent
				if int16(got.Key) != r.want.Key() || got.Version != r.want.GetVersion() {
					continue // on the way to it, or kafka-go's own
				}
				found = true
				if want := r.want.AppendTo(nil); !bytes.Equal(got.Body, want) {
					t.Errorf("%s:\nwrote %x\nwant  %x", r.name, got.Body, want)
				}
			}
			if !found {
				t.Errorf("%s v%d was not sent", r.name, r.want.GetVersion())
			}
		}
	})
	return used
}

func version[R kmsg.Request](r R, v int16) R {
	r.SetVersion(v)
	return r
}

func wantAPIVersions() kmsg.Request {
	r := version(kmsg.NewPtrApiVersionsRequest(), 3)
	r.ClientSoftwareName, r.ClientSoftwareVersion = "meanstream", "1"
	return r
}

func wantMetadata() kmsg.Request {
	r := version(kmsg.NewPtrMetadataRequest(), 12)
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = kmsg.StringPtr("in")
	r.Topics = append(r.Topics, topic)
	return r
}

func wantCoordinator(name string, kind int8) kmsg.Request {
	r := version(kmsg.NewPtrFindCoordinatorRequest(), 2)
	r.CoordinatorKey, r.CoordinatorType = name, kind
	return r
}

func wantInit(id string, millis int32) kmsg.Request {
	r := version(kmsg.NewPtrInitProducerIDRequest(), 4)
	if id != "" {
		r.TransactionalID = &id
	}
	r.TransactionTimeoutMillis, r.ProducerID, r.ProducerEpoch = millis, -1, -1
	return r
}

func wantAddPartitions(who Producer) kmsg.Request {
	r := version(kmsg.NewPtrAddPartitionsToTxnRequest(), 3)
	r.TransactionalID, r.ProducerID, r.ProducerEpoch = who.TxnID, who.ID, who.Epoch
	for _, w := range []struct {
		topic string
		parts []int32
	}{{"in", []int32{2, 1}}, {"out", []int32{0}}} {
		topic := kmsg.NewAddPartitionsToTxnRequestTopic()
		topic.Topic, topic.Partitions = w.topic, w.parts
		r.Topics = append(r.Topics, topic)
	}
	return r
}

func wantAddOffsets(who Producer) kmsg.Request {
	r := version(kmsg.NewPtrAddOffsetsToTxnRequest(), 3)
	r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Group = who.TxnID, who.ID, who.Epoch, "group"
	return r
}

func wantEnd(who Producer, commit bool) kmsg.Request {
	r := version(kmsg.NewPtrEndTxnRequest(), 3)
	r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Commit = who.TxnID, who.ID, who.Epoch, commit
	return r
}

func wantHeartbeat(member Member) kmsg.Request {
	r := version(kmsg.NewPtrHeartbeatRequest(), 3)
	r.Group, r.Generation, r.MemberID = member.Group, member.Generation, member.ID
	return r
}

func wantTxnOffsetCommit(who Producer, member Member, offsets []Offset) kmsg.Request {
	r := version(kmsg.NewPtrTxnOffsetCommitRequest(), 3)
	r.TransactionalID, r.Group, r.ProducerID, r.ProducerEpoch = who.TxnID, member.Group, who.ID, who.Epoch
	r.Generation, r.MemberID = member.Generation, member.ID
	for _, name := range []string{"in", "other"} {
		topic := kmsg.NewTxnOffsetCommitRequestTopic()
		topic.Topic = name
		for _, o := range offsets {
			if o.Topic == name {
				p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
				p.Partition, p.Offset, p.Metadata = o.Partition, o.At, &o.Metadata
				topic.Partitions = append(topic.Partitions, p)
			}
		}
		r.Topics = append(r.Topics, topic)
	}
	return r
}

func wantOffsetCommit(member Member, offsets []Offset) kmsg.Request {
	r := version(kmsg.NewPtrOffsetCommitRequest(), 7)
	r.Group, r.Generation, r.MemberID = member.Group, member.Generation, member.ID
	for _, name := range []string{"in", "other"} {
		topic := kmsg.NewOffsetCommitRequestTopic()
		topic.Topic = name
		for _, o := range offsets {
			if o.Topic == name {
				p := kmsg.NewOffsetCommitRequestTopicPartition()
				p.Partition, p.Offset, p.Metadata = o.Partition, o.At, &o.Metadata
				topic.Partitions = append(topic.Partitions, p)
			}
		}
		r.Topics = append(r.Topics, topic)
	}
	return r
}

func wantOffsetFetch(stable bool) kmsg.Request {
	r := version(kmsg.NewPtrOffsetFetchRequest(), 7)
	r.Group, r.RequireStable = "group", stable
	for name, partitions := range map[string][]int32{"in": {3, 1}, "other": {2}} {
		topic := kmsg.NewOffsetFetchRequestTopic()
		topic.Topic, topic.Partitions = name, partitions
		r.Topics = append(r.Topics, topic)
	}
	slices.SortFunc(r.Topics, func(a, b kmsg.OffsetFetchRequestTopic) int { return strings.Compare(a.Topic, b.Topic) })
	return r
}

func wantProduce(id string, records []byte) kmsg.Request {
	r := version(kmsg.NewPtrProduceRequest(), 8)
	if id != "" {
		r.TransactionID = &id
	}
	r.Acks, r.TimeoutMillis = -1, 1000
	for _, w := range []struct {
		topic string
		parts []int32
	}{{"in", []int32{1, 3}}, {"out", []int32{5}}} {
		topic := kmsg.NewProduceRequestTopic()
		topic.Topic = w.topic
		for _, n := range w.parts {
			p := kmsg.NewProduceRequestTopicPartition()
			p.Partition, p.Records = n, records
			topic.Partitions = append(topic.Partitions, p)
		}
		r.Topics = append(r.Topics, topic)
	}
	return r
}

func wantFetch() kmsg.Request {
	r := version(kmsg.NewPtrFetchRequest(), 11)
	r.MaxWaitMillis, r.MinBytes, r.MaxBytes, r.IsolationLevel = 250, 1, 1<<20, 1
	r.SessionEpoch = -1
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic = "in"
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.LogStartOffset, p.PartitionMaxBytes = 1, 1<<35, -1, 1<<20
	topic.Partitions = append(topic.Partitions, p)
	r.Topics = append(r.Topics, topic)
	return r
}

func wantListOffsets(at int64) kmsg.Request {
	r := version(kmsg.NewPtrListOffsetsRequest(), 5)
	r.ReplicaID = -1
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic = "in"
	for _, n := range []int32{1, 3} {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.CurrentLeaderEpoch, p.Timestamp = n, -1, at
		topic.Partitions = append(topic.Partitions, p)
	}
	r.Topics = append(r.Topics, topic)
	return r
}
