package broker

import (
	"context"
	"fmt"
)

// TopicID identifies one life of a topic: a topic that is deleted and made again under its name gets another.
type TopicID [16]byte

// Topic is what the brokers say of a topic.
type Topic struct {
	Name    string
	ID      TopicID
	Leaders []int32 // by partition; -1 where a partition has none at the moment
	Code    Code    // 3: there is no such topic; 29: not allowed to see it

	operations int32 // bits of what this user may do with it, or notGiven
}

// Partitions is the number of partitions.
func (t Topic) Partitions() int32 { return int32(len(t.Leaders)) }

// AllPartitions lists those of a topic that has n.
func AllPartitions(topic string, n int32) []TopicPartition {
	all := make([]TopicPartition, n)
	for i := range all {
		all[i] = TopicPartition{topic, int32(i)}
	}
	return all
}

// LookUp asks the brokers about a topic, and remembers the answer for [Client.Leader].
func (c *Client) LookUp(ctx context.Context, name string) (Topic, error) {
	return c.lookUp(ctx, name, false)
}

// lookUp is LookUp, with what this user may do with the topic if operations is set: that costs the broker a look at
// its authorizer.
func (c *Client) lookUp(ctx context.Context, name string, operations bool) (Topic, error) {
	e := enc{flex: true}
	e.array(1)
	e.b = append(e.b, make([]byte, 16)...) // by name, not by id
	e.str(name)
	e.tags()
	e.bool(false) // no auto-creation
	e.bool(operations)
	e.tags()
	d, err := c.send(ctx, &call{node: anyNode, key: keyMetadata, version: 12, flex: true, parts: [][]byte{e.b}})
	if err != nil {
		return Topic{}, err
	}
	t := readMetadata(d, name)
	if d.err != nil {
		return Topic{}, fmt.Errorf("look up topic %q: %w", name, d.err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.Code == OK {
		c.topics[name] = t
	} else {
		delete(c.topics, name)
	}
	return t, nil
}

// readMetadata reads a Metadata v12 answer about one topic.
func readMetadata(d *dec, name string) Topic {
	t := Topic{Name: name, Code: 3, operations: notGiven}
	d.i32() // throttle
	for range d.array() {
		d.i32()
		d.str()
		d.i32()
		d.str()
		d.skipTags()
	}
	d.str() // cluster id
	d.i32() // controller
	for range d.array() {
		t.Code = Code(d.i16())
		d.str()
		copy(t.ID[:], d.take(16))
		d.i8() // internal
		n := d.array()
		t.Leaders = make([]int32, n)
		for i := range t.Leaders {
			t.Leaders[i] = -1
		}
		for range n {
			readPartition(d, t.Leaders)
		}
		t.operations = d.i32()
		d.skipTags()
	}
	d.skipTags()
	return t
}

func readPartition(d *dec, leaders []int32) {
	code, p, leader := Code(d.i16()), d.i32(), d.i32()
	d.i32() // leader epoch
	for range 3 {
		for range d.array() {
			d.i32()
		}
	}
	d.skipTags()
	// 9 (a replica is missing) comes with a leader that works.
	if p >= 0 && int(p) < len(leaders) && (code == OK || code == 9) {
		leaders[p] = leader
	}
}

// Leader tells which broker leads a partition, from what was last looked up; false if that is not known.
func (c *Client) Leader(topic string, partition int32) (int32, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.topics[topic]
	if !ok || partition < 0 || partition >= t.Partitions() || t.Leaders[partition] < 0 {
		return 0, false
	}
	return t.Leaders[partition], true
}

// ForgetLeaders drops what is remembered of a topic: one of its leaders answered that it is none, or not at all.
func (c *Client) ForgetLeaders(topic string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.topics, topic)
}

// leader is Leader, with a look-up where that helps. The code is 5 (no leader at the moment) or what the look-up
// of the topic said.
func (c *Client) leader(ctx context.Context, topic string, partition int32) (int32, Code, error) {
	if node, ok := c.Leader(topic, partition); ok {
		return node, OK, nil
	}
	t, err := c.LookUp(ctx, topic)
	if err != nil || t.Code != OK {
		return 0, t.Code, err
	}
	if partition >= t.Partitions() {
		return 0, 3, nil
	}
	if t.Leaders[partition] < 0 {
		return 0, 5, nil
	}
	return t.Leaders[partition], OK, nil
}

// leaderChanged tells the codes after which a partition's leader must be looked up again.
func leaderChanged(code Code) bool {
	switch code {
	case 3, 5, 6, 8, 9, 56, 72, 74, 75, 100: // unknown partition, no leader, not the leader, ..., other topic id
		return true
	}
	return false
}
