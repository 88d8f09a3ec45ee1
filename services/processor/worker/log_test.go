package worker

import (
	"encoding/binary"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
)

// sent is one record of a test's log, and what a slow reader needs to know of it.
type sent struct {
	offset    int64
	time      int64 // ms, as a reader sees it
	logAppend bool
	key       []byte
	value     []byte
	headers   []batch.Header
	producer  int64 // of a transaction; -1: none
	aborted   bool
}

// piece is one batch of a test's log: records, or a marker that ends its producer's transaction.
type piece struct {
	base, end int64
	bytes     []byte
}

// partitionLog is one source partition's log as a broker keeps it.
type partitionLog struct {
	pieces  []piece
	records []sent
	open    map[int64]int64 // first offset of each open transaction, by producer
	ended   []ended
}

// ended is a transaction that was aborted.
type ended struct{ producer, first, marker int64 }

func (l *partitionLog) end() int64 {
	if len(l.pieces) == 0 {
		return 0
	}
	return l.pieces[len(l.pieces)-1].end
}

// append adds a batch. Gap is how many offsets compaction has taken out in front of it.
func (l *partitionLog) append(records []sent, logAppend bool, producer int64, codec batch.Codec, gap int64) {
	base := l.end() + gap
	var b batch.Builder
	greatest := records[0].time
	for _, r := range records {
		greatest = max(greatest, r.time)
	}
	for i, r := range records {
		b.Append(&batch.Record{Time: r.time, Key: r.key, Value: r.value, Headers: r.headers})
		r.offset, r.producer, r.logAppend = base+int64(i), producer, logAppend
		if logAppend {
			r.time = greatest
		}
		l.records = append(l.records, r)
	}
	if producer >= 0 {
		if _, open := l.open[producer]; !open {
			l.open[producer] = base
		}
	}
	l.seal(&b, base, int64(len(records)), producer, codec, func(attributes uint16) uint16 {
		if logAppend {
			attributes |= 1 << 3
		}
		return attributes
	})
}

// finish appends the marker that ends a producer's open transaction.
func (l *partitionLog) finish(producer int64, commit bool) {
	first, open := l.open[producer]
	if !open {
		return
	}
	delete(l.open, producer)
	key := []byte{0, 0, 0, 0}
	if commit {
		key[3] = 1
	}
	base := l.end()
	var b batch.Builder
	b.Append(&batch.Record{Key: key, Value: make([]byte, 6)})
	l.seal(&b, base, 1, producer, batch.None, func(attributes uint16) uint16 { return attributes | 1<<5 })
	if commit {
		return
	}
	l.ended = append(l.ended, ended{producer, first, base})
	for i := range l.records {
		if r := &l.records[i]; r.producer == producer && r.offset >= first {
			r.aborted = true
		}
	}
}

// seal writes what only brokers write into a batch: its offset and its attributes.
func (l *partitionLog) seal(b *batch.Builder, base, n, producer int64, codec batch.Codec, attributes func(uint16) uint16) {
	raw := append([]byte(nil), b.Seal(batch.Options{Compression: codec, Transactional: producer >= 0})...)
	binary.BigEndian.PutUint64(raw, uint64(base))
	binary.BigEndian.PutUint16(raw[21:], attributes(binary.BigEndian.Uint16(raw[21:])))
	batch.Stamp(raw, producer, 0, 0, producer >= 0)
	l.pieces = append(l.pieces, piece{base, base + n, raw})
}

// fetch answers as a broker does: whole batches from the one that holds the offset on, at most n, the last one cut.
func (l *partitionLog) fetch(from int64, n, cut int) (records []byte, aborted []batch.Aborted) {
	upper := from
	for _, p := range l.pieces {
		if p.end <= from {
			continue
		}
		if n == 0 {
			records = append(records, p.bytes[:min(cut, len(p.bytes)-1)]...)
			break
		}
		records = append(records, p.bytes...)
		upper = p.end
		n--
	}
	for _, e := range l.ended {
		if e.marker >= from && e.first < upper {
			aborted = append(aborted, batch.Aborted{ProducerID: e.producer, FirstOffset: e.first})
		}
	}
	return records, aborted
}

// drawLog makes a log of random batches around the time base in seconds.
func drawLog(t *rapid.T, base int64) *partitionLog {
	l := &partitionLog{open: map[int64]int64{}}
	for range rapid.IntRange(1, 12).Draw(t, "batches") {
		producer := rapid.SampledFrom([]int64{-1, -1, 7, 8}).Draw(t, "producer")
		codec := rapid.SampledFrom([]batch.Codec{batch.None, batch.None, batch.Gzip, batch.Snappy, batch.LZ4, batch.Zstd}).Draw(t, "codec")
		records := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) sent { return drawRecord(t, base) }), 1, 6).Draw(t, "records")
		l.append(records, rapid.Bool().Draw(t, "log append"), producer, codec, rapid.SampledFrom([]int64{0, 0, 0, 3}).Draw(t, "gap"))
		if rapid.IntRange(0, 2).Draw(t, "finish") == 0 {
			l.finish(rapid.SampledFrom([]int64{7, 8}).Draw(t, "who"), rapid.Bool().Draw(t, "commit"))
		}
	}
	l.finish(7, false)
	l.finish(8, true)
	return l
}

func drawRecord(t *rapid.T, base int64) sent {
	at := base + rapid.Int64Range(-20, 40).Draw(t, "at")
	category := rapid.SampledFrom([]string{"A", "B", "long-ish"}).Draw(t, "category")
	value := float64(rapid.Int64Range(-400, 800).Draw(t, "quarters")) / 4
	r := sent{
		time: (base + rapid.Int64Range(-30, 50).Draw(t, "kafka time")) * 1000,
		key:  rapid.SampledFrom([][]byte{nil, {}, []byte("k")}).Draw(t, "key"),
	}
	if rapid.IntRange(0, 3).Draw(t, "with headers") == 0 {
		r.headers = []batch.Header{{Key: "trace", Value: []byte("1")}, {Key: "null"}}
	}
	r.value = rapid.SampledFrom([][]byte{
		nil, {}, []byte("{"), []byte("[]"), []byte(`{"timestamp":1}`), []byte(`{"timestamp":1,"value":"x","category":"A"}`),
		[]byte(`{"timestamp":1e300,"value":1,"category":"A"}`), fmt.Appendf(nil, `{"timestamp":%d,"value":1,"category":""}`, at),
		fmt.Appendf(nil, `{"timestamp":%d,"value":1e999,"category":"A"}`, at),
		fmt.Appendf(nil, `{"timestamp":%d,"value":%g,"category":"A","pad":"%0200d"}`, at, value, 0),
	}).Draw(t, "odd value")
	if rapid.IntRange(0, 3).Draw(t, "ordinary") != 0 {
		half := rapid.SampledFrom([]string{"", ".5", ".000000001"}).Draw(t, "fraction")
		r.value = fmt.Appendf(nil, `{"timestamp":%d%s,"value":%g,"category":%q}`, at, half, value, category)
	}
	return r
}

// plainLog is a log of one batch.
func plainLog(t *testing.T, logAppend bool, records ...sent) *partitionLog {
	t.Helper()
	l := &partitionLog{open: map[int64]int64{}}
	l.append(records, logAppend, -1, batch.None, 0)
	return l
}
