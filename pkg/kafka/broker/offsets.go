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
	TopicPartition
	At       int64 // the next offset to fetch; -1: nothing committed
	Metadata string
	Code     Code // in answers
}

// TxnOffsetCommit commits offsets as part of a transaction; the first code that is not OK.
func (c *Client) TxnOffsetCommit(ctx context.Context, p Producer, who Member, offsets []Offset) (Code, error) {
	e := enc{flex: true}
	e.str(p.TxnID)
	e.str(who.Group)
	e.i64(p.ID)
	e.i16(p.Epoch)
	e.i32(who.Generation)
	e.str(who.ID)
	e.null() // group instance id
	e.byTopic(len(offsets), func(i int) string { return offsets[i].Topic }, func(i int) {
		e.i32(offsets[i].Partition)
		e.i64(offsets[i].At)
		e.i32(-1) // leader epoch
		e.str(offsets[i].Metadata)
		e.tags()
	})
	e.tags()
	m := &call{key: keyTxnOffsetCommit, version: p.Version.pick(3, 5), flex: true, parts: [][]byte{e.b}}
	return c.toCoordinator(ctx, OfGroup, who.Group, m, func(d *dec) Code {
		d.i32()
		return firstCode(d)
	})
}

// OffsetCommit commits offsets outside any transaction; the first code that is not OK.
func (c *Client) OffsetCommit(ctx context.Context, who Member, offsets []Offset) (Code, error) {
	var e enc
	e.str(who.Group)
	e.i32(who.Generation)
	e.str(who.ID)
	e.null() // group instance id
	e.byTopic(len(offsets), func(i int) string { return offsets[i].Topic }, func(i int) {
		e.i32(offsets[i].Partition)
		e.i64(offsets[i].At)
		e.i32(-1)
		e.str(offsets[i].Metadata)
	})
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

// OffsetFetch reads what a group has committed for partitions, and answers in the order in which they are asked for.
// With stable, a partition for which a transaction has an offset pending answers 88 instead of the offset before it.
func (c *Client) OffsetFetch(ctx context.Context, group string, of []TopicPartition, stable bool) ([]Offset, Code, error) {
	e := enc{flex: true}
	e.str(group)
	e.byTopic(len(of), func(i int) string { return of[i].Topic }, func(i int) { e.i32(of[i].Partition) })
	e.bool(stable)
	e.tags()
	var got []Offset
	m := &call{key: keyOffsetFetch, version: 7, flex: true, parts: [][]byte{e.b}}
	code, err := c.toCoordinator(ctx, OfGroup, group, m, func(d *dec) Code {
		d.i32()
		for range d.array() {
			topic := d.str()
			for range d.array() {
				o := Offset{TopicPartition: TopicPartition{topic, d.i32()}, At: d.i64()}
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
	return complete(got, of), OK, nil
}

// complete orders the answer as asked; a partition that a broker left out of it has nothing committed.
func complete(got []Offset, asked []TopicPartition) []Offset {
	by := make(map[TopicPartition]Offset, len(got))
	for _, o := range got {
		by[o.TopicPartition] = o
	}
	all := make([]Offset, 0, len(asked))
	for _, p := range asked {
		o, ok := by[p]
		if !ok {
			o = Offset{TopicPartition: p, At: -1}
		}
		all = append(all, o)
	}
	return all
}

// byTopic writes n partitions as the protocol groups them: an array of topics, in the order in which each comes first,
// and in it the array of its partitions, each written by entry.
func (e *enc) byTopic(n int, topic func(i int) string, entry func(i int)) {
	var order []string
	of := map[string][]int{}
	for i := range n {
		t := topic(i)
		if of[t] == nil {
			order = append(order, t)
		}
		of[t] = append(of[t], i)
	}
	e.array(len(order))
	for _, t := range order {
		e.str(t)
		e.array(len(of[t]))
		for _, i := range of[t] {
			entry(i)
		}
		e.tags()
	}
}
