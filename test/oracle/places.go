package oracle

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// message is a record whose value has been looked into, if anything is taken from it.
type message struct {
	*Record
	fields map[string]json.RawMessage
}

// found is what stands in some place of a message.
type found struct {
	there   bool
	outside bool     // of the value: it knows no types
	isText  bool     // also what a key, a header or a topic's name holds
	text    string   // as encoding/json reads it, or as it is outside of the value
	number  *big.Rat // nil: none
	raw     json.RawMessage
}

// find looks where the names lead.
func (m *message) find(names []string) found {
	outside := func(text []byte) found {
		return found{there: text != nil, outside: true, isText: true, text: string(text)}
	}
	switch names[0] {
	case "@key":
		return outside(m.Key)
	case "@topic":
		return outside([]byte(m.Topic))
	case "@header":
		var last []byte
		for _, h := range m.Headers {
			if h.Key == names[1] {
				last = h.Value
			}
		}
		return outside(last)
	}
	raw := follow(m.fields, names)
	if raw == nil {
		return found{}
	}
	f := found{there: true, raw: raw, number: rational(raw)}
	f.isText = raw[0] == '"' && json.Unmarshal(raw, &f.text) == nil
	return f
}

// follow goes from one field to the next; nil if there is nothing.
func follow(fields map[string]json.RawMessage, names []string) json.RawMessage {
	raw := fields[names[0]]
	if raw == nil || len(names) == 1 {
		return raw
	}
	var inner map[string]json.RawMessage
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) == nil && elements != nil {
		inner = map[string]json.RawMessage{}
		for i, e := range elements {
			inner[strconv.Itoa(i)] = e
		}
	} else if json.Unmarshal(raw, &inner) != nil {
		return nil
	}
	return follow(inner, names[1:])
}

// numberIn is the number that a text spells as JSON does, without blanks around it; nil if it is none.
func numberIn(text string) *big.Rat {
	if strings.TrimSpace(text) != text || !json.Valid([]byte(text)) {
		return nil
	}
	return rational([]byte(text))
}
