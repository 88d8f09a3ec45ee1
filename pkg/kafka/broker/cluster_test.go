package broker

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// bubble runs a test on a cluster with the topic "in" of six partitions on two brokers, under a fake clock. What a
// client leaves running keeps the bubble from ending, and fails the test.
func bubble(t *testing.T, test func(t *testing.T, cluster *kafkatest.Cluster, host *kafkatest.Host, c *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cluster := kafkatest.Start(t, kafkatest.Options{Brokers: 2, Topics: map[string]int32{"in": 6}})
		host := cluster.Host("us")
		c := New(Config{Brokers: cluster.Addrs(), ClientID: "client", Dial: host.Dial, Timeout: time.Second})
		t.Cleanup(c.Close)
		test(t, cluster, host, c)
	})
}

// fine fails unless an exchange came out well.
func fine(t *testing.T, code Code, err error) {
	t.Helper()
	if err != nil || code != OK {
		t.Fatalf("code %v, error %v", code, err)
	}
}

// sealed is a batch with the values, not stamped with an identity.
func sealed(p TopicPartition, values ...string) Batch {
	var b batch.Builder
	for _, v := range values {
		b.Append(&batch.Record{Time: time.Now().UnixMilli(), Value: []byte(v)})
	}
	return Batch{TopicPartition: p, Bytes: b.Seal(batch.Options{})}
}

// put appends values to a partition.
func put(t *testing.T, c *Client, p TopicPartition, values ...string) {
	t.Helper()
	node, code, err := c.leader(t.Context(), p.Topic, p.Partition)
	fine(t, code, err)
	got, err := c.Produce(t.Context(), node, "", []Batch{sealed(p, values...)})
	if err != nil {
		t.Fatal(err)
	}
	fine(t, got[0].Code, nil)
}

// begin opens a transaction that is about to write to a partition.
func begin(t *testing.T, c *Client, id string, p TopicPartition) Producer {
	t.Helper()
	who, code, err := c.InitProducerID(t.Context(), id, 10*time.Second)
	fine(t, code, err)
	code, err = c.AddPartitions(t.Context(), who, []TopicPartition{p})
	fine(t, code, err)
	return who
}

// write appends a batch of a transaction.
func write(t *testing.T, c *Client, who Producer, sequence int32, p TopicPartition, values ...string) {
	t.Helper()
	b := sealed(p, values...)
	batch.Stamp(b.Bytes, who.ID, who.Epoch, sequence, true)
	node, code, err := c.leader(t.Context(), p.Topic, p.Partition)
	fine(t, code, err)
	got, err := c.Produce(t.Context(), node, who.TxnID, []Batch{b})
	if err != nil {
		t.Fatal(err)
	}
	fine(t, got[0].Code, nil)
}

// values are the records of an answer, as a reader of committed data sees them, and where it goes on.
func values(t *testing.T, got Fetched, position int64) (all []string, next int64) {
	t.Helper()
	var w batch.Walker
	w.Reset(got.Records, position, got.Aborted, true)
	var r batch.Record
	for w.Next() {
		for w.Record(&r) {
			all = append(all, string(r.Value))
		}
	}
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	return all, w.Position()
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
