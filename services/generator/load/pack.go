package load

import (
	"bytes"
	"slices"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/placement"
	"github.com/meanstream/meanstream/services/generator/feed"
)

// block is some lines as the batches that they become. Blocks follow each other without a gap.
type block struct {
	batches []broker.Batch // those of one partition in the order of their lines; sealed, not stamped
	to      feed.Place     // behind its last line
	read    int64          // bytes of the files that had been read by then
	records int64
	bytes   int
}

// packer makes blocks. Records without a key fill one partition's batch after the other.
type packer struct {
	topic string
	limit int // bytes of a batch
	keyed bool

	parts []*part
	turn  int // the partition that records without a key go to at the moment
	block block
}

// part is what is open for one partition.
type part struct {
	open    batch.Builder
	unkeyed int64 // records without a key that it was given, ever
}

// grow takes partitions into use, at first and when some are added to the topic. Those start level with the one that
// was given least.
func (p *packer) grow(n int) {
	level := int64(0)
	if len(p.parts) > 0 {
		level = p.parts[p.least()].unkeyed
	}
	for len(p.parts) < n {
		p.parts = append(p.parts, &part{unkeyed: level})
	}
}

// add packs a line. It is copied.
func (p *packer) add(line feed.Line, millis int64) {
	rec := batch.Record{Time: millis, Value: line.Value}
	to := p.turn
	if p.keyed && line.Category != nil {
		rec.Key = line.Category
		to = int(placement.Of(rec.Key, int32(len(p.parts))))
	}
	if line.Truncated {
		rec.Headers = []batch.Header{{Key: "truncated", Value: []byte("true")}}
	}
	if open := &p.parts[to].open; open.Count() > 0 && open.Len()+open.Size(&rec) > p.limit {
		p.seal(to)
		if rec.Key == nil {
			to = p.turn
		}
	}
	p.parts[to].open.Append(&rec)
	if rec.Key == nil {
		p.parts[to].unkeyed++
	}
	p.block.records++
	p.block.bytes += len(line.Value)
}

// full tells whether the block should be taken.
func (p *packer) full() bool { return p.block.bytes >= blockBytes }

// seal closes a partition's batch; records without a key go on to the partition that was given the fewest of them.
func (p *packer) seal(at int) {
	open := &p.parts[at].open
	if open.Count() == 0 {
		return
	}
	p.block.batches = append(p.block.batches, broker.Batch{
		TopicPartition: broker.TopicPartition{Topic: p.topic, Partition: int32(at)},
		Bytes:          bytes.Clone(open.Seal(batch.Options{Transactional: true})),
	})
	open.Reset()
	if at == p.turn {
		p.turn = p.least()
	}
}

// least is the partition that was given the fewest records without a key, the next one behind the turn of those that
// are equal.
func (p *packer) least() int {
	next := (p.turn + 1) % len(p.parts)
	for i, part := range p.parts {
		if part.unkeyed < p.parts[next].unkeyed {
			next = i
		}
	}
	return next
}

// take closes the block at a place, and begins another.
func (p *packer) take(to feed.Place, read int64) *block {
	for i := range p.parts {
		p.seal(i)
	}
	b := p.block
	b.to, b.read = to, read
	p.block = block{}
	return &b
}

// abandon leaves the bytes of batches to the connections that may still read them.
func (b *block) abandon() {
	for i := range b.batches {
		b.batches[i].Bytes = slices.Clone(b.batches[i].Bytes)
	}
}
