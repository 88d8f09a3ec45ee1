package reject

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/window"
)

// Summary is what the sink publishes of one aggregate that met a closed window. The records themselves were counted
// and left behind in the source topic; the spans say where to find them.
type Summary struct {
	Topic     string // of the partial: the partials topic, its partition, and the offset of the message
	Partition int32
	Offset    int64

	Window          window.Bounds
	Category        string
	Count, Filtered int64 // records that the published result lacks, kept and filtered
	// Sources are those of the partial; the records lie somewhere in their spans. May be empty, where the message was
	// not the last of its partial.
	Sources []partial.Source
}

// span is where in the source topic the records lie, [from, to); its name is there if there are several.
type span struct {
	Topic     string `json:"topic,omitempty"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"`
}

// summary is the message's value.
type summary struct {
	Category    string `json:"category"`
	WindowStart string `json:"window_start"`
	WindowEnd   string `json:"window_end"`
	Count       int64  `json:"count"`
	Filtered    int64  `json:"filtered"`
	Sources     []span `json:"sources"`
}

// Message returns the message to write: the category as its key, a JSON object as its value, headers as those of a
// rejected record. The limit is that of Reject.Message; where it is exceeded, sources are left out from the last on,
// so that the value stays JSON, and `truncated: true` says so.
func (s *Summary) Message(limit int) Message {
	own := place(DroppedAtSink, "", s.Topic, s.Partition, s.Offset)
	value := summary{
		Category: s.Category, WindowStart: clock(s.Window.Start), WindowEnd: clock(s.Window.End),
		Count: s.Count, Filtered: s.Filtered, Sources: []span{},
	}
	// An empty span holds no record: naming it would only send people to look in vain.
	for _, src := range s.Sources {
		if src.From < src.To {
			value.Sources = append(value.Sources, span{src.Topic, src.Partition, src.From, src.To})
		}
	}
	key := []byte(s.Category)
	whole := marshal(value)
	if size(key, whole, own) > limit && len(value.Sources) > 0 {
		own = truncated(own)
		for len(value.Sources) > 0 && size(key, whole, own) > limit {
			// By halves, since a list too long for a message is long.
			value.Sources = value.Sources[:len(value.Sources)/2]
			whole = marshal(value)
		}
	}
	return fit(Message{Key: key, Value: whole}, own, limit)
}

// clock writes a time as results do: RFC 3339 in UTC, with as many decimals as it has.
func clock(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func marshal(s summary) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(fmt.Sprintf("unreachable: strings and integers as JSON: %v", err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
