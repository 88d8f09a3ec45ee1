package record

import (
	"errors"
	"fmt"
	"strings"
)

// origin is which part of a message something is taken from.
type origin uint8

const (
	fromField origin = iota
	fromKey
	fromStamp
	fromTopic
	fromHeader
)

// source is where one of the three stands in a message.
type source struct {
	from   origin
	path   path   // of fromField
	header string // of fromHeader
}

const (
	keySource    = "@key"
	stampSource  = "@timestamp"
	topicSource  = "@topic"
	headerPrefix = "@header:"
)

// parseSource reads a path, or one of the words with an @. The error completes a sentence that begins with s.
func parseSource(s string) (source, error) {
	switch {
	case s == keySource:
		return source{from: fromKey}, nil
	case s == stampSource:
		return source{from: fromStamp}, nil
	case s == topicSource:
		return source{from: fromTopic}, nil
	case strings.HasPrefix(s, headerPrefix):
		name, err := unescape(strings.TrimPrefix(s, headerPrefix))
		if err == nil && name == "" {
			err = errors.New("names no header: write @header:NAME")
		}
		return source{from: fromHeader, header: name}, err
	case strings.HasPrefix(s, "@"):
		return source{}, fmt.Errorf(`is not known: write %s, %s, %s, %sNAME, or \@ where the name of a field begins with @`, keySource, stampSource, topicSource, headerPrefix)
	}
	p, err := parsePath(s)
	return source{path: p}, err
}

// parseSources reads a list with commas between its entries; blanks around a comma do not count.
func parseSources(s string) ([]source, error) {
	var all []source
	for rest := s; ; {
		entry, after, more := cutUnescaped(rest, ',')
		one, err := parseSource(trimBlanks(entry))
		if err != nil {
			return nil, err
		}
		all = append(all, one)
		if !more {
			return all, nil
		}
		rest = after
	}
}

// trimBlanks cuts the blanks around s, save one that a backslash makes part of the name.
func trimBlanks(s string) string {
	s = strings.TrimLeft(s, " ")
	trimmed := strings.TrimRight(s, " ")
	if strings.HasSuffix(trimmed, `\`) && len(trimmed) < len(s) {
		return s[:len(trimmed)+1]
	}
	return trimmed
}

// String is the source as parseSources reads it.
func (s source) String() string {
	switch s.from {
	case fromKey:
		return keySource
	case fromStamp:
		return stampSource
	case fromTopic:
		return topicSource
	case fromHeader:
		return headerPrefix + escape(s.header)
	default:
		return s.path.String()
	}
}

// subject names the source at the beginning of a sentence.
func (s source) subject() string {
	switch s.from {
	case fromKey:
		return "The message's key"
	case fromStamp:
		return "The message's own Kafka time"
	case fromTopic:
		return "The topic's name"
	case fromHeader:
		return fmt.Sprintf("The header %q", clipped(s.header))
	default:
		return fmt.Sprintf("The field %q", clipped(s.path.String()))
	}
}

// maxNamed is how many bytes of a name a sentence repeats, so that the headers of a reject stay within their bound.
const maxNamed = 60

func clipped(name string) string {
	if len(name) <= maxNamed {
		return name
	}
	return strings.ToValidUTF8(name[:maxNamed-3], "") + "..."
}
