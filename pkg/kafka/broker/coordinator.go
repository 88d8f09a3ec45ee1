package broker

import (
	"context"
)

// CoordinatorKind says what a coordinator coordinates.
type CoordinatorKind int8

// The two kinds of coordinators.
const (
	OfGroup       CoordinatorKind = 0
	OfTransaction CoordinatorKind = 1
)

// Coordinator tells which broker coordinates a group or a transactional id. The answer is remembered until
// [Client.Forget]; a code other than OK is for the caller to judge (15 and 16 pass by themselves while the cluster
// makes its internal topics).
func (c *Client) Coordinator(ctx context.Context, kind CoordinatorKind, name string) (int32, Code, error) {
	key := coordinatorKey{kind, name}
	c.mu.Lock()
	node, ok := c.coordinators[key]
	c.mu.Unlock()
	if ok {
		return node, OK, nil
	}
	var e enc
	e.str(name)
	e.i8(int8(kind))
	d, err := c.send(ctx, &call{node: anyNode, key: keyFindCoordinator, version: 2, parts: [][]byte{e.b}})
	if err != nil {
		return 0, OK, err
	}
	d.i32() // throttle
	code := Code(d.i16())
	d.str()
	node = d.i32()
	if d.err != nil || code != OK {
		return 0, code, d.err
	}
	c.mu.Lock()
	c.coordinators[key] = node
	c.mu.Unlock()
	return node, OK, nil
}

// Forget drops a remembered coordinator: it answered that it is none, or not at all.
func (c *Client) Forget(kind CoordinatorKind, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.coordinators, coordinatorKey{kind, name})
}

// toCoordinator sends one request to the coordinator of name. A coordinator that moved, or that doesn't answer, is
// forgotten, so that the next try asks anew. parse reads the answer and returns its code.
func (c *Client) toCoordinator(ctx context.Context, kind CoordinatorKind, name string, m *call, parse func(*dec) Code) (Code, error) {
	node, code, err := c.Coordinator(ctx, kind, name)
	if err != nil || code != OK {
		return code, err
	}
	m.node = node
	d, err := c.send(ctx, m)
	if err != nil {
		c.Forget(kind, name)
		return OK, err
	}
	code = parse(d)
	if d.err != nil {
		return OK, c.noAnswer(m.key, node, d.err)
	}
	if moved(code) {
		c.Forget(kind, name)
	}
	return code, nil
}

// moved tells the codes after which the coordinator must be looked up again.
func moved(code Code) bool {
	switch code {
	case 14, 15, 16: // loading, not available, not the coordinator
		return true
	}
	return false
}
