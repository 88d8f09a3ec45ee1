package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	dialTimeout = 5 * time.Second
	// minBetweenLogs keeps a server that hangs up after every line from being
	// told of once a line.
	minBetweenLogs = 10 * time.Second
)

// tcp reads the lines of a server and dials it again, for ever, when it goes away
// or is not there yet. What a broken connection leaves of a line is handed out as
// a line: better one reject that is seen than a loss that is not.
type tcp struct {
	Options
	address string
	lines   lines
	conn    net.Conn // nil: to be dialled
	pauses  *backoff.ExponentialBackOff
	python  []byte // room for a converted line

	lost   error     // why there is no connection; nil with one, and before the first
	told   bool      // it has been logged
	toldAt time.Time // when a loss was last
}

func newTCP(address string, o Options) *tcp {
	if o.Dial == nil {
		// A host that vanishes without a word is noticed after half a minute.
		alive := net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4}
		o.Dial = (&net.Dialer{KeepAliveConfig: alive}).DialContext
	}
	s := &tcp{Options: o, address: address, pauses: &backoff.ExponentialBackOff{
		// With their jitter, pauses go from 100 ms to 10 s.
		InitialInterval: 150 * time.Millisecond, RandomizationFactor: 1.0 / 3,
		Multiplier: 2, MaxInterval: 7500 * time.Millisecond,
	}}
	s.lines = newLines(o.MaxRecordBytes, s.fill)
	return s
}

// Next returns the next line; see Source. It never answers io.EOF. A line in
// Python's form comes as JSON.
func (s *tcp) Next(ctx context.Context) (Line, error) {
	for {
		if s.conn == nil {
			if err := s.connect(ctx); err != nil {
				return Line{}, err
			}
		}
		value, truncated, err := s.lines.next(ctx)
		switch {
		case err == nil:
			// Not after a mere connect: a server that accepts and hangs up at
			// once must not be dialled ten times a second.
			s.pauses.Reset()
			value, truncated = s.convert(value, truncated)
			return s.shape(value, truncated), nil
		case ctx.Err() != nil && errors.Is(err, ctx.Err()):
			return Line{}, err
		}
		_ = s.conn.Close() // nothing was written, so it can lose nothing
		s.conn, s.told = nil, false
		s.lost = fmt.Errorf("connection to %s lost: %w", s.address, err)
	}
}

// convert turns Python's form into JSON. A dict with a string in it always has an
// apostrophe in that form, which spares most JSON lines the second look.
func (s *tcp) convert(value []byte, truncated bool) ([]byte, bool) {
	if truncated || bytes.IndexByte(value, '\'') < 0 || json.Valid(value) {
		return value, truncated
	}
	out, ok := Python(value, s.python[:0])
	if !ok {
		return value, false
	}
	s.python = out
	return cut(out, s.MaxRecordBytes) // JSON's escapes can be longer
}

// connect dials until it is answered, with a pause before every try but the first.
func (s *tcp) connect(ctx context.Context) error {
	for {
		if s.lost != nil {
			pause := s.pauses.NextBackOff()
			s.tell(pause)
			if err := sleep(ctx, pause); err != nil {
				return err
			}
		}
		dialing, cancel := context.WithTimeout(ctx, dialTimeout)
		conn, err := s.Dial(dialing, "tcp", s.address)
		cancel()
		if err == nil {
			if s.lost == nil || s.told {
				s.Log.Info("tcp source: connected to " + s.address)
			}
			s.conn, s.lost = conn, nil
			s.lines.restart()
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.lost = fmt.Errorf("cannot connect to %s: %w", s.address, err)
	}
}

// tell logs a loss once, later if another one was logged just before.
func (s *tcp) tell(pause time.Duration) {
	now := time.Now()
	if s.told || !s.toldAt.IsZero() && now.Sub(s.toldAt) < minBetweenLogs {
		return
	}
	s.told, s.toldAt = true, now
	s.Log.Warn(fmt.Sprintf("tcp source: %v; trying again in %v", s.lost, pause.Round(time.Millisecond)))
}

// fill reads from the connection. A read is ended through its deadline, which
// leaves the connection good for the next call.
func (s *tcp) fill(ctx context.Context, p []byte) (int, error) {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // fails only on a closed connection
		close(interrupted)
	})
	n, err := s.conn.Read(p)
	if !stop() {
		<-interrupted // so that the deadline cannot hit a later read
		_ = s.conn.SetReadDeadline(time.Time{})
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
			if n == 0 {
				err = ctx.Err()
			}
		}
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("closed by the server")
	}
	return n, err
}

// Close hangs up.
func (s *tcp) Close() error {
	if s.conn == nil {
		return nil
	}
	return s.conn.Close()
}
