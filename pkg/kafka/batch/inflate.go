package batch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// inflater decompresses into a buffer of its own, and keeps it and the decompressors that it was asked for. It never
// allocates much beyond its limit, whatever the input claims.
type inflater struct {
	buf       []byte
	src       bytes.Reader
	gzip      *gzip.Reader
	lz4       *lz4.Reader
	zstd      *zstd.Decoder
	zstdLimit int // a zstd decoder is made for one limit
}

// inflate gives src decompressed, at most limit bytes of it, valid until the next call. Errors are ErrInflate or
// ErrCompression, wrapped with what the codec says.
func (f *inflater) inflate(src []byte, c Codec, limit int) ([]byte, error) {
	var err error
	switch c {
	case Gzip:
		err = f.inflateGzip(src, limit)
	case Snappy:
		f.buf, err = inflateSnappy(f.buf[:0], src, limit)
	case LZ4:
		err = f.inflateLZ4(src, limit)
	case Zstd:
		err = f.inflateZstd(src, limit)
	default:
		return nil, fmt.Errorf("%w: %v is none that Kafka has", ErrCompression, c)
	}
	if errors.Is(err, ErrInflate) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v: %w", ErrCompression, c, err)
	}
	return f.buf, nil
}

func (f *inflater) inflateGzip(src []byte, limit int) error {
	if f.gzip == nil {
		f.gzip = new(gzip.Reader)
	}
	f.src.Reset(src)
	defer f.src.Reset(nil) // the fetched bytes are not ours to keep
	if err := f.gzip.Reset(&f.src); err != nil {
		return noEOF(err)
	}
	return f.readAll(f.gzip, len(src), limit)
}

func (f *inflater) inflateLZ4(src []byte, limit int) error {
	f.src.Reset(src)
	defer f.src.Reset(nil)
	if f.lz4 == nil {
		f.lz4 = lz4.NewReader(&f.src)
	} else {
		f.lz4.Reset(&f.src)
	}
	return f.readAll(f.lz4, len(src), limit)
}

func (f *inflater) inflateZstd(src []byte, limit int) error {
	if f.zstd == nil || f.zstdLimit != limit {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(uint64(limit)))
		if err != nil {
			return err // a limit that the library does not take
		}
		f.zstd, f.zstdLimit = d, limit
	}
	out, err := f.zstd.DecodeAll(src, f.buf[:0])
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return tooLarge(limit)
	}
	if err != nil {
		return err
	}
	f.buf = out
	return nil
}

// readAll reads r to its end into the buffer, which grows with what really comes.
func (f *inflater) readAll(r io.Reader, compressed, limit int) error {
	buf := f.buf[:0]
	if cap(buf) == 0 {
		buf = make([]byte, 0, min(4*compressed+512, limit+1))
	}
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, min(cap(buf), limit+1-len(buf)))
		}
		n, err := r.Read(buf[len(buf):min(cap(buf), limit+1)]) // one byte more tells "full" from "too large"
		buf = buf[:len(buf)+n]
		f.buf = buf
		switch {
		case len(buf) > limit:
			return tooLarge(limit)
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

func tooLarge(limit int) error {
	return fmt.Errorf("%w: more than %d bytes", ErrInflate, limit)
}

// noEOF says for a stream that ends before it began what io.EOF would deny.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
