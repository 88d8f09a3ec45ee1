package kafkatest

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxFrame bounds what a length prefix can make us allocate, in bytes; beyond it the stream is not Kafka's (TLS, say).
const maxFrame = 256 << 20

// keyAPIVersions is the one API whose answers never carry a flexible header, so that a client can read a refusal.
const keyAPIVersions = 18

// Request is one request on its way from a host to a broker.
type Request struct {
	Host    string // name of the host that sent it
	Broker  string // address it goes to
	Key     kmsg.Key
	Version int16
	Corr    int32  // correlation id; clients that never pipeline may use the same one for all
	N       int    // this is the host's N-th request of this Key, from 1, on whichever connection
	Body    []byte // behind the header; not to be changed

	frame []byte // all of it, with the length in front
}

// String is what a person calls it: "EndTxn v5 #3".
func (r Request) String() string { return fmt.Sprintf("%s v%d #%d", r.Key.Name(), r.Version, r.N) }

// Parse decodes the body into the request's own type, e.g. *kmsg.EndTxnRequest.
func (r Request) Parse() (kmsg.Request, error) {
	req := kmsg.RequestForKey(int16(r.Key))
	if req == nil {
		return nil, fmt.Errorf("parse request: API key %d is unknown", r.Key)
	}
	req.SetVersion(r.Version)
	if err := req.ReadFrom(r.Body); err != nil {
		return nil, fmt.Errorf("parse %s: %w", r, err)
	}
	return req, nil
}

// Answer is what the broker said to a request.
type Answer struct {
	Request Request
	frame   []byte
}

// Parse decodes the answer into its own type, e.g. *kmsg.EndTxnResponse.
func (a Answer) Parse() (kmsg.Response, error) {
	req := kmsg.RequestForKey(int16(a.Request.Key))
	if req == nil {
		return nil, fmt.Errorf("parse answer: API key %d is unknown", a.Request.Key)
	}
	req.SetVersion(a.Request.Version)
	resp := req.ResponseKind()
	resp.SetVersion(a.Request.Version)
	r := kbin.Reader{Src: a.frame[8:]}
	if resp.IsFlexible() && a.Request.Key != keyAPIVersions {
		skipTags(&r)
	}
	if err := resp.ReadFrom(r.Src); err != nil {
		return nil, fmt.Errorf("parse answer to %s: %w", a.Request, err)
	}
	return resp, nil
}

// readFrame reads one frame, its four bytes of length included.
func readFrame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxFrame {
		return nil, fmt.Errorf("read a frame: a length of %d bytes is not Kafka's", n)
	}
	frame := make([]byte, 4+n)
	copy(frame, size[:])
	_, err := io.ReadFull(r, frame[4:])
	return frame, err
}

// parseRequest reads a request's header. Its first eight bytes are the same in every version; then comes the client id
// (always a classic string), and tags where the version is flexible.
func parseRequest(frame []byte) (Request, error) {
	r := kbin.Reader{Src: frame[4:]}
	req := Request{Key: kmsg.Key(r.Int16()), Version: r.Int16(), Corr: r.Int32(), frame: frame}
	r.NullableString()
	kreq := kmsg.RequestForKey(int16(req.Key))
	if kreq == nil {
		return req, fmt.Errorf("read a request's header: API key %d is unknown", req.Key)
	}
	kreq.SetVersion(req.Version)
	if kreq.IsFlexible() {
		skipTags(&r)
	}
	if !r.Ok() {
		return req, fmt.Errorf("read the header of a %s request: %d bytes are too few", req.Key.Name(), len(frame))
	}
	req.Body = r.Src
	return req, nil
}

// skipTags passes over a header's tagged fields. kmsg's own counts to four billion where a broken frame says so.
func skipTags(r *kbin.Reader) {
	for n := r.Uvarint(); n > 0 && r.Ok(); n-- {
		r.Uvarint()
		r.Span(int(r.Uvarint()))
	}
}

// corr is the correlation id of an answer's frame; false for one too short to have any.
func corr(answer []byte) (int32, bool) {
	if len(answer) < 8 {
		return 0, false
	}
	return int32(binary.BigEndian.Uint32(answer[4:])), true
}

// encodeAnswer frames a response as the broker would.
func encodeAnswer(req Request, resp kmsg.Response) []byte {
	frame := make([]byte, 8, 64)
	binary.BigEndian.PutUint32(frame[4:], uint32(req.Corr))
	if resp.IsFlexible() && req.Key != keyAPIVersions {
		frame = append(frame, 0)
	}
	frame = resp.AppendTo(frame)
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	return frame
}

// unanswered tells a Produce with acks=0, the one request that a broker never answers.
func unanswered(req Request) bool {
	if req.Key != kmsg.Produce || req.Version < 3 {
		return false
	}
	r := kbin.Reader{Src: req.Body}
	if req.Version >= 9 {
		r.CompactNullableString()
	} else {
		r.NullableString()
	}
	return r.Int16() == 0 && r.Ok()
}
