package reject

import (
	"math/bits"
	"strconv"
)

// Header is one header of a message.
type Header struct {
	Key   string
	Value []byte
}

// Message is a record as it goes into the topic rejects. A nil Key or Value is null.
type Message struct {
	Key, Value []byte
	Headers    []Header
}

// The headers that say what happened. They come after the original ones, because who asks for a header by name is given
// the last: also a record that was rejected, sent again and rejected again speaks of the last time.
const (
	headerReason      = "meanstream-reason"      // Why.String
	headerExplanation = "meanstream-explanation" // Why.Explain
	headerTopic       = "meanstream-topic"       // where it was read: topic, partition and offset, in decimals
	headerPartition   = "meanstream-partition"
	headerOffset      = "meanstream-offset"
	headerTruncated   = "truncated" // "true" where something had to be cut
)

// Reject is one record that could not count, as it was read.
type Reject struct {
	Why       Why
	Because   string // in place of Why.Explain, at most 300 bytes; "" = Why.Explain
	Topic     string
	Partition int32
	Offset    int64
	Key       []byte // nil = null
	Value     []byte // nil = null
	Headers   []Header
}

// Message returns the record to write, which aliases r's bytes: the original key, value and headers, and behind these
// the reason.
//
// limit is what the record may take in bytes of its encoding in a batch; the head of the batch (61 bytes) is the
// caller's to leave room for. What does not fit is cut, the value first, then original headers from the last to the
// first, then the key, and a header `truncated: true` says so. A limit of at least 1,024 is always kept: the reason
// itself fits.
func (r *Reject) Message(limit int) Message {
	return fit(Message{Key: r.Key, Value: r.Value, Headers: r.Headers}, place(r.Why, r.Because, r.Topic, r.Partition, r.Offset), limit)
}

// Partition is the partition of a topic rejects with n partitions that takes the rejects of a source partition. n is at
// least 1. Of several source topics those of one number share it: each source's rejects stay in their order, and the
// headers say whose they are. It is not by key, so that one process's rejects touch few partitions of its transaction.
func Partition(source, n int32) int32 { return source % n }

// place names the reason and where the record was read.
func place(why Why, because, topic string, partition int32, offset int64) []Header {
	if because == "" {
		because = why.Explain()
	}
	return []Header{
		{headerReason, []byte(why.String())},
		{headerExplanation, []byte(because)},
		{headerTopic, []byte(topic)},
		{headerPartition, strconv.AppendInt(nil, int64(partition), 10)},
		{headerOffset, strconv.AppendInt(nil, offset, 10)},
	}
}

// fit joins m with our own headers and cuts of m what exceeds the limit.
func fit(m Message, own []Header, limit int) Message {
	original := m.Headers
	excess := size(m.Key, m.Value, original, own) - limit
	if excess > 0 {
		own = truncated(own)
		excess = size(m.Key, m.Value, original, own) - limit
		m.Value, excess = cut(m.Value, excess)
		for excess > 0 && len(original) > 0 {
			last := len(original) - 1
			excess -= headerSize(original[last])
			original = original[:last]
		}
		m.Key, _ = cut(m.Key, excess)
	}
	// A fresh slice: the caller's may have room behind its end that belongs to somebody else.
	m.Headers = make([]Header, 0, len(original)+len(own))
	m.Headers = append(append(m.Headers, original...), own...)
	return m
}

// truncated adds the header that owns up to a cut, once.
func truncated(own []Header) []Header {
	if own[len(own)-1].Key == headerTruncated {
		return own
	}
	return append(own, Header{headerTruncated, []byte("true")})
}

// cut takes the excess off the end of b and returns what of the excess is left. The length in front of b may shrink as
// well, which is not counted: a few bytes less are written than might be.
func cut(b []byte, excess int) ([]byte, int) {
	n := min(max(excess, 0), len(b))
	return b[:len(b)-n], excess - n
}

// size is the greatest number of bytes that the record can take in a batch, wherever in the batch it stands.
func size(key, value []byte, headers ...[]Header) int {
	// Its length, attributes, the deltas of time and offset, the number of headers.
	const frame = 5 + 1 + 10 + 5 + 5
	n := frame + spanSize(len(key)) + spanSize(len(value))
	for _, list := range headers {
		for _, h := range list {
			n += headerSize(h)
		}
	}
	return n
}

func headerSize(h Header) int { return spanSize(len(h.Key)) + spanSize(len(h.Value)) }

// spanSize is the size of n bytes with their length in front, as a zigzag varint.
func spanSize(n int) int { return (bits.Len(uint(n)<<1|1)+6)/7 + n }
