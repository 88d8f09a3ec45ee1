package broker

import (
	"context"
	"fmt"
	"time"
)

// clock compares this machine's clock with the cluster's. The protocol has no request for the time: the controller's is
// in what it says of its quorum, for those who may ask; else the newest record of a topic whose times are the broker's
// says what a broker's clock showed at the least.
func (x *examination) clock(ctx context.Context) {
	before := time.Now()
	at, code, err := x.controllerTime(ctx)
	after := time.Now()
	if err == nil && code == OK && !at.IsZero() {
		x.compare(at.Sub(before.Add(after.Sub(before)/2)), after.Sub(before))
		return
	}
	var newest time.Time
	from := ""
	for name, t := range x.topics {
		if x.stamps[name][timestampType] != "LogAppendTime" {
			continue
		}
		if seen, err := x.newestTime(ctx, t); err == nil && seen.After(newest) {
			newest, from = seen, name
		}
	}
	unknown := "the brokers' clock can't be compared with this machine's exactly: that needs Describe on the cluster"
	switch ahead := time.Until(newest); {
	case from == "":
		x.say(Fine, "clock: %s, and of no topic it is known that its records carry a broker's time", unknown)
	case ahead > clockApart:
		x.say(Warning, "clock: this machine's is %s behind the brokers', at the least (by the newest record of topic %q): set it right", ahead.Round(time.Millisecond), from)
	default:
		x.say(Fine, "clock: %s; the newest record of topic %q got its time from a broker %s ago by this machine's", unknown, from, (-ahead).Round(time.Millisecond))
	}
}

// compare says how far the controller's clock is ahead of ours; took is how long the question took.
func (x *examination) compare(ahead, took time.Duration) {
	text := fmt.Sprintf("clock: this machine's is %s %s the controller's (give or take %s)", ahead.Abs().Round(time.Millisecond), side(ahead), (took/2 + time.Millisecond).Round(time.Millisecond))
	if ahead.Abs() > clockApart+took {
		x.say(Warning, "%s: set it right, or --max-future and idle windows are judged by a wrong time", text)
		return
	}
	x.say(Fine, "%s", text)
}

func side(ahead time.Duration) string {
	if ahead < 0 {
		return "ahead of"
	}
	return "behind"
}
