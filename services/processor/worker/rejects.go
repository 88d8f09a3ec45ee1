package worker

import (
	"bytes"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/reject"
)

// batchOverhead is left free of a batch for its head and what frames a message in it.
const batchOverhead = 1 << 10

// rejectQueue collects what could not count as sealed batches for one partition of the rejects topic.
type rejectQueue struct {
	limit  int // of a batch, in bytes; a message always fits
	open   batch.Builder
	sealed [][]byte
	bytes  int
}

// add appends a copy of a record that could not count, because empty where why says it all: its bytes belong to a buffer that is about to be reused.
func (q *rejectQueue) add(m *batch.Record, why reject.Why, because, topic string, partition int32) {
	r := reject.Reject{Why: why, Because: because, Topic: topic, Partition: partition, Offset: m.Offset, Key: m.Key, Value: m.Value}
	for h := range m.Raw.All() {
		r.Headers = append(r.Headers, reject.Header(h))
	}
	msg := r.Message(q.limit - batchOverhead)
	rec := batch.Record{Time: m.Time, Key: msg.Key, Value: msg.Value}
	for _, h := range msg.Headers {
		rec.Headers = append(rec.Headers, batch.Header(h))
	}
	size := q.open.Size(&rec)
	if q.open.Count() > 0 && q.open.Len()+size > q.limit {
		q.seal()
	}
	q.open.Append(&rec)
	q.bytes += size
}

func (q *rejectQueue) seal() {
	if q.open.Count() == 0 {
		return
	}
	q.sealed = append(q.sealed, bytes.Clone(q.open.Seal(batch.Options{})))
	q.open.Reset()
}

// take gives the batches away.
func (q *rejectQueue) take() [][]byte {
	q.seal()
	out := q.sealed
	q.sealed, q.bytes = nil, 0
	return out
}
