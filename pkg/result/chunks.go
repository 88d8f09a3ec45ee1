package result

import (
	"errors"
	"fmt"

	"github.com/meanstream/meanstream/pkg/partial"
)

// ErrChunks: a chunk of a partial is not the one that should follow. A partial is written in one transaction, so this
// log was written by something else, or some of it was deleted.
var ErrChunks = errors.New("partial's chunks do not join")

// incomplete is a partial of which the last chunk has not been read.
type incomplete struct {
	first  int64 // offset of its first chunk
	epoch  int16
	next   int32 // the chunk that must follow
	chunks int32
}

// follow checks that p is the chunk to come from its writer and remembers that it came. Partials of several writers
// may be interleaved, those of one writer never: a process has at most one transaction in flight.
func (o *Open) follow(offset int64, p *partial.Partial, replay bool) error {
	inc, begun := o.pending[p.Writer]
	switch {
	case begun && (p.Chunk != inc.next || p.Chunks != inc.chunks || p.Epoch != inc.epoch):
		return chunkError(offset, p, fmt.Sprintf("chunk %d of %d of epoch %d", inc.next, inc.chunks, inc.epoch))
	case p.Chunk < 0 || p.Chunk >= p.Chunks:
		return chunkError(offset, p, "a chunk below their number")
	case !begun && p.Chunk != 0 && !replay:
		return chunkError(offset, p, "chunk 0")
	case !begun:
		// A replay may begin amid a partial that was complete at the commit: only of the incomplete ones is the first
		// chunk sure to be read again.
		inc = incomplete{first: offset, epoch: p.Epoch, chunks: p.Chunks}
	}
	if p.Chunk == p.Chunks-1 {
		delete(o.pending, p.Writer)
		return nil
	}
	inc.next = p.Chunk + 1
	o.pending[p.Writer] = inc
	return nil
}

func chunkError(offset int64, p *partial.Partial, want string) error {
	return fmt.Errorf("merge the partial at offset %d: %w: writer %s sent chunk %d of %d of epoch %d, want %s; part of the "+
		"partials is missing: start the processor once with --start-over, then the sink once with --start-over",
		offset, ErrChunks, p.Writer, p.Chunk, p.Chunks, p.Epoch, want)
}
