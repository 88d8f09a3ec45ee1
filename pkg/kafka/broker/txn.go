package broker

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// Producer is a producer's identity towards the brokers: sequences count within it, and a newer epoch of the same
// transactional id fences it.
type Producer struct {
	TxnID   string // transactional id; empty for a producer that is only idempotent
	ID      int64
	Epoch   int16
	Version TxnVersion // in which its requests are written; the brokers know nothing of it beyond each of them
}

// InitProducerID asks for a new epoch of a transactional id, which ends whatever transaction it had open, and
// fences whoever used it before. timeout is how long the coordinator lets a transaction stay open.
func (c *Client) InitProducerID(ctx context.Context, txnID string, timeout time.Duration) (Producer, Code, error) {
	e := enc{flex: true}
	e.optStr(txnID)
	e.i32(int32(timeout.Milliseconds()))
	e.i64(-1)
	e.i16(-1)
	e.tags()
	p := Producer{TxnID: txnID}
	m := &call{node: anyNode, key: keyInitProducerID, version: 4, flex: true, parts: [][]byte{e.b}}
	parse := func(d *dec) Code {
		d.i32()
		code := Code(d.i16())
		p.ID, p.Epoch = d.i64(), d.i16()
		return code
	}
	if txnID == "" { // any broker hands out an identity that is only idempotent
		d, err := c.send(ctx, m)
		if err != nil {
			return p, OK, err
		}
		code := parse(d)
		return p, code, d.err
	}
	code, err := c.toCoordinator(ctx, OfTransaction, txnID, m, parse)
	return p, code, err
}

// TopicPartition names a partition.
type TopicPartition struct {
	Topic     string
	Partition int32
}

// Name is how messages name it: topic/partition. (A String would hide the fields of all that embed it.)
func (p TopicPartition) Name() string { return fmt.Sprintf("%s/%d", p.Topic, p.Partition) }

// Compare orders by topic, then partition.
func (p TopicPartition) Compare(o TopicPartition) int {
	return cmp.Or(cmp.Compare(p.Topic, o.Topic), cmp.Compare(p.Partition, o.Partition))
}

// AddPartitions tells the transaction's coordinator which partitions will get records; the answer is the first
// code that is not OK.
func (c *Client) AddPartitions(ctx context.Context, p Producer, parts []TopicPartition) (Code, error) {
	e := enc{flex: true}
	e.str(p.TxnID)
	e.i64(p.ID)
	e.i16(p.Epoch)
	topics, byTopic := groupByTopic(parts)
	e.array(len(topics))
	for _, t := range topics {
		e.str(t)
		e.array(len(byTopic[t]))
		for _, n := range byTopic[t] {
			e.i32(n)
		}
		e.tags()
	}
	e.tags()
	m := &call{key: keyAddPartitions, version: 3, flex: true, parts: [][]byte{e.b}}
	return c.toCoordinator(ctx, OfTransaction, p.TxnID, m, func(d *dec) Code {
		d.i32()
		return firstCode(d)
	})
}

// AddOffsets tells the transaction's coordinator that offsets of a group will be committed.
func (c *Client) AddOffsets(ctx context.Context, p Producer, group string) (Code, error) {
	e := enc{flex: true}
	e.str(p.TxnID)
	e.i64(p.ID)
	e.i16(p.Epoch)
	e.str(group)
	e.tags()
	m := &call{key: keyAddOffsets, version: 3, flex: true, parts: [][]byte{e.b}}
	return c.toCoordinator(ctx, OfTransaction, p.TxnID, m, func(d *dec) Code {
		d.i32()
		return Code(d.i16())
	})
}

// EndTxn commits or aborts. With code OK the answer carries the identity that the next transaction must have: in
// version 1 the same as before, in version 2 one of a new epoch, or after the last epoch of a new producer id. With any
// other code it is the same as before.
func (c *Client) EndTxn(ctx context.Context, p Producer, commit bool) (Producer, Code, error) {
	e := enc{flex: true}
	e.str(p.TxnID)
	e.i64(p.ID)
	e.i16(p.Epoch)
	e.bool(commit)
	e.tags()
	next := p
	m := &call{key: keyEndTxn, version: p.Version.pick(3, 5), flex: true, parts: [][]byte{e.b}}
	code, err := c.toCoordinator(ctx, OfTransaction, p.TxnID, m, func(d *dec) Code {
		d.i32()
		code := Code(d.i16())
		if m.version < 5 {
			return code
		}
		id, epoch := d.i64(), d.i16()
		switch {
		case code != OK: // both are -1
		case id < 0 || epoch < 0:
			return unknown // an end that brings no identity is not the end of this transaction
		default:
			next.ID, next.Epoch = id, epoch
		}
		return code
	})
	if err != nil {
		next = p
	}
	return next, code, err
}

// unknown is a broker's own word for not knowing.
const unknown Code = -1

// firstCode reads an array of topics with an array of (partition, code) each. 55 (not attempted, because of another
// partition) only counts where nothing else says why: the partition that is to blame may come behind it.
func firstCode(d *dec) Code {
	const notAttempted Code = 55
	first := OK
	for range d.array() {
		d.str()
		for range d.array() {
			d.i32()
			if code := Code(d.i16()); first == OK || first == notAttempted && code != OK {
				first = code
			}
			d.skipTags()
		}
		d.skipTags()
	}
	return first
}

// groupByTopic keeps the order in which the topics first appear, so that equal requests are equal bytes.
func groupByTopic(parts []TopicPartition) (topics []string, byTopic map[string][]int32) {
	byTopic = map[string][]int32{}
	for _, p := range parts {
		if _, ok := byTopic[p.Topic]; !ok {
			topics = append(topics, p.Topic)
		}
		byTopic[p.Topic] = append(byTopic[p.Topic], p.Partition)
	}
	return topics, byTopic
}
