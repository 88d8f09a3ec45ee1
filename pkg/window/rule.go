package window

import (
	"hash/fnv"
	"strconv"
)

// Rule is everything that decides which records a result speaks of.
type Rule struct {
	Size     int64  // window size in nanoseconds
	Lateness int64  // how long a window waits for stragglers, in nanoseconds
	Keep     string // canonical text of the filter, such as "value < 90"
	Mapping  string // canonical text of the fields' mapping; empty: the default
}

// Fingerprint returns a number that is the same for the same rule on every machine and in every release. Partials carry
// it, so that the sink can say from which offsets on a changed rule counts; a fingerprint that changed by itself would
// report a change that nobody made, so the text below may gain lines for new settings only where they are not at their
// default.
func (r Rule) Fingerprint() uint64 {
	h := fnv.New64a()
	// Hash.Write never returns an error. The filter is quoted so that no text in it can pass for another line.
	_, _ = h.Write([]byte("window " + strconv.FormatInt(r.Size, 10) +
		"\nlateness " + strconv.FormatInt(r.Lateness, 10) +
		"\nkeep " + strconv.Quote(r.Keep) + "\n"))
	if r.Mapping != "" {
		_, _ = h.Write([]byte("mapping " + strconv.Quote(r.Mapping) + "\n"))
	}
	return h.Sum64()
}
