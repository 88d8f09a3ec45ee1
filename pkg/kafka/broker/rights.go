package broker

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// ErrDenied means that the brokers' authorizer refuses something. The error around it names what must be granted.
var ErrDenied = errors.New("not allowed")

// Denied is the error of an act that was refused for want of a right, with the grant that it needs; nil where err is
// anything else. No time mends such an error, so whoever tries again asks here first.
func Denied(act string, err error, grant string) error {
	var code Code
	if !errors.As(err, &code) {
		return nil
	}
	switch code {
	case 29, 30, 31, 53: // topic, group, cluster, transactional id
		return fmt.Errorf("%s: %w: grant %s to this user: %w", act, ErrDenied, grant, code)
	}
	return nil
}

// Right is something that one may do with a topic, numbered as the protocol's bits of authorized operations are.
type Right int32

// The rights that services need.
const (
	Read     Right = 3
	Write    Right = 4
	Describe Right = 8
)

// String is what a grant calls it.
func (r Right) String() string {
	switch r {
	case Read:
		return "Read"
	case Write:
		return "Write"
	case Describe:
		return "Describe"
	}
	return fmt.Sprintf("operation %d", int32(r))
}

// notGiven are the authorized operations of a broker that doesn't tell them.
const notGiven int32 = math.MinInt32

// checkRight asks the brokers, without doing anything, whether we may do with a topic what u says. What they can't or
// don't tell is no error: it shows when it is used.
func (c *Client) checkRight(ctx context.Context, u Use) error {
	operations, code, err := c.authorized(ctx, u.Topic)
	act := fmt.Sprintf("use topic %q", u.Topic)
	switch {
	case err != nil:
		return nil
	case code != OK:
		grant := "Describe"
		if u.Right != Describe {
			grant += " and " + u.Right.String()
		}
		return Denied(act, code, fmt.Sprintf("%s on topic %q", grant, u.Topic))
	case operations == notGiven || operations&(1<<u.Right) != 0:
		return nil
	}
	return Denied(act, Code(29), fmt.Sprintf("%s on topic %q", u.Right, u.Topic))
}

// authorized asks what this user may do with a topic, as bits.
func (c *Client) authorized(ctx context.Context, name string) (int32, Code, error) {
	e := enc{flex: true}
	e.array(1)
	e.b = append(e.b, make([]byte, 16)...) // by name, not by id
	e.str(name)
	e.tags()
	e.bool(false) // no auto-creation
	e.bool(true)  // with authorized operations
	e.tags()
	d, err := c.send(ctx, &call{node: anyNode, key: keyMetadata, version: 12, flex: true, parts: [][]byte{e.b}})
	if err != nil {
		return notGiven, OK, err
	}
	operations, code := readOperations(d)
	return operations, code, d.err
}

// readOperations reads a Metadata v12 answer about one topic for what may be done with it.
func readOperations(d *dec) (operations int32, code Code) {
	operations, code = notGiven, 3
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
		code = Code(d.i16())
		d.str()
		d.take(16)
		d.i8() // internal
		for range d.array() {
			readPartition(d, nil)
		}
		operations = d.i32()
		d.skipTags()
	}
	return operations, code
}
