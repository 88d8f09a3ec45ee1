package broker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Times that ListOffsets understands besides real ones.
const (
	latest   int64 = -1
	earliest int64 = -2
)

// LogEnds are the bounds of a partition's log: Start is the first offset still there, End the high watermark.
type LogEnds struct{ Start, End int64 }

// LogEnds looks up the bounds of the logs of several partitions of a topic, one request per leader and bound. A
// partition that could not be looked up is missing from the answer, and err says why one of them is.
func (c *Client) LogEnds(ctx context.Context, topic string, partitions []int32) (map[int32]LogEnds, error) {
	byLeader := map[int32][]int32{}
	var problem error
	for _, p := range partitions {
		node, code, err := c.leader(ctx, topic, p)
		switch {
		case err != nil:
			problem = err
		case code != OK:
			problem = fmt.Errorf("look up the end of %s/%d: %w", topic, p, code)
		default:
			byLeader[node] = append(byLeader[node], p)
		}
	}
	all := map[int32]LogEnds{}
	for node, parts := range byLeader {
		slices.Sort(parts)
		// What one of them is refused for is no reason to know nothing of the others.
		starts, err := c.listOffsets(ctx, node, topic, parts, earliest)
		ends, err2 := map[int32]int64(nil), error(nil)
		if starts != nil {
			ends, err2 = c.listOffsets(ctx, node, topic, parts, latest)
		}
		for _, p := range parts {
			start, ok := starts[p]
			end, ok2 := ends[p]
			if ok && ok2 {
				all[p] = LogEnds{Start: start, End: end}
			} else {
				problem = cmp.Or(err, err2, fmt.Errorf("look up the end of %s/%d: broker %d gave no offset", topic, p, node))
			}
		}
	}
	return all, problem
}

// listOffsets is ListOffsets v5 to one leader; nil without an answer, and otherwise an error beside what it gave if it
// refused some. Isolation is read_uncommitted, so that latest is the high watermark
// and not the last stable offset: a record that waits behind an open transaction is there all the same.
func (c *Client) listOffsets(ctx context.Context, node int32, topic string, partitions []int32, at int64) (map[int32]int64, error) {
	var e enc
	e.i32(-1)
	e.i8(0)
	e.array(1)
	e.str(topic)
	e.array(len(partitions))
	for _, p := range partitions {
		e.i32(p)
		e.i32(-1) // leader epoch
		e.i64(at)
	}
	d, err := c.send(ctx, &call{node: node, key: keyListOffsets, version: 5, parts: [][]byte{e.b}})
	if err != nil {
		c.ForgetLeaders(topic)
		return nil, err
	}
	got := map[int32]int64{}
	d.i32()
	for range d.array() {
		d.str()
		for range d.array() {
			p, code := d.i32(), Code(d.i16())
			d.i64()
			offset := d.i64()
			d.i32()
			if code == OK {
				got[p] = offset
			} else {
				c.ForgetLeaders(topic)
				err = fmt.Errorf("look up the end of %s/%d at broker %d: %w", topic, p, node, code)
			}
		}
	}
	if d.err != nil {
		return nil, c.noAnswer(keyListOffsets, node, d.err)
	}
	return got, err
}
