package merger

import (
	"bytes"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/placement"
	"github.com/meanstream/meanstream/pkg/reject"
)

// batchOverhead is left free of a batch for its head and what frames a message in it.
const batchOverhead = 1 << 10

// plan turns what the workers handed over into batches: results by category, in their order, and a summary of what
// met a closed window.
func (s *Shift) plan(all []harvest) ([]broker.Batch, error) {
	var out packer
	out.limit = s.conf.MessageBytes
	for _, h := range all {
		for i := range h.results {
			r := &h.results[i]
			to := placement.Of([]byte(r.Category), s.resultsPartitions)
			out.add(broker.TopicPartition{Topic: s.conf.ResultsTo, Partition: to}, batch.Record{
				Time: r.Window.End / int64(time.Millisecond), Key: []byte(r.Category), Value: r.AppendJSON(nil)})
		}
		for _, d := range h.dropped {
			for _, msg := range summaries(s.partials().Name, h.partition, d, s.conf.MessageBytes-batchOverhead) {
				rec := batch.Record{Time: time.Now().UnixMilli(), Key: msg.Key, Value: msg.Value}
				for _, hd := range msg.Headers {
					rec.Headers = append(rec.Headers, batch.Header(hd))
				}
				out.add(broker.TopicPartition{Topic: s.conf.RejectsTo, Partition: reject.Partition(h.partition, s.rejectsPartitions)}, rec)
			}
		}
	}
	return out.done(), nil
}

// packer fills batches for several partitions, each partition's records in the order in which they came.
type packer struct {
	limit int
	open  map[broker.TopicPartition]*batch.Builder
	order []broker.TopicPartition
	full  []broker.Batch
}

func (p *packer) add(to broker.TopicPartition, r batch.Record) {
	b := p.open[to]
	if b == nil {
		if p.open == nil {
			p.open = map[broker.TopicPartition]*batch.Builder{}
		}
		b = &batch.Builder{}
		p.open[to] = b
		p.order = append(p.order, to)
	}
	if b.Count() > 0 && b.Len()+b.Size(&r) > p.limit {
		p.seal(to, b)
	}
	b.Append(&r)
}

func (p *packer) seal(to broker.TopicPartition, b *batch.Builder) {
	if b.Count() > 0 {
		p.full = append(p.full, broker.Batch{TopicPartition: to, Bytes: bytes.Clone(b.Seal(batch.Options{}))})
		b.Reset()
	}
}

// done seals what is open.
func (p *packer) done() []broker.Batch {
	for _, to := range p.order {
		p.seal(to, p.open[to])
	}
	return p.full
}
