// Package reject is what could not count, and why: the messages of the topic rejects.
//
// They are written in the same transaction as everything that did count, so a reject must never be what makes a
// transaction impossible: whatever somebody sent, its message is cut until it fits.
package reject

import "github.com/meanstream/meanstream/pkg/record"

// Why is the reason for a message: a record.Reason, or one of those below, which only a stream can give. The numbers
// mean nothing outside one process.
type Why uint8

const (
	// Late says that every window the record belongs to had ended by its partition's watermark.
	Late Why = 255 - iota
	// DroppedAtSink says that a source was left out as quiet and then brought records of windows already published.
	DroppedAtSink
)

// Of is the reason for a record that its verdict rejected.
func Of(r record.Reason) Why { return Why(r) }

// String is a short identifier in kebab-case, stable across releases: for headers and metric labels.
func (w Why) String() string {
	switch w {
	case Late:
		return "late"
	case DroppedAtSink:
		return "dropped-at-sink"
	}
	return record.Reason(w).String()
}

// Explain is a sentence for the person who looks into the topic: what is wrong and what would be right.
func (w Why) Explain() string {
	switch w {
	case Late:
		return "The record came too late: its partition had already brought records newer than the end of its window by --lateness or more. Send in order, or allow a longer --lateness."
	case DroppedAtSink:
		return "The windows of these records were published while their source was left out as quiet (--idle-after), so the published results lack them. Allow a longer --idle-after if sources pause."
	}
	return record.Reason(w).Explain()
}
