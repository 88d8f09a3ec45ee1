package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// content is an open file's content, uncompressed.
type content struct {
	io.Reader
	format string // gzip, zstd; empty: as it is
	close  func() error
}

// unpack opens a file's content. What it is compressed with its first bytes say, whatever it is called: no line of JSON
// begins like that. read counts the bytes of the file itself.
func unpack(path string, read *atomic.Int64) (content, error) {
	f, err := os.Open(path)
	if err != nil {
		return content{}, err
	}
	var magic [4]byte
	n, err := f.ReadAt(magic[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		_ = f.Close() // only read from
		return content{}, err
	}
	in := &counter{f, read}
	switch {
	case bytes.HasPrefix(magic[:n], []byte{0x1f, 0x8b}):
		r, err := gzip.NewReader(in)
		if err != nil {
			_ = f.Close() // only read from
			return content{}, broken("gzip", err)
		}
		return content{r, "gzip", f.Close}, nil
	case bytes.Equal(magic[:n], []byte{0x28, 0xb5, 0x2f, 0xfd}):
		// Without goroutines of its own: it is read by one that has nothing else to do.
		r, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
		if err != nil {
			_ = f.Close() // only read from
			return content{}, broken("zstd", err)
		}
		return content{r, "zstd", func() error { r.Close(); return f.Close() }}, nil
	}
	return content{in, "", f.Close}, nil
}

// broken says what is wrong with compressed content.
func broken(format string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("its %s stream ends in the middle, the file is not complete: %w", format, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("its %s stream is damaged: %w", format, err)
}

// counter counts what is read through it.
type counter struct {
	in io.Reader
	n  *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.n.Add(int64(n))
	return n, err
}
