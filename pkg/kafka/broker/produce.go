package broker

import (
	"context"
)

// Batch is one sealed and stamped record batch on its way to a partition. A partition takes one batch per request.
type Batch struct {
	TopicPartition
	Bytes []byte
}

// Produced is a leader's answer about one batch.
type Produced struct {
	TopicPartition
	Code Code
	Base int64  // offset of the first record
	Text string // the broker's own words, if it gave any
}

// Produce sends batches that all go to partitions led by node, and waits until all in-sync replicas have them.
// txnID is empty outside transactions; inside one of version 2 [Client.ProduceTxn] is right. The answer holds an entry
// for each batch; an error means no answer.
func (c *Client) Produce(ctx context.Context, node int32, txnID string, batches []Batch) ([]Produced, error) {
	return c.ProduceTxn(ctx, node, Producer{TxnID: txnID}, batches)
}

// ProduceTxn is Produce in the version of a producer's transactions.
func (c *Client) ProduceTxn(ctx context.Context, node int32, p Producer, batches []Batch) ([]Produced, error) {
	m := &call{node: node, key: keyProduce, version: p.Version.pick(8, 12), flex: p.Version >= TxnV2}
	m.parts = c.produceParts(p.TxnID, batches, m.flex)
	d, err := c.send(ctx, m)
	if err != nil {
		for _, b := range batches {
			c.ForgetLeaders(b.Topic)
		}
		return nil, err
	}
	answers := readProduced(d)
	if d.err != nil {
		return nil, c.noAnswer(m.key, node, d.err)
	}
	all := make([]Produced, len(batches))
	for i, b := range batches {
		all[i] = Produced{TopicPartition: b.TopicPartition, Code: unknown, Text: "the answer does not mention this partition"}
		if a, ok := answers[b.TopicPartition]; ok {
			all[i] = a
		}
		if leaderChanged(all[i].Code) {
			c.ForgetLeaders(b.Topic)
		}
	}
	return all, nil
}

// produceParts is a Produce body, of version 8 or with flex of version 9 to 12, in pieces: the batches go out as they
// are, without being copied.
func (c *Client) produceParts(txnID string, batches []Batch, flex bool) [][]byte {
	e := enc{flex: flex}
	e.optStr(txnID)
	e.i16(-1) // acks: all in-sync replicas
	e.i32(int32(c.conf.Timeout.Milliseconds()))
	var topics []string
	byTopic := map[string][]Batch{}
	for _, b := range batches {
		if byTopic[b.Topic] == nil {
			topics = append(topics, b.Topic)
		}
		byTopic[b.Topic] = append(byTopic[b.Topic], b)
	}
	e.array(len(topics))
	var parts [][]byte
	for _, t := range topics {
		e.str(t)
		e.array(len(byTopic[t]))
		for _, b := range byTopic[t] {
			e.i32(b.Partition)
			e.array(len(b.Bytes)) // bytes are counted as elements are
			parts = append(parts, e.b, b.Bytes)
			e.b = nil
			e.tags()
		}
		e.tags()
	}
	e.tags()
	if len(e.b) == 0 {
		return parts
	}
	return append(parts, e.b)
}

func readProduced(d *dec) map[TopicPartition]Produced {
	all := map[TopicPartition]Produced{}
	for range d.array() {
		topic := d.str()
		for range d.array() {
			p := Produced{TopicPartition: TopicPartition{topic, d.i32()}, Code: Code(d.i16()), Base: d.i64()}
			d.i64() // append time
			d.i64() // log start
			for range d.array() {
				d.i32()
				if text := d.str(); p.Text == "" {
					p.Text = text
				}
				d.skipTags()
			}
			if text := d.str(); text != "" {
				p.Text = text
			}
			d.skipTags()
			all[p.TopicPartition] = p
		}
		d.skipTags()
	}
	return all
}
