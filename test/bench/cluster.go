package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/bench/workload"
	"github.com/meanstream/meanstream/test/oracle"
)

// cluster is a broker as the bench sees it.
type cluster struct {
	addr   string
	client *kgo.Client // manual partitions
	admin  *kadm.Client
	made   []string // topics
}

// connect connects with a client that compresses nothing.
func connect(addr string) (*cluster, error) { return connectWith(addr, kgo.NoCompression()) }

func connectWith(addr string, codec kgo.CompressionCodec) (*cluster, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(codec), kgo.MaxBufferedRecords(200_000))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return &cluster{addr: addr, client: client, admin: kadm.NewClient(client)}, nil
}

// close deletes the topics that were made.
func (c *cluster) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := c.admin.DeleteTopics(ctx, c.made...)
	c.client.Close()
	return err
}

// topic is a filled one.
type topic struct {
	name  string
	load  workload.Load
	bytes int64 // of all values
	want  oracle.Outcome
}

// make makes a topic whose times are the broker's, and remembers it.
func (c *cluster) make(ctx context.Context, name string, partitions int) error {
	byBroker := "LogAppendTime"
	r, err := c.admin.CreateTopic(ctx, int32(partitions), 1, map[string]*string{"message.timestamp.type": &byBroker}, name)
	if err = errors.Join(err, r.Err); err != nil {
		return fmt.Errorf("make topic %s: %w", name, err)
	}
	c.made = append(c.made, name)
	return nil
}

// fill sends a load to a topic of its own, and counts what must come of it.
func (c *cluster) fill(ctx context.Context, load workload.Load) (topic, error) {
	t := topic{name: fmt.Sprintf("meanstream-bench-%d-%s-%d", os.Getpid(), load.Numbers, load.Records), load: load}
	if err := c.make(ctx, t.name, load.Partitions); err != nil {
		return t, err
	}
	tally := oracle.NewTally(workload.Window)
	err := send(ctx, c.client, t.name, load.Partitions, func(number int) iter.Seq[[]byte] {
		p := load.Partition(number)
		var value []byte
		return func(yield func([]byte) bool) {
			for r, ok := p.Next(); ok; r, ok = p.Next() {
				value = p.Append(value[:0], r)
				t.bytes += int64(len(value))
				workload.Count(tally, r)
				if !yield(value) {
					return
				}
			}
		}
	})
	if err != nil {
		return t, err
	}
	t.want = tally.Outcome()
	return t, nil
}

// send fills the partitions of a topic, one after the other. A value may change once the next one is asked for.
func send(ctx context.Context, client *kgo.Client, name string, partitions int, values func(partition int) iter.Seq[[]byte]) error {
	var failed error // written by the client's one goroutine for promises
	sent := func(_ *kgo.Record, err error) {
		if err != nil {
			failed = err
		}
	}
	var block []byte
	for number := range partitions {
		for value := range values(number) {
			if ctx.Err() != nil {
				break
			}
			if cap(block)-len(block) < len(value) {
				block = make([]byte, 0, max(1<<20, len(value))) // the client keeps what it is given until it is sent
			}
			from := len(block)
			block = append(block, value...)
			client.Produce(ctx, &kgo.Record{Topic: name, Partition: int32(number), Value: block[from:len(block):len(block)]}, sent)
		}
	}
	if err := errors.Join(client.Flush(ctx), failed); err != nil {
		return fmt.Errorf("fill %s: %w", name, err)
	}
	return nil
}

// results are what a read_committed consumer sees of a topic up to its present end.
func (c *cluster) results(ctx context.Context, name string) ([]oracle.Published, error) {
	ends, err := c.admin.ListCommittedOffsets(ctx, name)
	if err = errors.Join(err, ends.Error()); err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.addr), kgo.ConsumeTopics(name), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	if err != nil {
		return nil, err
	}
	defer client.Close()
	open := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			open[o.Partition] = o.Offset
		}
	})
	var all []oracle.Published
	for len(open) > 0 {
		fetched := client.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		fetched.EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= open[r.Partition] {
				delete(open, r.Partition)
			}
			if !r.Attrs.IsControl() {
				all = append(all, oracle.Published{Partition: r.Partition, Key: r.Key, Value: r.Value})
			}
		})
	}
	return all, nil
}
