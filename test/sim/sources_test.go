package sim

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestEveryKindOfBatchIsRead sends records as other producers do: in every compression, and in transactions, of which
// some are aborted. In the end nothing is left to be read, markers included: lag tools show 0.
func TestEveryKindOfBatchIsRead(t *testing.T) {
	codecs := map[string]kgo.CompressionCodec{
		"plain": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	scenario(t, "all of them in turn", options{brokers: 3}, func(r *river) {
		p, s := r.processor("p1"), r.sink("s1")
		for round := range 3 {
			for name, codec := range codecs {
				client := r.cluster.Client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codec), kgo.TransactionalID(fmt.Sprint(name, round)))
				for _, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
					r.transact(client, end)
					time.Sleep(300 * time.Millisecond)
				}
				client.Close()
			}
		}
		settle()
		for partition, o := range r.cluster.CommittedOffsets("processor", recordsTopic) {
			if end := r.cluster.Kfake().PartitionInfo(recordsTopic, partition).HighWatermark; o.At != end {
				t.Errorf("partition %d is committed at %d, its log ends at %d", partition, o.At, end)
			}
		}
		r.end(p, s)
	})
}

// transact sends some records to every partition in one transaction.
func (r *river) transact(client *kgo.Client, end kgo.TransactionEndTry) {
	r.t.Helper()
	ctx := context.Background()
	if err := client.BeginTransaction(); err != nil {
		r.t.Fatal(err)
	}
	for i := range 40 {
		value := measurement(time.Now(), float64(i), string(rune('A'+i%3)))
		if err := client.ProduceSync(ctx, &kgo.Record{Topic: recordsTopic, Partition: int32(i % sources), Value: []byte(value)}).FirstErr(); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := client.EndTransaction(ctx, end); err != nil {
		r.t.Fatal(err)
	}
}

// TestAQuietPartitionsOwnerDies kills the owner of a partition that has been silent for long, and sends a record there
// before the group has noticed: it is in its result, neither late nor dropped.
func TestAQuietPartitionsOwnerDies(t *testing.T) {
	scenario(t, "and a record comes before anybody notices", options{}, func(r *river) {
		p1, s := r.processor("p1"), r.sink("s1")
		p2 := r.processor("p2") // gets the second half of the partitions
		busy := func(lasting time.Duration) {
			for begin := time.Now(); time.Since(begin) < lasting; time.Sleep(100 * time.Millisecond) {
				r.send(0, measurement(time.Now(), 1, "A"))
				r.send(1, measurement(time.Now(), 2, "B"))
			}
		}
		r.send(3, measurement(time.Now(), 3, "C"))
		// The others will be past the end of its window before the dead one's session has ended.
		busy(20 * time.Second)
		end := time.Now().Truncate(windowSize).Add(2 * windowSize)
		busy(time.Until(end) - 2*time.Second)
		p2.Kill()
		busy(time.Second)
		r.send(3, measurement(time.Now(), 4, "waited for"))
		busy(25 * time.Second)
		settle()
		p2.Crash()
		r.end(p1, s)
	})
}
