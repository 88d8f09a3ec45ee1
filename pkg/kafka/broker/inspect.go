package broker

import (
	"context"
	"time"
)

// API keys of requests that only look.
const (
	keyDescribeGroups = 15
	keyDescribeQuorum = 55
)

// groupState is what a group's coordinator says of it.
type groupState struct {
	State      string // Stable, Empty, Dead (there is none), ...
	Members    int
	operations int32 // bits of what this user may do with it, or notGiven
}

// describeGroup is DescribeGroups v5 to the group's coordinator.
func (c *Client) describeGroup(ctx context.Context, name string) (g groupState, code Code, err error) {
	e := enc{flex: true}
	e.array(1)
	e.str(name)
	e.bool(true) // with what we may do
	e.tags()
	m := &call{key: keyDescribeGroups, version: 5, flex: true, parts: [][]byte{e.b}}
	code, err = c.toCoordinator(ctx, OfGroup, name, m, func(d *dec) Code {
		d.i32()
		d.array()
		code := Code(d.i16())
		d.str()
		g.State = d.str()
		d.str()
		d.str()
		g.Members = d.array()
		for range g.Members {
			for range 6 { // ids, client, host, and two byte strings, which are written as strings are
				d.str()
			}
			d.skipTags()
		}
		g.operations = d.i32()
		return code
	})
	return g, code, err
}

// features are the levels of the features that the cluster has finalized.
func (c *Client) features(ctx context.Context) (map[string]int16, error) {
	e := enc{flex: true}
	e.str("meanstream")
	e.str("1")
	e.tags()
	d, err := c.send(ctx, &call{node: anyNode, key: keyAPIVersions, version: 3, flex: true, parts: [][]byte{e.b}})
	if err != nil {
		return nil, err
	}
	if code := Code(d.i16()); code != OK {
		return nil, code
	}
	for range d.array() {
		d.i16()
		d.i16()
		d.i16()
		d.skipTags()
	}
	d.i32()
	levels := map[string]int16{}
	d.eachTag(func(tag int, body *dec) {
		const finalizedFeatures = 2
		if tag != finalizedFeatures {
			return
		}
		for range body.array() {
			name := body.str()
			levels[name] = body.i16()
			body.i16()
			body.skipTags()
		}
	})
	return levels, d.err
}

// controllerTime is the wall clock of the controller that leads the cluster, by DescribeQuorum v1: it answers its own
// state with the time of the answer. It needs Describe on the cluster; the code is that of the answer.
func (c *Client) controllerTime(ctx context.Context) (at time.Time, code Code, err error) {
	e := enc{flex: true}
	e.array(1)
	e.str("__cluster_metadata")
	e.array(1)
	e.i32(0)
	e.tags()
	e.tags()
	e.tags()
	d, err := c.send(ctx, &call{node: anyNode, key: keyDescribeQuorum, version: 1, flex: true, parts: [][]byte{e.b}})
	if err != nil {
		return at, OK, err
	}
	if code = Code(d.i16()); code != OK {
		return at, code, nil
	}
	for range d.array() {
		d.str()
		for range d.array() {
			d.i32()
			code = Code(d.i16())
			leader := d.i32()
			d.i32()
			d.i64()
			for range d.array() {
				id := d.i32()
				d.i64()
				fetched := d.i64()
				d.i64()
				d.skipTags()
				if id == leader {
					at = time.UnixMilli(fetched)
				}
			}
			return at, code, d.err // observers are of no interest
		}
	}
	return at, code, d.err
}

// newestTime is the greatest time of a record in a topic, by ListOffsets v7; zero if it has none.
func (c *Client) newestTime(ctx context.Context, t Topic) (newest time.Time, err error) {
	const greatestTime = -3
	byLeader := map[int32][]int32{}
	for p, leader := range t.Leaders {
		byLeader[leader] = append(byLeader[leader], int32(p))
	}
	for leader, partitions := range byLeader {
		e := enc{flex: true}
		e.i32(-1)
		e.i8(0)
		e.array(1)
		e.str(t.Name)
		e.array(len(partitions))
		for _, p := range partitions {
			e.i32(p)
			e.i32(-1)
			e.i64(greatestTime)
			e.tags()
		}
		e.tags()
		e.tags()
		d, err := c.send(ctx, &call{node: leader, key: keyListOffsets, version: 7, flex: true, parts: [][]byte{e.b}})
		if err != nil {
			return newest, err
		}
		d.i32()
		for range d.array() {
			d.str()
			for range d.array() {
				d.i32()
				code, at := Code(d.i16()), d.i64()
				d.i64()
				d.i32()
				d.skipTags()
				if code == OK && at > 0 && time.UnixMilli(at).After(newest) {
					newest = time.UnixMilli(at)
				}
			}
			d.skipTags()
		}
		if d.err != nil {
			return newest, d.err
		}
	}
	return newest, nil
}
