package kafkatest

import (
	"hash/crc32"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call sends one request on a connection of its own, gives up after a timeout and closes: a client without retries,
// caches or opinions.
func call(h *Host, addr string, req kmsg.Request, timeout time.Duration) (kmsg.Response, error) {
	conn, err := h.Dial(h.c.ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(frameOf(req, 7)); err != nil {
		return nil, err
	}
	frame, err := readFrame(conn)
	if err != nil {
		return nil, err
	}
	return Answer{Request: Request{Key: kmsg.Key(req.Key()), Version: req.GetVersion()}, frame: frame}.Parse()
}

func frameOf(req kmsg.Request, corr int32) []byte {
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("test")).AppendRequest(nil, req, corr)
}

// ask is a call that must be answered.
func ask[R kmsg.Response](t *testing.T, h *Host, addr string, req kmsg.Request) R {
	t.Helper()
	resp, err := call(h, addr, req, 5*time.Second)
	if err != nil {
		t.Fatalf("%s: %v", kmsg.NameForKey(req.Key()), err)
	}
	return resp.(R)
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// producer drives transactions request by request, on the one broker of its cluster.
type producer struct {
	t     *testing.T
	h     *Host
	addr  string
	id    string
	pid   int64
	epoch int16
	seq   int32
}

func newProducer(t *testing.T, h *Host, id string) *producer {
	t.Helper()
	p := &producer{t: t, h: h, addr: h.c.Addrs()[0], id: id}
	resp := ask[*kmsg.InitProducerIDResponse](t, h, p.addr, p.initReq())
	want(t, "InitProducerID's code", resp.ErrorCode, 0)
	p.pid, p.epoch = resp.ProducerID, resp.ProducerEpoch
	return p
}

func (p *producer) initReq() kmsg.Request {
	req := kmsg.NewPtrInitProducerIDRequest()
	req.Version, req.TransactionalID, req.TransactionTimeoutMillis = 4, &p.id, 10_000
	req.ProducerID, req.ProducerEpoch = -1, -1
	return req
}

func (p *producer) addPartition(topic string, partition int32) int16 {
	p.t.Helper()
	req := kmsg.NewPtrAddPartitionsToTxnRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch = 3, p.id, p.pid, p.epoch
	topicReq := kmsg.NewAddPartitionsToTxnRequestTopic()
	topicReq.Topic, topicReq.Partitions = topic, []int32{partition}
	req.Topics = append(req.Topics, topicReq)
	return ask[*kmsg.AddPartitionsToTxnResponse](p.t, p.h, p.addr, req).Topics[0].Partitions[0].ErrorCode
}

func (p *producer) addOffsets(group string) int16 {
	p.t.Helper()
	req := kmsg.NewPtrAddOffsetsToTxnRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = 3, p.id, p.pid, p.epoch, group
	return ask[*kmsg.AddOffsetsToTxnResponse](p.t, p.h, p.addr, req).ErrorCode
}

func (p *producer) commitOffset(group, topic string, partition int32, at int64) int16 {
	p.t.Helper()
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = 3, p.id, p.pid, p.epoch, group
	req.Generation = -1
	topicReq := kmsg.NewTxnOffsetCommitRequestTopic()
	topicReq.Topic = topic
	part := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	part.Partition, part.Offset, part.Metadata = partition, at, kmsg.StringPtr("by "+p.id)
	topicReq.Partitions = append(topicReq.Partitions, part)
	req.Topics = append(req.Topics, topicReq)
	return ask[*kmsg.TxnOffsetCommitResponse](p.t, p.h, p.addr, req).Topics[0].Partitions[0].ErrorCode
}

func (p *producer) produce(topic, value string) int16 {
	p.t.Helper()
	req := produceReq(topic, value, p)
	p.seq++
	return ask[*kmsg.ProduceResponse](p.t, p.h, p.addr, req).Topics[0].Partitions[0].ErrorCode
}

func (p *producer) endReq(commit bool) *kmsg.EndTxnRequest {
	req := kmsg.NewPtrEndTxnRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Commit = 3, p.id, p.pid, p.epoch, commit
	return req
}

func (p *producer) end(commit bool) int16 {
	p.t.Helper()
	return ask[*kmsg.EndTxnResponse](p.t, p.h, p.addr, p.endReq(commit)).ErrorCode
}

// begin opens a transaction with one record in partition 0 of topic and one offset of topic "in".
func (p *producer) begin(topic, value, group string, partition int32, at int64) {
	p.t.Helper()
	want(p.t, "add partition", p.addPartition(topic, 0), 0)
	want(p.t, "add offsets", p.addOffsets(group), 0)
	want(p.t, "commit offset", p.commitOffset(group, "in", partition, at), 0)
	want(p.t, "produce", p.produce(topic, value), 0)
}

// produceReq is one record for partition 0; by is nil for a producer without identity.
func produceReq(topic, value string, by *producer) *kmsg.ProduceRequest {
	rec := kmsg.Record{Value: []byte(value)}
	rec.Length = int32(len(rec.AppendTo(nil)) - 1)
	b := kmsg.RecordBatch{Magic: 2, PartitionLeaderEpoch: -1, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1,
		FirstTimestamp: time.Now().UnixMilli(), MaxTimestamp: time.Now().UnixMilli(), NumRecords: 1, Records: rec.AppendTo(nil)}
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks, req.TimeoutMillis = 9, -1, 1000
	if by != nil {
		b.ProducerID, b.ProducerEpoch, b.FirstSequence, b.Attributes = by.pid, by.epoch, by.seq, 0x10
		req.TransactionID = &by.id
	}
	enc := b.AppendTo(nil)
	b.Length = int32(len(enc) - 12)
	b.CRC = int32(crc32.Checksum(enc[21:], crc32.MakeTable(crc32.Castagnoli)))
	topicReq := kmsg.NewProduceRequestTopic()
	topicReq.Topic = topic
	part := kmsg.NewProduceRequestTopicPartition()
	part.Records = b.AppendTo(nil)
	topicReq.Partitions = append(topicReq.Partitions, part)
	req.Topics = append(req.Topics, topicReq)
	return req
}

func values(ms []Message) string {
	s := ""
	for i, m := range ms {
		if i > 0 {
			s += " "
		}
		s += string(m.Value)
	}
	return s
}
