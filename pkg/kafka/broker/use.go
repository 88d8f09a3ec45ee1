package broker

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The settings of a topic that can stand against its use, by Kafka's names.
const (
	cleanupPolicy       = "cleanup.policy"
	retention           = "retention.ms"
	timestampType       = "message.timestamp.type"
	timestampBefore     = "message.timestamp.before.max.ms"
	timestampDifference = "message.timestamp.difference.max.ms" // its name before Kafka 3.6
	maxMessage          = "max.message.bytes"
)

// What Kafka has these at unless somebody changes them.
const (
	usualRetention  = 7 * 24 * time.Hour
	usualMaxMessage = 1048588
)

// Use is what a service does with a topic: the right that it needs besides Describe, and what settings could harm. The
// zero value of a field says that nothing stands against it.
type Use struct {
	Topic string
	Right Right

	Batch int           // bytes: the greatest batch that is written
	Keep  time.Duration // how long what is written must stay, at the least
	// What happens where it doesn't, as a sentence's end; likewise with the two below.
	Unkept string
	// Old is what happens to records that carry old times, where those count for retention (CreateTime).
	Old string
	// Compacted is what happens where all but the newest record of each key are deleted.
	Compacted string
	// Sender is what it means that records carry the time of whoever sent them (CreateTime): a finding of Examine, and no
	// line at a start, for it may be meant so.
	Sender string
}

// settings are those of one topic, by name. One that a broker doesn't have is missing.
type settings map[string]string

// misfit is a setting that doesn't suit a use.
type misfit struct{ found, harm, right string }

// misfits finds what in s would harm u.
func (u *Use) misfits(s settings) (all []misfit) {
	policy := s[cleanupPolicy]
	deletes := policy == "" || strings.Contains(policy, "delete")
	if u.Compacted != "" && strings.Contains(policy, "compact") {
		all = append(all, misfit{cleanupPolicy + "=" + policy, u.Compacted, cleanupPolicy + "=delete"})
	}
	kept, finite := s.millis(retention)
	finite = finite && deletes && kept >= 0
	if finite && kept < u.Keep {
		all = append(all, misfit{fmt.Sprintf("%s=%s (%s)", retention, s[retention], kept), u.Unkept,
			fmt.Sprintf("%s=%d", retention, max(usualRetention, u.Keep).Milliseconds())})
	}
	if u.Old != "" && s[timestampType] == "CreateTime" {
		found := ""
		if before, name := s.before(); before != "" {
			found = fmt.Sprintf(" and %s=%s", name, before)
		}
		if finite {
			found += fmt.Sprintf(" and %s=%s", retention, s[retention])
		}
		if found != "" {
			all = append(all, misfit{timestampType + "=CreateTime" + found, u.Old, timestampType + "=LogAppendTime"})
		}
	}
	if limit, err := strconv.Atoi(s[maxMessage]); err == nil && limit < u.Batch {
		all = append(all, misfit{maxMessage + "=" + s[maxMessage],
			fmt.Sprintf("batches of up to %d bytes are sent there, and a larger one than that is refused, which stops the service", u.Batch),
			fmt.Sprintf("%s=%d", maxMessage, max(usualMaxMessage, u.Batch))})
	}
	return all
}

// before is how old a record's own time may be to be taken, where that is bounded, and the setting that bounds it.
func (s settings) before() (value, name string) {
	for _, name := range []string{timestampBefore, timestampDifference} {
		if n, err := strconv.ParseInt(s[name], 10, 64); err == nil && n < math.MaxInt64 {
			return s[name], name
		}
	}
	return "", ""
}

// millis reads a setting in milliseconds; one that no duration holds is longer than any use.
func (s settings) millis(name string) (time.Duration, bool) {
	n, err := strconv.ParseInt(s[name], 10, 64)
	if err != nil {
		return 0, false
	}
	return time.Duration(min(n, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond, true
}
