package chaos

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// within tries a check again and again until it finds nothing wrong, and fails with what it found last.
func (c *cluster) within(limit time.Duration, check func() error) {
	c.t.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil {
			return
		}
		c.complete()
		if time.Now().After(deadline) {
			c.t.Fatalf("after %s still: %v", limit, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// lag is how many offsets of a topic a group has not committed yet, by an independent client.
func (c *cluster) lag(group, topic string) (int64, error) {
	committed, err := c.admin.FetchOffsets(c.t.Context(), group)
	if err != nil {
		return 0, fmt.Errorf("fetch the offsets of %s: %w", group, err)
	}
	ends, err := c.admin.ListEndOffsets(c.t.Context(), topic)
	if err = errors.Join(err, ends.Error()); err != nil {
		return 0, fmt.Errorf("list where %s ends: %w", topic, err)
	}
	var lag int64
	for partition, end := range ends[topic] {
		lag += end.Offset
		if o, ok := committed.Lookup(topic, partition); ok {
			lag -= o.At
		}
	}
	return lag, nil
}

// members says which partitions of a topic each member of a group has, by member id.
func (c *cluster) members(group, topic string) (map[string][]int32, error) {
	groups, err := c.admin.DescribeGroups(c.t.Context(), group)
	if err = errors.Join(err, groups.Error()); err != nil {
		return nil, fmt.Errorf("describe group %s: %w", group, err)
	}
	all := map[string][]int32{}
	for _, m := range groups[group].Members {
		all[m.MemberID] = nil
		if assigned, ok := m.Assigned.AsConsumer(); ok {
			for _, t := range assigned.Topics {
				if t.Topic == topic {
					all[m.MemberID] = t.Partitions
				}
			}
		}
	}
	return all, nil
}

// addPartitions gives a topic more partitions, and waits until the broker knows of them.
func (c *cluster) addPartitions(topic string, more int) {
	c.t.Helper()
	all := c.partitions(topic) + more
	answer, err := c.admin.CreatePartitions(c.t.Context(), more, topic)
	if err == nil {
		err = answer.Error()
	}
	if err != nil {
		c.t.Fatalf("add %d partitions to %s: %v", more, topic, err)
	}
	c.within(10*time.Second, func() error {
		if n := c.partitions(topic); n != all {
			return fmt.Errorf("%s has %d partitions, want %d", topic, n, all)
		}
		return nil
	})
}

// makeTopic makes a topic whose records have a time of the given type, and else the broker's own settings.
func (c *cluster) makeTopic(topic string, partitions int32, timestamps string) {
	c.t.Helper()
	if _, err := c.admin.CreateTopic(c.t.Context(), partitions, 1, map[string]*string{"message.timestamp.type": &timestamps}, topic); err != nil {
		c.t.Fatalf("make topic %s: %v", topic, err)
	}
}

// partitions is how many partitions a topic has; 0 if there is no such topic yet.
func (c *cluster) partitions(topic string) int {
	c.t.Helper()
	var n int
	c.within(bound, func() error {
		topics, err := c.admin.ListTopics(c.t.Context(), topic)
		if err != nil {
			return fmt.Errorf("look up topic %s: %w", topic, err)
		}
		n = len(topics[topic].Partitions)
		return nil
	})
	return n
}

// send appends records to the partitions that they name.
func (c *cluster) send(records ...*kgo.Record) {
	c.t.Helper()
	c.within(10*time.Second, func() error {
		err := c.client.ProduceSync(c.t.Context(), records...).FirstErr()
		if err != nil { // one of the partitions may have been added a moment ago
			c.client.ForceMetadataRefresh()
			return fmt.Errorf("send %d records to %s: %w", len(records), records[0].Topic, err)
		}
		return nil
	})
}

// starts says where each partition of a topic starts.
func (c *cluster) starts(topic string) map[int32]int64 {
	c.t.Helper()
	listed, err := c.admin.ListStartOffsets(c.t.Context(), topic)
	if err != nil || listed.Error() != nil {
		c.t.Fatalf("list where %s starts: %v %v", topic, err, listed.Error())
	}
	starts := map[int32]int64{}
	for partition, o := range listed[topic] {
		starts[partition] = o.Offset
	}
	return starts
}

// read reads what an independent client sees of a topic in read_committed, up to where it ends now.
func (c *cluster) read(topic string) []*kgo.Record {
	c.t.Helper()
	return c.readLast(topic, math.MaxInt64)
}

// readLast is read, but of each partition's last offsets only.
func (c *cluster) readLast(topic string, last int64) []*kgo.Record {
	c.t.Helper()
	var all []*kgo.Record
	c.within(bound, func() (err error) { // a broker that has just come back may not lead all partitions yet
		all, err = c.tryRead(topic, last)
		return err
	})
	return all
}

func (c *cluster) tryRead(topic string, last int64) ([]*kgo.Record, error) {
	starts, err1 := c.admin.ListStartOffsets(c.t.Context(), topic)
	ends, err2 := c.admin.ListCommittedOffsets(c.t.Context(), topic)
	if err := errors.Join(err1, err2, starts.Error(), ends.Error()); err != nil {
		return nil, fmt.Errorf("list where %s starts and ends: %w", topic, err)
	}
	left := map[int32]int64{} // by partition, the offset below which something is still to come
	from := map[int32]kgo.Offset{}
	for partition, end := range ends[topic] {
		if begin := starts[topic][partition].Offset; end.Offset > begin {
			left[partition] = end.Offset
			from[partition] = kgo.NewOffset().At(max(begin, end.Offset-last))
		}
	}
	// Markers are offsets, too: without them nobody could tell that a log was read to its end.
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(c.addr, ",")...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var all []*kgo.Record
	for len(left) > 0 {
		ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
		fetched := client.PollFetches(ctx)
		cancel()
		if err := fetched.Err(); err != nil {
			return nil, fmt.Errorf("read %s: %w; still to come: %v", topic, err, left)
		}
		fetched.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				all = append(all, r)
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return all, nil
}
