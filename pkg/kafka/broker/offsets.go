package broker

import (
	"context"
)

// Member is who commits: a generation of a consumer group and a member of it. A commit that carries a stale
// generation is refused (22, 25), which is what keeps a zombie out.
type Member struct {
	Group      string
	Generation int32
	ID         string
}

// Offset is the committed position of one partition, with the text that goes with it.
type Offset struct {
	Partition int32
	At        int64 // the next offset to fetch; -1: nothing committed
	Metadata  string
	Code      Code // in answers
}

// TxnOffsetCommit commits offsets of one topic as part of a transaction; the first code that is not OK.
func (c *Client) TxnOffsetCommit(ctx context.Context, p Producer, who Member, topic string, offsets []Offset) (Code, error) {
	e := enc{flex: true}
	e.str(p.TxnID)
	e.str(who.Group)
	e.i64(p.ID)
	e.i16(p.Epoch)
	e.i32(who.Generation)
	e.str(who.ID)
	e.null() // group instance id
	e.array(1)
	e.str(topic)
	e.array(len(offsets))
	for _, o := range offsets {
		e.i32(o.Partition)
		e.i64(o.At)
		e.i32(-1) // leader epoch
		e.str(o.Metadata)
		e.tags()
	}
	e.tags()
	e.tags()
	m := &call{key: keyTxnOffsetCommit, version: p.Version.pick(3, 5), flex: true, parts: [][]byte{e.b}}
	return c.toCoordinator(ctx, OfGroup, who.Group, m, func(d *dec) Code {
		d.i32()
		return firstCode(d)
	})
}

// OffsetCommit commits offsets of one topic outside any transaction; the first code that is not OK.
func (c *Client) OffsetCommit(ctx context.Context, who Member, topic string, offsets []Offset) (Code, error) {
	var e enc
	e.str(who.Group)
	e.i32(who.Generation)
	e.str(who.ID)
	e.null() // group instance id
	e.array(1)
	e.str(topic)
	e.array(len(offsets))
	for _, o := range offsets {
		e.i32(o.Partition)
		e.i64(o.At)
		e.i32(-1)
		e.str(o.Metadata)
	}
	m := &call{key: keyOffsetCommit, version: 7, parts: [][]byte{e.b}}
	return c.toCoordinator(ctx, OfGroup, who.Group, m, func(d *dec) Code {
		d.i32()
		return firstCode(d)
	})
}

// Heartbeat asks whether a member is still one: 22 and 25 say that its generation is over, 27 that it is about to be.
func (c *Client) Heartbeat(ctx context.Context, who Member) (Code, error) {
	var e enc
	e.str(who.Group)
	e.i32(who.Generation)
	e.str(who.ID)
	e.null() // group instance id
	m := &call{key: keyHeartbeat, version: 3, parts: [][]byte{e.b}}
	return c.toCoordinator(ctx, OfGroup, who.Group, m, func(d *dec) Code {
		d.i32()
		return Code(d.i16())
	})
}

// OffsetFetch reads what a group has committed for partitions of one topic. With stable, a partition for which a
// transaction has an offset pending answers 88 instead of the offset before it.
func (c *Client) OffsetFetch(ctx context.Context, group, topic string, partitions []int32, stable bool) ([]Offset, Code, error) {
	e := enc{flex: true}
	e.str(group)
	e.array(1)
	e.str(topic)
	e.array(len(partitions))
	for _, p := range partitions {
		e.i32(p)
	}
	e.tags()
	e.bool(stable)
	e.tags()
	var got []Offset
	m := &call{key: keyOffsetFetch, version: 7, flex: true, parts: [][]byte{e.b}}
	code, err := c.toCoordinator(ctx, OfGroup, group, m, func(d *dec) Code {
		d.i32()
		for range d.array() {
			d.str()
			for range d.array() {
				o := Offset{Partition: d.i32(), At: d.i64()}
				d.i32()
				o.Metadata, o.Code = d.str(), Code(d.i16())
				d.skipTags()
				got = append(got, o)
			}
			d.skipTags()
		}
		return Code(d.i16())
	})
	if err != nil || code != OK {
		return nil, code, err
	}
	return complete(got, partitions), OK, nil
}

// complete orders the answer as asked; a partition that a broker left out of it has nothing committed.
func complete(got []Offset, asked []int32) []Offset {
	by := make(map[int32]Offset, len(got))
	for _, o := range got {
		by[o.Partition] = o
	}
	all := make([]Offset, 0, len(asked))
	for _, p := range asked {
		o, ok := by[p]
		if !ok {
			o = Offset{Partition: p, At: -1}
		}
		all = append(all, o)
	}
	return all
}
