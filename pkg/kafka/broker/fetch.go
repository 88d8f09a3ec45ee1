package broker

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go/protocol"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
)

// FetchRequest asks for records of one partition.
type FetchRequest struct {
	TopicPartition
	Offset   int64         // the first one wanted
	MaxBytes int32         // of the answer, but one batch always fits
	MaxWait  time.Duration // how long the broker may wait for a first byte; 0: not at all
}

// Fetched is what a leader answered. Records and Aborted are valid until the Fetcher's next use.
type Fetched struct {
	Code          Code
	HighWatermark int64 // end of the log as replicated
	LastStable    int64 // end of what read_committed may see
	LogStart      int64
	Aborted       []batch.Aborted
	Records       []byte // whole batches, and perhaps a truncated one at the end
}

// Fetcher fetches one partition over and over into the same buffer, in read_committed.
type Fetcher struct {
	client *Client
	msg    *fetchMessage
}

// NewFetcher makes one; each worker has its own.
func (c *Client) NewFetcher() *Fetcher { return &Fetcher{client: c} }

// Fetch asks the partition's leader. After an error, which means that no answer came, the buffer is abandoned: the
// connection's goroutine may still be filling it.
func (f *Fetcher) Fetch(ctx context.Context, r FetchRequest) (Fetched, error) {
	c := f.client
	node, code, err := c.leader(ctx, r.Topic, r.Partition)
	if err != nil || code != OK {
		return Fetched{Code: code}, err
	}
	if f.msg == nil {
		f.msg = &fetchMessage{client: c.conf.ClientID}
	}
	m := f.msg
	m.node, m.req = node, r
	ctx, cancel := context.WithTimeout(ctx, c.conf.Timeout+r.MaxWait)
	defer cancel()
	if _, err := c.transport.RoundTrip(ctx, c.addr, m); err != nil {
		f.msg = nil
		c.ForgetLeaders(r.Topic)
		return Fetched{}, c.noAnswer(keyFetch, node, err)
	}
	if leaderChanged(m.got.Code) {
		c.ForgetLeaders(r.Topic)
	}
	return m.got, nil
}

// fetchMessage is a Fetch v11 for one partition: v11 is the newest that still names topics instead of topic ids.
type fetchMessage struct {
	node   int32
	client string
	req    FetchRequest
	got    Fetched
	out    []byte
	in     []byte
}

func (m *fetchMessage) ApiKey() protocol.ApiKey { return keyFetch }

func (m *fetchMessage) Broker(protocol.Cluster) (protocol.Broker, error) {
	return protocol.Broker{ID: m.node}, nil
}

func (m *fetchMessage) Required(map[protocol.ApiKey]int16) bool { return true }

func (m *fetchMessage) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	m.write()
	if _, err := rw.Write(m.out); err != nil {
		return nil, err
	}
	var err error
	if m.in, err = readFrame(rw, m.in); err != nil {
		return nil, err
	}
	body, err := stripHeader(m.in, false)
	if err != nil {
		return nil, err
	}
	return m, m.read(body)
}

func (m *fetchMessage) write() {
	e := enc{b: append(m.out[:0], 0, 0, 0, 0)}
	e.i16(keyFetch)
	e.i16(11)
	e.i32(correlation)
	e.str(m.client)
	e.i32(-1) // replica
	e.i32(int32(m.req.MaxWait.Milliseconds()))
	e.i32(1) // min bytes
	e.i32(m.req.MaxBytes)
	e.i8(1)   // read_committed
	e.i32(0)  // session id
	e.i32(-1) // session epoch: none
	e.array(1)
	e.str(m.req.Topic)
	e.array(1)
	e.i32(m.req.Partition)
	e.i32(-1) // leader epoch
	e.i64(m.req.Offset)
	e.i64(-1) // log start
	e.i32(m.req.MaxBytes)
	e.array(0) // forgotten topics
	e.str("")  // rack
	binary.BigEndian.PutUint32(e.b, uint32(len(e.b)-4))
	m.out = e.b
}

func (m *fetchMessage) read(body []byte) error {
	d := dec{b: body}
	d.i32() // throttle
	m.got = Fetched{Code: Code(d.i16()), Aborted: m.got.Aborted[:0]}
	d.i32() // session
	for range d.array() {
		d.str()
		for range d.array() {
			m.readPartition(&d)
		}
	}
	if d.err != nil {
		return fmt.Errorf("fetch %s/%d: %w", m.req.Topic, m.req.Partition, d.err)
	}
	return nil
}

func (m *fetchMessage) readPartition(d *dec) {
	d.i32()
	if code := Code(d.i16()); code != OK {
		m.got.Code = code
	}
	m.got.HighWatermark, m.got.LastStable, m.got.LogStart = d.i64(), d.i64(), d.i64()
	for range d.array() {
		m.got.Aborted = append(m.got.Aborted, batch.Aborted{ProducerID: d.i64(), FirstOffset: d.i64()})
	}
	d.i32() // preferred replica
	if n := d.i32(); n > 0 {
		m.got.Records = d.take(int(n))
	}
}

var _ protocol.RawExchanger = (*fetchMessage)(nil)
