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
	t, err := c.lookUp(ctx, u.Topic, true)
	act := fmt.Sprintf("use topic %q", u.Topic)
	switch {
	case err != nil:
		return nil
	case t.Code != OK:
		grant := "Describe"
		if u.Right != Describe {
			grant += " and " + u.Right.String()
		}
		return Denied(act, t.Code, fmt.Sprintf("%s on topic %q", grant, u.Topic))
	case t.operations == notGiven || t.operations&(1<<u.Right) != 0:
		return nil
	}
	return Denied(act, Code(29), fmt.Sprintf("%s on topic %q", u.Right, u.Topic))
}
