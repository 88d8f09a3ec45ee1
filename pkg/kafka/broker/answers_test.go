package broker

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// answer is one that a broker could give, written by franz-go's code with its arrays filled, and what is read of it
// here, in print.
type answer struct {
	name string
	flex bool
	resp kmsg.Response
	read func(d *dec) string
	want string
}

func answers() []answer {
	return []answer{
		{"Metadata", true, metadataAnswer(), func(d *dec) string {
			t := readMetadata(d, "in")
			return fmt.Sprint(t.Name, t.ID[0], t.ID[15], t.Leaders, int(t.Code))
		}, "in7 9 [4 -1 5] 0"},
		{"Produce", false, produceAnswer(8), produced, `0 77 "" 87 -1 "the whole batch: the record" 2`},
		{"Produce of version 2", true, produceAnswer(12), produced, `0 77 "" 87 -1 "the whole batch: the record" 2`},
		{"ApiVersions", true, versionsAnswer(2, 5), transactionVersion, "transaction version 2"},
		{"ApiVersions of a cluster that has not finalized it", true, versionsAnswer(1, 5), transactionVersion, "transaction version 1"},
		{"ApiVersions of a broker that does not speak it", true, versionsAnswer(2, 4), transactionVersion, "transaction version 1"},
		{"AddPartitionsToTxn", true, addPartitionsAnswer(0, 55, 29, 55), func(d *dec) string {
			d.i32()
			return fmt.Sprint(int(firstCode(d)))
		}, "29"},
		{"AddPartitionsToTxn of which only some were not tried", true, addPartitionsAnswer(0, 0, 55, 0), func(d *dec) string {
			d.i32()
			return fmt.Sprint(int(firstCode(d)))
		}, "55"},
		{"OffsetCommit", false, offsetCommitAnswer(0, 22), func(d *dec) string {
			d.i32()
			return fmt.Sprint(int(firstCode(d)))
		}, "22"},
		{"Fetch", false, fetchAnswer(), func(d *dec) string {
			m := fetchMessage{req: FetchRequest{TopicPartition: theTopic}}
			d.err = m.read(d.b)
			return fmt.Sprintf("%d %d %d %d %v %s", m.got.Code, m.got.HighWatermark, m.got.LastStable, m.got.LogStart, m.got.Aborted, m.got.Records)
		}, "0 90 80 3 [{11 70} {12 71}] bytes"},
	}
}

func TestAnswersAreReadAsFranzGoWritesThem(t *testing.T) {
	for _, a := range answers() {
		t.Run(a.name, func(t *testing.T) {
			d := dec{b: a.resp.AppendTo(nil), flex: a.flex}
			if got := a.read(&d); got != a.want || d.err != nil {
				t.Errorf("read %q, error %v, want %q", got, d.err, a.want)
			}
		})
	}
}

// A broker never cuts an answer short, but what is no broker does.
func TestAnAnswerCutShortIsAnErrorAndNeverAPanic(t *testing.T) {
	for _, a := range answers() {
		t.Run(a.name, func(t *testing.T) {
			whole := a.resp.AppendTo(nil)
			for n := range whole {
				d := dec{b: whole[:n:n], flex: a.flex}
				// What lacks only trailing fields that nobody reads may pass, with the values it has.
				if got := a.read(&d); d.err == nil && got != a.want {
					t.Errorf("cut to %d of %d bytes: read %q without an error", n, len(whole), got)
				}
			}
		})
	}
}

func TestAWrongLengthNeverMakesUsAllocate(t *testing.T) {
	for _, flex := range []bool{false, true} {
		d := dec{b: []byte{0x7F, 0xFF, 0xFF, 0xFF, 0x07, 1, 2, 3}, flex: flex}
		if flex {
			d.b = []byte{0xFF, 0xFF, 0xFF, 0xFF, 0x03, 1, 2, 3}
		}
		if n := d.array(); n != 0 || d.err == nil {
			t.Errorf("flexible %v: an array of %d elements in three bytes, error %v", flex, n, d.err)
		}
	}
}

func metadataAnswer() kmsg.Response {
	r := kmsg.NewPtrMetadataResponse()
	r.SetVersion(12)
	for i := range 2 {
		b := kmsg.NewMetadataResponseBroker()
		b.NodeID, b.Host, b.Port = int32(i), "host", 9092
		b.Rack = kmsg.StringPtr("rack")
		r.Brokers = append(r.Brokers, b)
	}
	r.ClusterID = kmsg.StringPtr("cluster")
	topic := kmsg.NewMetadataResponseTopic()
	topic.Topic, topic.TopicID = kmsg.StringPtr("in"), [16]byte{0: 7, 15: 9}
	for i, w := range []struct {
		leader int32
		code   int16
	}{{5, 9}, {3, 5}, {4, 0}} { // a replica is missing; no leader, whatever is named; fine
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Partition, p.Leader, p.ErrorCode = int32(2-i), w.leader, w.code
		p.Replicas, p.ISR, p.OfflineReplicas = []int32{1, 2, 3}, []int32{1}, []int32{2, 3}
		topic.Partitions = append(topic.Partitions, p)
	}
	r.Topics = append(r.Topics, topic)
	return r
}

