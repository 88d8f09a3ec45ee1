package feed

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
)

// readSize is one read's worth. A line that fits into it is never copied.
const readSize = 64 << 10

// lines cuts a stream of bytes into lines. However long a line is, memory holds
// one read of it and its first limit+1 bytes.
type lines struct {
	// fill reads like io.Reader. When ctx ends first it returns 0 and ctx.Err(),
	// the one error after which it is called again.
	fill  func(ctx context.Context, p []byte) (int, error)
	limit int

	buf     []byte
	r, w    int   // buf[r:w] is read and not yet handed out
	scanned int   // buf[r:scanned] holds no line feed: tiny packets must not cost a new search each
	err     error // what ended the stream; handed out after its last line

	long    []byte // the first limit+1 bytes of a line that outgrew buf
	spilled int64  // bytes of that line that have left buf; 0: no such line

	whole  bool         // of a stream that breaks, what follows its last line feed is no line
	table  *crc32.Table // of the checksum that is kept of what was handed out; nil: none
	passed int64        // bytes of the stream that have left buf
	sum    uint32       // of the stream up to buf[summed]
	summed int
}

func newLines(limit int, fill func(context.Context, []byte) (int, error)) lines {
	return lines{fill: fill, limit: limit, buf: make([]byte, readSize)}
}

// restart forgets everything about the stream: another one begins.
func (l *lines) restart() {
	l.r, l.w, l.scanned, l.err = 0, 0, 0, nil
	l.long, l.spilled = l.long[:0], 0
	l.passed, l.sum, l.summed = 0, 0, 0
}

// next returns the next line that is not blank, at most limit+1 bytes of it, and
// whether it had more. The bytes are valid until the next call.
func (l *lines) next(ctx context.Context) (value []byte, truncated bool, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		raw, err := l.raw(ctx)
		if err != nil {
			return nil, false, err
		}
		value, truncated = l.finish(raw)
		if truncated || !blank(value) {
			return value, truncated, nil
		}
	}
}

// raw returns the bytes up to the next line feed, or up to the stream's end, that
// are still in buf; what came before them has been spilled.
func (l *lines) raw(ctx context.Context) ([]byte, error) {
	for {
		if i := bytes.IndexByte(l.buf[l.scanned:l.w], '\n'); i >= 0 {
			end := l.scanned + i
			raw := l.buf[l.r:end]
			l.r, l.scanned = end+1, end+1
			return raw, nil
		}
		l.scanned = l.w
		if l.err != nil {
			if l.r == l.w || l.whole && !errors.Is(l.err, io.EOF) { // a spilled line has left its last byte
				return nil, l.err
			}
			raw := l.buf[l.r:l.w]
			l.r = l.w
			return raw, nil
		}
		l.makeRoom()
		n, err := l.fill(ctx, l.buf[l.w:])
		l.w += n
		if err != nil {
			if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				return nil, err
			}
			l.err = err
		}
	}
}

// makeRoom moves a begun line to the front of buf, or out of it when it fills it.
func (l *lines) makeRoom() {
	switch {
	case l.r > 0:
		l.leave(l.r)
		l.w = copy(l.buf, l.buf[l.r:l.w])
		l.r, l.scanned = 0, l.w
	case l.w == len(l.buf):
		// The last byte stays behind: it may be the CR of a CRLF.
		l.leave(l.w - 1)
		l.spill(l.buf[:l.w-1])
		l.buf[0] = l.buf[l.w-1]
		l.w, l.scanned = 1, 1
	}
}

// leave tells that buf[:n] is about to be overwritten.
func (l *lines) leave(n int) {
	l.add(n)
	l.passed, l.summed = l.passed+int64(n), 0
}

// add takes the bytes up to buf[n] into the checksum, many lines at once.
func (l *lines) add(n int) {
	if l.table != nil {
		l.sum = crc32.Update(l.sum, l.table, l.buf[l.summed:n])
	}
	l.summed = n
}

// at is how many bytes of the stream have been handed out, line endings included, and their checksum.
func (l *lines) at() (int64, uint32) {
	l.add(l.r)
	return l.passed + int64(l.r), l.sum
}

func (l *lines) spill(part []byte) {
	l.spilled += int64(len(part))
	room := l.limit + 1 - len(l.long)
	l.long = append(l.long, part[:min(room, len(part))]...)
}

// finish takes the CR of a CRLF away, puts a long line together, and cuts it.
func (l *lines) finish(raw []byte) (value []byte, truncated bool) {
	if n := len(raw); n > 0 && raw[n-1] == '\r' {
		raw = raw[:n-1]
	}
	if l.spilled == 0 {
		return cut(raw, l.limit)
	}
	l.spill(raw)
	value, truncated = l.long, l.spilled > int64(len(l.long))
	l.long, l.spilled = l.long[:0], 0
	return value, truncated
}

// cut keeps the first limit+1 bytes: one too many, so that whoever applies the
// same limit further on still sees that the record is too large.
func cut(value []byte, limit int) ([]byte, bool) {
	if len(value) <= limit+1 {
		return value, false
	}
	return value[:limit+1], true
}

func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}
