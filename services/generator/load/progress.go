package load

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/services/generator/feed"
)

// progressVersion is of the form below.
const progressVersion = 1

// Progress is what a commit of a load remembers beside its offset, which is the number of lines.
type Progress struct {
	Version    int    `json:"v"`
	Writer     string `json:"writer"` // the process that committed it; another one's name tells a load that it was taken over
	Topic      string `json:"topic"`  // id of the topic: what was loaded into one that was deleted is gone with it
	feed.Place        // what is in
}

// encode gives the text that is committed. Equal progress is equal text.
func (p Progress) encode() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("unreachable: numbers and valid UTF-8: %v", err))
	}
	return string(text)
}

// errUnreadable means that somebody else wrote the group's offset, or a later meanstream.
var errUnreadable = errors.New("the progress of the load can't be read")

// decode reads what encode gave.
func decode(o broker.Offset) (p Progress, err error) {
	if err := json.Unmarshal([]byte(o.Metadata), &p); err != nil {
		return p, fmt.Errorf("%w: offset %d with %q: %w", errUnreadable, o.At, o.Metadata, err)
	}
	if p.Version != progressVersion || p.Lines != o.At || p.Lines < 0 || p.Files < 0 || p.Bytes < 0 {
		return p, fmt.Errorf("%w: offset %d with %q", errUnreadable, o.At, o.Metadata)
	}
	return p, nil
}

// topicID is how progress writes it.
func topicID(id broker.TopicID) string { return hex.EncodeToString(id[:]) }
