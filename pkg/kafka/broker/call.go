package broker

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"
)

// API keys of the requests that are written here.
const (
	keyProduce         = 0
	keyFetch           = 1
	keyListOffsets     = 2
	keyMetadata        = 3
	keyOffsetCommit    = 8
	keyOffsetFetch     = 9
	keyFindCoordinator = 10
	keyHeartbeat       = 12
	keyAPIVersions     = 18
	keyDeleteRecords   = 21
	keyInitProducerID  = 22
	keyAddPartitions   = 24
	keyAddOffsets      = 25
	keyEndTxn          = 26
	keyTxnOffsetCommit = 28
)

// anyNode routes a request to whichever broker the transport is connected to.
const anyNode int32 = -1

// maxAnswer bounds what a length prefix can make us allocate, in bytes.
const maxAnswer = 256 << 20

// correlation is the same for all: kafka-go keeps one request in flight per connection, and a connection whose
// exchange broke is closed, so an answer can't be somebody else's.
const correlation int32 = 7

// call is one exchange. It is never reused: after a context error the connection's goroutine may still be writing
// from its buffers.
type call struct {
	node         int32
	key, version int16
	flex         bool
	client       string
	parts        [][]byte // the body, in pieces that go out without being copied together
	answer       []byte
}

// ApiKey implements protocol.Message.
func (c *call) ApiKey() protocol.ApiKey { return protocol.ApiKey(c.key) }

// Broker implements protocol.BrokerMessage: the caller has decided which broker.
func (c *call) Broker(protocol.Cluster) (protocol.Broker, error) {
	return protocol.Broker{ID: c.node}, nil
}

// Required implements protocol.RawExchanger.
func (c *call) Required(map[protocol.ApiKey]int16) bool { return true }

// RawExchange implements protocol.RawExchanger: one request, one answer.
func (c *call) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if err := writeRequest(rw, c.head(), c.parts); err != nil {
		return nil, err
	}
	frame, err := readFrame(rw, nil)
	if err != nil {
		return nil, err
	}
	c.answer, err = stripHeader(frame, c.flex && c.key != keyAPIVersions)
	return c, err
}

// head is the request's header; a flexible one ends in a tag buffer, though its client id stays a classic string.
func (c *call) head() []byte {
	e := enc{b: make([]byte, 4, 64)}
	e.i16(c.key)
	e.i16(c.version)
	e.i32(correlation)
	e.str(c.client)
	e.flex = c.flex
	e.tags()
	return e.b
}

// writeRequest sends head (whose first four bytes are reserved for the frame's size) and the parts of the body.
func writeRequest(w io.Writer, head []byte, parts [][]byte) error {
	size := len(head) - 4
	for _, p := range parts {
		size += len(p)
	}
	binary.BigEndian.PutUint32(head, uint32(size))
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// readFrame reads one length-prefixed answer into buf, which it grows if it must.
func readFrame(r io.Reader, buf []byte) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return buf, err
	}
	n := int(binary.BigEndian.Uint32(size[:]))
	if n > maxAnswer {
		return buf, fmt.Errorf("an answer of %d bytes is beyond the limit of %d: is this a Kafka broker?", n, maxAnswer)
	}
	if cap(buf) < n {
		buf = make([]byte, n, n+n/4) // the next may be a little longer
	}
	buf = buf[:n]
	_, err := io.ReadFull(r, buf)
	return buf, err
}

// stripHeader takes the response header off.
func stripHeader(frame []byte, tagged bool) ([]byte, error) {
	d := dec{b: frame, flex: tagged}
	if got := d.i32(); d.err == nil && got != correlation {
		return nil, fmt.Errorf("answer to another request (correlation %d, sent %d)", got, correlation)
	}
	d.skipTags()
	return d.b, d.err
}

var (
	_ protocol.BrokerMessage = (*call)(nil)
	_ protocol.RawExchanger  = (*call)(nil)
)
