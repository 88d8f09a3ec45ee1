// Package feed is what the generator reads, and when: a seeded sequence of its
// own, a TCP server's lines, files, standard input; and the pace at which they
// are let through.
//
// A source hands lines over as they came. It judges nothing: what is not a
// measurement travels all the same, because the processor is the one place that
// rejects, and there everybody can see it. Only what would be no line of its own
// is left out: line endings (LF or CRLF) and wholly blank lines (spaces, tabs).
package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
)

// DefaultMaxRecordBytes is the limit of a line where Options names none.
const DefaultMaxRecordBytes = 512 << 10

// forms ends every error about a --source, so that the next try can be right.
const forms = "use synthetic, tcp://HOST:PORT, file:PATH or - (standard input)"

// Line is one record's value.
type Line struct {
	Value     []byte // without its line ending; valid until the next call of Next
	Category  []byte // key for --key category; nil where unknown; valid as long as Value
	Truncated bool   // Value is only the first limit+1 bytes of the line
}

// Source is a sequence of lines. It is used by one goroutine at a time.
type Source interface {
	// Next waits for the next line. It answers io.EOF, again and again, when the
	// source has ended cleanly, ctx.Err() when ctx ended first, and any other
	// error when the source broke. A call that ctx ended loses nothing: the next
	// one goes on where it stopped.
	Next(ctx context.Context) (Line, error)
	// Close lets go of what the source holds open. Next must not be called then.
	Close() error
}

// Options is what sources need beyond their name. The zero value serves.
type Options struct {
	MaxRecordBytes int  // limit of a line in bytes; 0: DefaultMaxRecordBytes
	FindCategory   bool // read each line's category; costs a walk over the line

	Seed       uint64           // synthetic: same seed, same values and categories
	Categories []string         // synthetic: drawn from evenly, doubles count double; nil: A, B, C
	Now        func() time.Time // synthetic: the timestamps; nil: time.Now

	Dial  func(ctx context.Context, network, address string) (net.Conn, error) // tcp; nil: net.Dialer
	Log   *zap.Logger                                                          // tcp: connections lost and found; nil: none
	Stdin io.Reader                                                            // "-"; nil: os.Stdin
}

// Open returns the source that a --source value names: synthetic,
// tcp://HOST:PORT, file:PATH (for several see OpenFiles), or - for standard input. A file must exist already;
// a TCP server need not, it is dialled by the first Next. An error names the flag,
// its value, and what would be right.
func Open(spec string, o Options) (Source, error) {
	if o.MaxRecordBytes <= 0 {
		o.MaxRecordBytes = DefaultMaxRecordBytes
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.Stdin == nil {
		o.Stdin = os.Stdin
	}
	switch {
	case spec == "synthetic":
		return newSynthetic(o)
	case spec == "-":
		return newStdin(o), nil
	case strings.HasPrefix(spec, "file:"):
		return OpenFiles([]string{spec}, o)
	case strings.HasPrefix(spec, "tcp://"):
		address := strings.TrimPrefix(spec, "tcp://")
		if err := checkAddress(address); err != nil {
			return nil, fmt.Errorf("--source %q: %w, such as tcp://127.0.0.1:65432", spec, err)
		}
		return newTCP(address, o), nil
	}
	return nil, fmt.Errorf("--source %q: no such source; %s", spec, forms)
}

// checkAddress finds at start what dialling would only find again and again.
func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return errors.New("must be tcp://HOST:PORT")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q must be a number from 1 to 65535", port)
	}
	return nil
}

// shape makes the Line of a value that a reader of lines brought.
func (o *Options) shape(value []byte, truncated bool) Line {
	line := Line{Value: value, Truncated: truncated}
	if o.FindCategory && !truncated {
		line.Category = findCategory(value)
	}
	return line
}