func produced(d *dec) string {
	all := readProduced(d)
	a, b := all[TopicPartition{"a", 1}], all[TopicPartition{"b", 2}]
	return fmt.Sprintf("%d %d %q %d %d %q %d", a.Code, a.Base, a.Text, b.Code, b.Base, b.Text, len(all))
}

func transactionVersion(d *dec) string {
	if code := d.i16(); code != 0 {
		return fmt.Sprint("code ", code)
	}
	return readTxnVersion(d).String()
}

// versionsAnswer is that of a cluster with a level of the feature among others, and a broker that speaks EndTxn so far.
func versionsAnswer(level, end int16) kmsg.Response {
	r := kmsg.NewPtrApiVersionsResponse()
	r.SetVersion(3)
	for _, w := range [][2]int16{{keyProduce, 13}, {keyFetch, 18}, {keyTxnOffsetCommit, 5}, {keyEndTxn, end}} {
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey, k.MinVersion, k.MaxVersion = w[0], 0, w[1]
		r.ApiKeys = append(r.ApiKeys, k)
	}
	for _, name := range []string{"metadata.version", txnFeature, "group.version"} {
		s := kmsg.NewApiVersionsResponseSupportedFeature()
		s.Name, s.MaxVersion = name, 29 // what could be finalized says nothing
		f := kmsg.NewApiVersionsResponseFinalizedFeature()
		f.Name, f.MaxVersionLevel, f.MinVersionLevel = name, 29, 29
		if name == txnFeature {
			f.MaxVersionLevel, f.MinVersionLevel = level, level
		}
		r.SupportedFeatures, r.FinalizedFeatures = append(r.SupportedFeatures, s), append(r.FinalizedFeatures, f)
	}
	r.FinalizedFeaturesEpoch = 16
	return r
}

func produceAnswer(version int16) kmsg.Response {
	r := kmsg.NewPtrProduceResponse()
	r.SetVersion(version)
	for _, w := range []struct {
		topic string
		n     int32
		code  int16
		base  int64
	}{{"a", 1, 0, 77}, {"b", 2, 87, -1}} {
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic = w.topic
		p := kmsg.NewProduceResponseTopicPartition()
		p.Partition, p.ErrorCode, p.BaseOffset = w.n, w.code, w.base
		p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch = 3, 4 // a tagged field, where there are such
		if w.code != 0 {
			p.ErrorMessage = kmsg.StringPtr("the whole batch: the record")
			e := kmsg.NewProduceResponseTopicPartitionErrorRecord()
			e.RelativeOffset, e.ErrorMessage = 4, kmsg.StringPtr("this one")
			p.ErrorRecords = append(p.ErrorRecords, e, e)
		}
		topic.Partitions = append(topic.Partitions, p)
		r.Topics = append(r.Topics, topic)
	}
	return r
}

func addPartitionsAnswer(codes ...int16) kmsg.Response {
	r := kmsg.NewPtrAddPartitionsToTxnResponse()
	r.SetVersion(3)
	for i, code := range codes {
		topic := kmsg.NewAddPartitionsToTxnResponseTopic()
		topic.Topic = "topic"
		p := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
		p.Partition, p.ErrorCode = int32(i), code
		topic.Partitions = append(topic.Partitions, p)
		r.Topics = append(r.Topics, topic)
	}
	return r
}

func offsetCommitAnswer(codes ...int16) kmsg.Response {
	r := kmsg.NewPtrOffsetCommitResponse()
	r.SetVersion(7)
	topic := kmsg.NewOffsetCommitResponseTopic()
	topic.Topic = "in"
	for i, code := range codes {
		p := kmsg.NewOffsetCommitResponseTopicPartition()
		p.Partition, p.ErrorCode = int32(i), code
		topic.Partitions = append(topic.Partitions, p)
	}
	r.Topics = append(r.Topics, topic)
	return r
}

func fetchAnswer() kmsg.Response {
	r := kmsg.NewPtrFetchResponse()
	r.SetVersion(11)
	topic := kmsg.NewFetchResponseTopic()
	topic.Topic = "in"
	p := kmsg.NewFetchResponseTopicPartition()
	p.Partition, p.HighWatermark, p.LastStableOffset, p.LogStartOffset = 1, 90, 80, 3
	for i := range 2 {
		a := kmsg.NewFetchResponseTopicPartitionAbortedTransaction()
		a.ProducerID, a.FirstOffset = int64(11+i), int64(70+i)
		p.AbortedTransactions = append(p.AbortedTransactions, a)
	}
	p.RecordBatches = []byte("bytes")
	topic.Partitions = append(topic.Partitions, p)
	r.Topics = append(r.Topics, topic)
	return r
}

func TestWhatABrokerLeftOutOfAnOffsetFetchIsNotCommitted(t *testing.T) {
	got := complete([]Offset{{TopicPartition: in(7), At: 70}, {TopicPartition: in(1), At: 10, Metadata: "m"}}, []TopicPartition{in(1), in(2), in(7)})
	want := []Offset{{TopicPartition: in(1), At: 10, Metadata: "m"}, {TopicPartition: in(2), At: -1}, {TopicPartition: in(7), At: 70}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
