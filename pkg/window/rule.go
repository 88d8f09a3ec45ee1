package window

import (
	"hash/fnv"
	"strconv"
	"time"
)

// Rule is everything that decides which records a result speaks of, and what it says of them.
type Rule struct {
	Size       int64          // window size in nanoseconds
	Lateness   int64          // how long a window waits for stragglers, in nanoseconds
	Keep       string         // canonical text of the filter, such as "value < 90"
	Hop        int64          // see Windows; 0 is Size
	Zone       *time.Location // see Windows
	Aggregates Aggregates
	Mapping    string // canonical text of the fields' mapping; empty: the default
}

// Windows says where the rule's windows lie.
func (r Rule) Windows() Windows { return Windows{Size: r.Size, Hop: r.Hop, Zone: r.Zone} }

// Fingerprint returns a number that is the same for the same rule on every machine and in every release. Partials carry
// it, so that the sink can say from which offsets on a changed rule counts; a fingerprint that changed by itself would
// report a change that nobody made, so the text below may gain lines for new settings only where they are not at their
// default.
func (r Rule) Fingerprint() uint64 {
	text := "window " + strconv.FormatInt(r.Size, 10) +
		"\nlateness " + strconv.FormatInt(r.Lateness, 10) +
		// The filter is quoted so that no text in it can pass for another line.
		"\nkeep " + strconv.Quote(r.Keep) + "\n"
	if r.Mapping != "" {
		text += "mapping " + strconv.Quote(r.Mapping) + "\n"
	}
	if r.Windows().Step() != r.Size {
		text += "hop " + strconv.FormatInt(r.Hop, 10) + "\n"
	}
	if r.Zone != nil {
		text += "zone " + strconv.Quote(r.Zone.String()) + "\n"
	}
	if r.Aggregates != Default {
		text += "aggregates " + r.Aggregates.String() + "\n"
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never returns an error
	return h.Sum64()
}
