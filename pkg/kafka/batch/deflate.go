package batch

import (
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// zstdWindow bounds what an encoder remembers. A batch is rarely longer than a megabyte, and the library's default
// of 8 MiB would cost every Builder several times that.
const zstdWindow = 1 << 20

// deflater compresses, and keeps the compressors of the codecs that it was asked for. None starts a goroutine, so
// none needs closing.
type deflater struct {
	gzip *gzip.Writer
	lz4  *lz4.Writer
	zstd *zstd.Encoder
}

// deflate appends src, compressed, to dst. A codec that it does not know appends nothing.
func (d *deflater) deflate(dst, src []byte, c Codec) []byte {
	switch c {
	case Gzip:
		return d.deflateGzip(dst, src)
	case Snappy:
		return deflateSnappy(dst, src)
	case LZ4:
		return d.deflateLZ4(dst, src)
	case Zstd:
		return d.deflateZstd(dst, src)
	}
	return dst
}

func (d *deflater) deflateGzip(dst, src []byte) []byte {
	w := sink{dst}
	if d.gzip == nil {
		d.gzip = gzip.NewWriter(&w)
	} else {
		d.gzip.Reset(&w)
	}
	_, err := d.gzip.Write(src)
	if err == nil {
		err = d.gzip.Close()
	}
	d.gzip.Reset(nil) // dst is not ours to keep
	return w.orNothing(dst, err)
}

// deflateLZ4 writes the frames that the Java producer writes: independent blocks of 64 KiB, no checksum of the
// content, since the batch has one of its own.
func (d *deflater) deflateLZ4(dst, src []byte) []byte {
	w := sink{dst}
	if d.lz4 == nil {
		d.lz4 = lz4.NewWriter(&w)
		err := d.lz4.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false), lz4.ConcurrencyOption(1))
		if err != nil {
			panic("unreachable: lz4 refuses constant options: " + err.Error())
		}
	} else {
		d.lz4.Reset(&w)
	}
	_, err := d.lz4.Write(src)
	if err == nil {
		err = d.lz4.Close()
	}
	d.lz4.Reset(nil)
	return w.orNothing(dst, err)
}

func (d *deflater) deflateZstd(dst, src []byte) []byte {
	if d.zstd == nil {
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow),
			zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
		if err != nil {
			panic("unreachable: zstd refuses constant options: " + err.Error())
		}
		d.zstd = enc
	}
	return d.zstd.EncodeAll(src, dst)
}

// deflateSnappy writes one raw block: the Java client's reader takes it as well as its own framing, and it spares
// sixteen bytes and a chunk every 32 KiB.
func deflateSnappy(dst, src []byte) []byte {
	need := s2.MaxEncodedLen(len(src))
	if need < 0 { // more than 4 GiB, which no batch can hold
		return dst
	}
	at := len(dst)
	dst = slices.Grow(dst, need)
	return dst[:at+len(s2.EncodeSnappy(dst[at:at+need], src))]
}

// sink is a writer that appends.
type sink struct{ bytes []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.bytes = append(s.bytes, p...)
	return len(p), nil
}

// orNothing drops what a broken compressor wrote: the batch is then sealed plain, which is always right. A sink
// never refuses a write, so this has not been seen.
func (s *sink) orNothing(dst []byte, err error) []byte {
	if err != nil {
		return dst
	}
	return s.bytes
}
