package watermark

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/meanstream/meanstream/pkg/partial"
)

// What Apply finds wrong with a report. Each stops the sink: going on would lose or double records in silence.
var (
	// ErrGap: a span begins behind the end of the source's last one; what lies between was never reported.
	ErrGap = errors.New("gap between spans")
	// ErrRepeat: a span begins before the end of the source's last one; what overlaps would count twice.
	ErrRepeat = errors.New("span repeated")
	// ErrFirst: a first report of a source that is known already, or a later one of a source that is not.
	ErrFirst = errors.New("first report out of place")
	// ErrTopicID: a report about another topic than the one known, which was deleted and created again.
	ErrTopicID = errors.New("another topic")
)

// What an operator does about it. The processor comes first, because the sink re-bases on the first reports that a
// processor sends when it starts over.
const (
	sinkOnly = "start the sink once with --start-over"
	both     = "start the processor once with --start-over, then the sink once with --start-over"
)

func joinError(src *partial.Source, to int64) error {
	if src.From > to {
		return fmt.Errorf("apply the report of source %s: %w: it begins at offset %d and should begin at %d, "+
			"where the last one ended; partials are missing: %s", name(src), ErrGap, src.From, to, both)
	}
	return fmt.Errorf("apply the report of source %s: %w: it begins at offset %d and should begin at %d, "+
		"where the last one ended; the processor's offset was turned back: %s", name(src), ErrRepeat, src.From, to, both)
}

func firstError(src *partial.Source, known bool, to int64) error {
	if known {
		return fmt.Errorf("apply the report of source %s: %w: it is marked first and begins at offset %d, but the source "+
			"is known up to %d; the processor was started over: %s", name(src), ErrFirst, src.From, to, sinkOnly)
	}
	return fmt.Errorf("apply the report of source %s: %w: it covers offsets %d to %d without the mark, but the source's "+
		"first report was never read, so its windows would be incomplete: %s", name(src), ErrFirst, src.From, src.To, both)
}

func topicError(src *partial.Source, known [16]byte, to int64) error {
	return fmt.Errorf("apply the report of source %s: %w: it covers offsets %d to %d of topic id %x, but the source is "+
		"known up to %d of topic id %x; the topic was created anew (or processor and sink have different --records-topic): %s",
		name(src), ErrTopicID, src.From, src.To, src.TopicID, to, known, both)
}

// name is how errors name a source: by its topic, too, if there are several.
func name(src *partial.Source) string {
	if src.Topic == "" {
		return strconv.Itoa(int(src.Partition))
	}
	return fmt.Sprintf("%s/%d", src.Topic, src.Partition)
}
