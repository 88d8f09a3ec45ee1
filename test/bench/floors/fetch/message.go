package main

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"
)

// answerBytes is how much is asked for at a time: as much as fits a processor's cache beside other things.
const answerBytes = 1 << 20

// fetch is a Fetch request of version 11 for one partition, written and read by hand over a connection of kafka-go.
type fetch struct {
	topic             string
	partition, leader int32
	offset            int64

	end     int64  // of the log, as answered
	records []byte // answered; valid until the next exchange

	out, in []byte
}

func (f *fetch) ApiKey() protocol.ApiKey { return protocol.Fetch } //nolint:revive // the name is the interface's

func (f *fetch) Broker(protocol.Cluster) (protocol.Broker, error) {
	return protocol.Broker{ID: f.leader}, nil
}

func (f *fetch) Required(map[protocol.ApiKey]int16) bool { return true }

// RawExchange implements protocol.RawExchanger.
func (f *fetch) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	f.write()
	if _, err := rw.Write(f.out); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(rw, size[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(size[:]))
	if cap(f.in) < n {
		f.in = make([]byte, n)
	}
	if _, err := io.ReadFull(rw, f.in[:n]); err != nil {
		return nil, err
	}
	return f, f.read(f.in[:n])
}

func (f *fetch) write() {
	be := binary.BigEndian
	b := append(f.out[:0], 0, 0, 0, 0, 0, 1, 0, 11, 0, 0, 0, 1, 0xff, 0xff) // fetch, version 11, correlation 1, no client id
	b = be.AppendUint32(b, 0xffffffff)                                      // replica: none
	b = be.AppendUint32(b, 500)                                             // milliseconds to wait at most
	b = be.AppendUint32(b, 1)                                               // for so many bytes
	b = be.AppendUint32(b, answerBytes)
	b = append(b, 1)                                  // read_committed
	b = append(b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff) // no session
	b = append(b, 0, 0, 0, 1)                         // topics
	b = be.AppendUint16(b, uint16(len(f.topic)))      //
	b = append(append(b, f.topic...), 0, 0, 0, 1)     // partitions
	b = be.AppendUint32(b, uint32(f.partition))       //
	b = be.AppendUint32(b, 0xffffffff)                // leader epoch: unknown
	b = be.AppendUint64(b, uint64(f.offset))          //
	b = be.AppendUint64(b, 0xffffffffffffffff)        // log start: only replicas know
	b = be.AppendUint32(b, answerBytes)               //
	b = append(b, 0, 0, 0, 0, 0, 0)                   // nothing forgotten, no rack
	be.PutUint32(b, uint32(len(b)-4))
	f.out = b
}

// read takes the one partition's records out of an answer. It is not prepared for what no sound broker sends.
func (f *fetch) read(b []byte) error {
	be := binary.BigEndian
	b = b[4+4+2+4+4:]          // correlation, throttle, code, session, topics
	b = b[2+len(f.topic)+4+4:] // its name, partitions, number
	if code := be.Uint16(b); code != 0 {
		return fmt.Errorf("code %d", code)
	}
	f.end = int64(be.Uint64(b[2+8:])) // behind the high watermark: the last stable offset
	b = b[2+8+8+8:]                   // code, high watermark, last stable, log start
	aborted := max(0, int(int32(be.Uint32(b))))
	b = b[4+16*aborted+4:] // preferred replica
	n := int(be.Uint32(b))
	f.records = b[4 : 4+n]
	return nil
}
