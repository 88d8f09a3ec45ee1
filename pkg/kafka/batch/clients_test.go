package batch

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

func readAsKafkaGo(t *testing.T, section []byte) []Record {
	t.Helper()
	var set protocol.RecordSet
	sized := append(binary.BigEndian.AppendUint32(nil, uint32(len(section))), section...)
	if _, err := set.ReadFrom(bytes.NewReader(sized)); err != nil {
		t.Fatal(err)
	}
	var out []Record
	for {
		r, err := set.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		c := Record{Offset: r.Offset, Time: r.Time.UnixMilli(), Key: all(t, r.Key), Value: all(t, r.Value)}
		for _, h := range r.Headers {
			c.Headers = append(c.Headers, Header{Key: h.Key, Value: h.Value})
		}
		out = append(out, c)
	}
}

func all(t *testing.T, b protocol.Bytes) []byte {
	t.Helper()
	if b == nil {
		return nil
	}
	out, err := protocol.ReadAll(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readAsFranz(t failer, section []byte, from int64, aborted []Aborted, committed bool) ([]Record, int64) {
	t.Helper()
	answer := &kmsg.FetchResponseTopicPartition{RecordBatches: section}
	for _, a := range aborted {
		answer.AbortedTransactions = append(answer.AbortedTransactions,
			kmsg.FetchResponseTopicPartitionAbortedTransaction{ProducerID: a.ProducerID, FirstOffset: a.FirstOffset})
	}
	opts := kgo.ProcessFetchPartitionOpts{Offset: from, IsolationLevel: kgo.ReadUncommitted()}
	if committed {
		opts.IsolationLevel = kgo.ReadCommitted()
	}
	got, position := kgo.ProcessFetchPartition(opts, answer, kgo.DefaultDecompressor(), nil)
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	var out []Record
	for _, r := range got.Records {
		c := Record{Offset: r.Offset, Time: r.Timestamp.UnixMilli(), Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			c.Headers = append(c.Headers, Header{Key: h.Key, Value: h.Value})
		}
		out = append(out, c)
	}
	return out, position
}

func TestOtherClientsReadWhatWeWrite(t *testing.T) {
	var b Builder
	for _, codec := range codecs() {
		t.Run(codec.String(), func(t *testing.T) {
			batch := build(&b, mixed(), Options{Compression: codec})
			Stamp(batch, 12, 0, 0, false)
			mustEqual(t, readAsKafkaGo(t, batch), numbered(mixed(), 0))
			got, position := readAsFranz(t, batch, 0, nil, true)
			mustEqual(t, got, numbered(mixed(), 0))
			if position != int64(len(mixed())) {
				t.Errorf("franz-go goes on at %d", position)
			}
		})
	}
}

func TestWeReadWhatKafkaGoWrites(t *testing.T) {
	var w Walker
	for _, codec := range codecs() {
		t.Run(codec.String(), func(t *testing.T) {
			var in []protocol.Record
			for _, r := range mixed() {
				c := protocol.Record{Time: time.UnixMilli(r.Time), Key: asBytes(r.Key), Value: asBytes(r.Value)}
				for _, h := range r.Headers {
					c.Headers = append(c.Headers, protocol.Header{Key: h.Key, Value: h.Value})
				}
				in = append(in, c)
			}
			set := protocol.RecordSet{Version: 2, Attributes: protocol.Attributes(codec),
				Records: protocol.NewRecordReader(in...)}
			var out bytes.Buffer
			if _, err := set.WriteTo(&out); err != nil {
				t.Fatal(err)
			}
			mustEqual(t, walk(&w, out.Bytes()[4:], 0, nil, true), numbered(mixed(), 0))
			if w.Err() != nil {
				t.Fatal(w.Err())
			}
		})
	}
}

func asBytes(b []byte) protocol.Bytes {
	if b == nil {
		return nil
	}
	return protocol.NewBytes(b)
}

// franz-go compresses snappy as one raw block, kafka-go in the xerial framing: both must be read.
func TestWeReadWhatFranzCompresses(t *testing.T) {
	var w Walker
	for codec, how := range map[Codec]kgo.CompressionCodec{Gzip: kgo.GzipCompression(), Snappy: kgo.SnappyCompression(),
		LZ4: kgo.Lz4Compression(), Zstd: kgo.ZstdCompression()} {
		t.Run(codec.String(), func(t *testing.T) {
			compressor, err := kgo.DefaultCompressor(how)
			if err != nil {
				t.Fatal(err)
			}
			want := numbered(mixed(), 500)
			var plain []byte
			for _, r := range want {
				plain = append(plain, slowRecord(r, r.Offset-500, r.Time)...)
			}
			payload, _ := compressor.Compress(new(bytes.Buffer), plain)
			batch := kmsg.RecordBatch{FirstOffset: 500, Magic: 2, Attributes: int16(codec), ProducerID: -1,
				LastOffsetDelta: int32(len(want) - 1), NumRecords: int32(len(want)), Records: payload}
			mustEqual(t, walk(&w, framed(batch), 0, nil, true), want)
			if w.Err() != nil {
				t.Fatal(w.Err())
			}
		})
	}
}

func framed(b kmsg.RecordBatch) []byte {
	b.Length = int32(len(b.AppendTo(nil)) - 12)
	out := b.AppendTo(nil)
	b.CRC = int32(crc32.Checksum(out[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b.AppendTo(nil)
}

// A broker in between assigns offsets and validates: what kgo produces we walk, and what we produce kgo consumes.
func TestThroughABroker(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	codecOf := map[Codec]kgo.CompressionCodec{None: kgo.NoCompression(), Gzip: kgo.GzipCompression(),
		Snappy: kgo.SnappyCompression(), LZ4: kgo.Lz4Compression(), Zstd: kgo.ZstdCompression()}
	var want []Record
	var b Builder
	for _, codec := range codecs() {
		client := dial(t, cluster, kgo.ProducerBatchCompression(codecOf[codec]))
		for _, r := range mixed() {
			in := &kgo.Record{Topic: "t", Timestamp: time.UnixMilli(r.Time), Key: r.Key, Value: r.Value}
			for _, h := range r.Headers {
				in.Headers = append(in.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
			}
			client.Produce(ctx, in, nil)
		}
		if err := client.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		produceRaw(ctx, t, client, build(&b, mixed(), Options{Compression: codec}))
		want = append(want, mixed()...)
		want = append(want, mixed()...)
	}
	want = numbered(want, 0)

	reader := dial(t, cluster, kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	section := fetchRaw(ctx, t, reader)
	var w Walker
	mustEqual(t, walk(&w, section, 0, nil, true), want)
	if w.Err() != nil || w.Position() != int64(len(want)) {
		t.Fatal(w.Err(), w.Position())
	}
	for at := 0; at < len(want); {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if got := fmt.Sprintf("%d %s", r.Offset, r.Value); got != fmt.Sprintf("%d %s", want[at].Offset, want[at].Value) {
				t.Fatalf("franz-go consumed %s at %d", got, at)
			}
			at++
		})
	}
}

func dial(t *testing.T, cluster *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(cluster.ListenAddrs()...),
		kgo.MaxVersions(kversion.V2_8_0()))...) // topics by name, not by id
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func produceRaw(ctx context.Context, t *testing.T, client *kgo.Client, batch []byte) {
	t.Helper()
	partition := kmsg.NewProduceRequestTopicPartition()
	partition.Records = batch
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic, topic.Partitions = "t", append(topic.Partitions, partition)
	request := kmsg.NewPtrProduceRequest()
	request.Acks, request.TimeoutMillis, request.Topics = -1, 5000, append(request.Topics, topic)
	answer, err := request.RequestWith(ctx, client)
	if err != nil {
		t.Fatal(err)
	}
	if code := answer.Topics[0].Partitions[0].ErrorCode; code != 0 {
		t.Fatalf("produce answers %d", code)
	}
}

func fetchRaw(ctx context.Context, t *testing.T, client *kgo.Client) []byte {
	t.Helper()
	partition := kmsg.NewFetchRequestTopicPartition()
	partition.PartitionMaxBytes = 1 << 20
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.Partitions = "t", append(topic.Partitions, partition)
	request := kmsg.NewPtrFetchRequest()
	request.MaxBytes, request.Topics = 1<<20, append(request.Topics, topic)
	answer, err := request.RequestWith(ctx, client.SeedBrokers()[0])
	if err != nil {
		t.Fatal(err)
	}
	return answer.Topics[0].Partitions[0].RecordBatches
}
