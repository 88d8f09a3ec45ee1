package kafkatest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// readTimeout bounds a judge's reading, on the bubble's clock if there is one.
const readTimeout = time.Minute

// Message is one record as a reader sees it.
type Message struct {
	Partition int32
	Offset    int64
	Time      time.Time
	Key       []byte // nil for a null key
	Value     []byte // nil for a tombstone
	Headers   []Header
}

// Header is one header of a Message.
type Header struct {
	Key   string
	Value []byte
}

// Offset is what a group has committed for a partition.
type Offset struct {
	At       int64 // the next one to read
	Metadata string
}

// ReadCommitted reads all of a topic as a consumer at read_committed sees it now: up to the last stable offset, without
// aborted records and markers. Ordered by partition, then offset. It reads with franz-go, so that the judge shares no
// code with the judged.
func (c *Cluster) ReadCommitted(topic string) []Message {
	c.t.Helper()
	return c.mustRead(topic, kgo.ReadCommitted())
}

// ReadAll reads all of a topic up to the high watermark, aborted and open transactions' records included; no markers.
func (c *Cluster) ReadAll(topic string) []Message {
	c.t.Helper()
	return c.mustRead(topic, kgo.ReadUncommitted())
}

func (c *Cluster) mustRead(topic string, level kgo.IsolationLevel) []Message {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, readTimeout)
	defer cancel()
	ms, err := c.read(ctx, topic, level)
	if err != nil {
		c.t.Fatalf("read topic %q: %v", topic, err)
	}
	return ms
}

func (c *Cluster) read(ctx context.Context, topic string, level kgo.IsolationLevel) ([]Message, error) {
	cl, err := c.newClient(kgo.FetchIsolationLevel(level), kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	open, err := bounds(ctx, kadm.NewClient(cl), topic, level)
	if err != nil {
		return nil, err
	}
	starts := map[int32]kgo.Offset{}
	for p, span := range open {
		starts[p] = kgo.NewOffset().At(span.from)
	}
	cl.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: starts})
	var ms []Message
	for len(open) > 0 {
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("partitions %v didn't come to their ends: %w", open, ctx.Err())
		}
		for _, e := range fetches.Errors() {
			return nil, fmt.Errorf("partition %d: %w", e.Partition, e.Err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			// The record that reaches the end is often a marker: that is why control records are kept and passed over.
			span, ok := open[r.Partition]
			if !ok || r.Offset >= span.to {
				return
			}
			if r.Offset == span.to-1 {
				delete(open, r.Partition)
			}
			if !r.Attrs.IsControl() {
				ms = append(ms, message(r))
			}
		})
	}
	slices.SortFunc(ms, func(a, b Message) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	return ms, nil
}

// span is the offsets of a partition that are to be read, [from, to).
type span struct{ from, to int64 }

// bounds lists the partitions of a topic that hold anything.
func bounds(ctx context.Context, adm *kadm.Client, topic string, level kgo.IsolationLevel) (map[int32]span, error) {
	starts, err := adm.ListStartOffsets(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("look up where it begins: %w", err)
	}
	list := adm.ListEndOffsets
	if level == kgo.ReadCommitted() {
		list = adm.ListCommittedOffsets
	}
	ends, err := list(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("look up where it ends: %w", err)
	}
	if err := errors.Join(starts.Error(), ends.Error()); err != nil {
		return nil, fmt.Errorf("look up its ends: %w", err)
	}
	out := map[int32]span{}
	ends.Each(func(end kadm.ListedOffset) {
		start, _ := starts.Lookup(topic, end.Partition)
		if start.Offset < end.Offset {
			out[end.Partition] = span{start.Offset, end.Offset}
		}
	})
	return out, nil
}

func message(r *kgo.Record) Message {
	m := Message{Partition: r.Partition, Offset: r.Offset, Time: r.Timestamp, Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		m.Headers = append(m.Headers, Header{h.Key, h.Value})
	}
	return m
}

// CommittedOffsets is what a group has committed for a topic, by partition; those without an offset are absent.
func (c *Cluster) CommittedOffsets(group, topic string) map[int32]Offset {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, readTimeout)
	defer cancel()
	cl, err := c.newClient()
	if err != nil {
		c.t.Fatalf("read the offsets of group %q: %v", group, err)
	}
	defer cl.Close()
	all, err := kadm.NewClient(cl).FetchOffsets(ctx, group)
	if err != nil {
		c.t.Fatalf("read the offsets of group %q: %v", group, err)
	}
	out := map[int32]Offset{}
	for p, o := range all[topic] {
		if o.Err != nil {
			c.t.Fatalf("read the offset of group %q for partition %d of topic %q: %v", group, p, topic, o.Err)
		}
		out[p] = Offset{At: o.At, Metadata: o.Metadata}
	}
	return out
}
