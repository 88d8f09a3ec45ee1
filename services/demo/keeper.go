package main

import (
	"context"
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"golang.org/x/sync/errgroup"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// The keeper's habits.
const (
	keepEvery   = 2 * time.Second
	keepRecords = 10_000 // of each partition of results and rejects, for whoever looks inside
)

// keeper deletes what every reader has passed, so that the broker's memory stays bounded over days, and keeps the
// ledger of what went by.
type keeper struct {
	cluster    *kfake.Cluster
	client     *broker.Client
	partitions int
	ledger     *ledger
}

func newKeeper(cluster *kfake.Cluster, conf broker.Config, partitions int) *keeper {
	conf.Topics = []string{recordsTopic, partialsTopic, resultsTopic, rejectsTopic}
	client := broker.New(conf)
	return &keeper{cluster: cluster, client: client, partitions: partitions, ledger: newLedger(client)}
}

// run works until ctx ends; the ledger reads on to the end of what is there then.
func (k *keeper) run(ctx context.Context) error {
	defer k.client.Close()
	var all errgroup.Group
	k.ledger.start(ctx, &all, k.partitions)
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return all.Wait()
		case <-tick.C:
			k.trim(ctx)
		}
	}
}

// trim deletes behind the slowest reader of every partition. What can't be told now is deleted next time.
func (k *keeper) trim(ctx context.Context) {
	for p, o := range k.offsets(ctx, processors, recordsTopic, k.partitions) {
		k.deleteBelow(recordsTopic, p, o.At)
	}
	for p, o := range k.offsets(ctx, sinks, partialsTopic, partials) {
		named, err := checkpoint.Decode(o.Metadata)
		if err != nil {
			continue
		}
		if m, err := checkpoint.ParseMerge(named.Body); err == nil {
			k.deleteBelow(partialsTopic, p, min(m.ReplayFrom, k.ledger.position(partialsTopic, p)))
		}
	}
	for _, topic := range []string{resultsTopic, rejectsTopic} {
		for _, info := range k.cluster.PartitionInfos(topic) {
			k.deleteBelow(topic, info.Partition, min(info.HighWatermark-keepRecords, k.ledger.position(topic, info.Partition)))
		}
	}
}

func (k *keeper) offsets(ctx context.Context, group, topic string, n int) map[int32]broker.Offset {
	offsets, code, err := k.client.OffsetFetch(ctx, group, broker.AllPartitions(topic, int32(n)), false)
	if err != nil || code != broker.OK {
		return nil
	}
	all := map[int32]broker.Offset{}
	for _, o := range offsets {
		all[o.Partition] = o
	}
	return all
}

func (k *keeper) deleteBelow(topic string, partition int32, offset int64) {
	if offset > 0 && offset != math.MaxInt64 {
		// The only error is an offset outside of the log, which is one that is deleted already.
		_ = k.cluster.DeleteRecords(topic, partition, offset)
	}
}
