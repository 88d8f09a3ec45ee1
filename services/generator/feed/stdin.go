package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// stdin reads lines from a stream whose reads nobody can interrupt. A goroutine
// does the reading, so that Next can stop while it waits. That goroutine starts
// with the first Next and ends with the stream or after Close; where a read never
// returns (a terminal at which nobody types) it outlives the source, and the
// process's end is its end.
type stdin struct {
	Options
	lines   lines
	in      io.Reader
	started bool
	asked   chan []byte // room to read into
	got     chan chunk  // the same room, filled
	closed  chan struct{}
	rest    chunk // what Next has not taken yet
	space   []byte
}

type chunk struct {
	data []byte
	err  error
}

func newStdin(o Options) *stdin {
	s := &stdin{
		Options: o,
		in:      o.Stdin,
		asked:   make(chan []byte, 1),
		got:     make(chan chunk, 1),
		closed:  make(chan struct{}),
		space:   make([]byte, readSize),
	}
	s.lines = newLines(o.MaxRecordBytes, s.fill)
	return s
}

// Next returns the next line; see Source.
func (s *stdin) Next(ctx context.Context) (Line, error) {
	value, truncated, err := s.lines.next(ctx)
	if err != nil {
		return Line{}, err
	}
	return s.shape(value, truncated), nil
}

// fill hands out what the reader brought and asks for more only when that is
// gone. One read is under way at most, and a call that ctx ends leaves it so.
func (s *stdin) fill(ctx context.Context, p []byte) (int, error) {
	if len(s.rest.data) == 0 && s.rest.err == nil {
		if !s.started {
			s.started = true
			go s.read()
		}
		if s.space != nil {
			s.asked <- s.space // has room: the last answer was taken
			s.space = nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case s.rest = <-s.got:
			s.space = s.rest.data[:cap(s.rest.data)]
		}
	}
	n := copy(p, s.rest.data)
	s.rest.data = s.rest.data[n:]
	if len(s.rest.data) > 0 {
		return n, nil
	}
	return n, s.rest.err
}

func (s *stdin) read() {
	for {
		select {
		case <-s.closed:
			return
		case space := <-s.asked:
			n, err := s.in.Read(space)
			if err != nil && !errors.Is(err, io.EOF) {
				err = fmt.Errorf("read --source - (standard input): %w", err)
			}
			s.got <- chunk{space[:n], err} // has room: one request, one answer
			if err != nil {
				return
			}
		}
	}
}

// Close ends the reading goroutine as soon as its read returns. Standard input
// itself stays open: it is not ours.
func (s *stdin) Close() error {
	close(s.closed)
	return nil
}
