package batch

import "math"

// defaultMaxInflated is far above any sane batch, whose compressed form is a megabyte or so, and below what hurts.
const defaultMaxInflated = 128 << 20

// Walker walks the records section of one partition of a fetch response: Next for each batch, Record for each of its
// records. Its zero value is ready after Reset; it keeps its buffers from fetch to fetch and belongs to one
// goroutine.
//
// The fetched bytes must stay as they are until the walk has ended or the next Reset; keys, values and raw headers
// are valid until the next Next or Reset. Walking uncompressed batches allocates nothing.
type Walker struct {
	// MaxInflated bounds the decompressed records of one batch in bytes; 0 means 128 MiB. Set it before Reset.
	MaxInflated int

	rest      []byte // not cut into batches yet
	position  int64
	committed bool
	aborts    aborts
	err       error

	head    header // of the current batch
	open    bool   // the current batch has records that may be read
	records []byte // of the current batch, decompressed
	at      int    // in records
	left    int32  // records not looked at, as the header counts
	delta   int64  // offset delta of the record before

	inflater inflater
}

// Reset begins a walk over records, which were fetched at offset from: what lies below is skipped, since brokers
// answer with the whole batch that holds the offset. aborted is the response's list, copied. With committed, records
// of aborted transactions are dropped as read_committed promises (the broker only names them); without, everything
// but control records is handed out.
func (w *Walker) Reset(records []byte, from int64, aborted []Aborted, committed bool) {
	w.rest, w.position, w.committed, w.err = records, from, committed, nil
	w.open, w.records, w.head = false, nil, header{}
	w.aborts.reset(aborted)
}

// Next goes on to the next batch that may hold records to read, and is false at the end and after an error. What
// was not read of the batch before is left behind. A truncated batch at the end is the broker's habit and no error;
// it comes whole with the next fetch at Position.
func (w *Walker) Next() bool {
	w.leave()
	for w.err == nil && w.cut() {
		if w.enter() {
			return true
		}
	}
	return false
}

// LogAppendTime tells whether the current batch carries the broker's time. Then every record's Time is the batch's
// greatest, which the broker wrote there.
func (w *Walker) LogAppendTime() bool { return w.head.is(attrLogAppend) }

// Position is the offset to fetch next: behind every whole batch met, dropped ones included, and within a batch
// behind the last record handed out. It never lies before Reset's from, and after an error not behind the bad batch.
func (w *Walker) Position() int64 { return w.position }

// Err is what ended the walk early, or nil. It wraps one of this package's errors; what was handed out before stands.
func (w *Walker) Err() error { return w.err }

// enter decides whether the batch that was cut is one to read, and opens it. Batches to drop move the position.
func (w *Walker) enter() bool {
	h := &w.head
	if w.committed && h.producer >= 0 && !w.follow() {
		if w.err == nil {
			w.leaveBehind()
		}
		return false
	}
	if h.count == 0 || h.is(attrControl) || h.end <= w.position {
		w.leaveBehind()
		return false
	}
	if !w.load() {
		return false
	}
	w.open = true
	return true
}

// follow keeps track of aborted transactions over the current batch, and is false for one of them.
func (w *Walker) follow() bool {
	h := &w.head
	w.aborts.reach(h.end - 1)
	if !h.is(attrControl) {
		return !(h.is(attrTransactional) && w.aborts.includes(h.producer))
	}
	// Compaction leaves marker batches without their record behind; they mark nothing.
	if h.count == 0 || !w.load() {
		return false
	}
	var marker Record
	if !w.parse(&marker) {
		return false
	}
	switch kind, ok := markerKind(marker.Key); {
	case !ok:
		w.fail(ErrMalformed, "key of a control record is %x, want two int16: version, and 0 or 1", marker.Key)
	case kind == markerAbort:
		w.aborts.marked(h.producer)
	}
	return false
}

// load makes the current batch's records ready for parse.
func (w *Walker) load() bool {
	w.records, w.at, w.left, w.delta = w.head.payload, 0, w.head.count, -1
	codec := w.head.codec()
	if codec == None {
		return true
	}
	limit := w.MaxInflated
	if limit <= 0 {
		limit = defaultMaxInflated
	}
	limit = min(limit, math.MaxInt32) // no batch holds more, and limit+1 must not overflow
	var err error
	if w.records, err = w.inflater.inflate(w.head.payload, codec, limit); err != nil {
		w.failInflate(err)
		return false
	}
	return true
}

// leave closes the current batch, if one is open.
func (w *Walker) leave() {
	if w.open {
		w.open = false
		w.leaveBehind()
	}
}

func (w *Walker) leaveBehind() { w.position = max(w.position, w.head.end) }

// Record gives the next record of the current batch, overwriting all of r, and is false behind the last one and after
// an error.
func (w *Walker) Record(r *Record) bool {
	if !w.open {
		return false
	}
	for w.left > 0 {
		if !w.usual(r) && !w.parse(r) {
			w.open = false
			return false
		}
		if r.Offset >= w.position {
			w.position = r.Offset + 1
			return true
		}
	}
	if w.at != len(w.records) {
		w.open = false
		w.fail(ErrMalformed, "%d bytes are left behind its %d records", len(w.records)-w.at, w.head.count)
		return false
	}
	w.leave()
	return false
}

// parse reads the record at w.at into r. Every length is checked against the record, and the record's against the
// batch; it must be filled exactly, as the Java client demands.
func (w *Walker) parse(r *Record) bool {
	length, p := varint(w.records, w.at)
	if p < 0 || length < 0 || length > int64(len(w.records)-p) {
		return w.fail(ErrMalformed, "record %d does not fit its batch", w.head.count-w.left)
	}
	end := p + int(length)
	b := w.records[p:end]
	timeDelta, p := varint(b, 1) // behind the attributes, which are unused
	delta, p := varint(b, p)
	r.Key, p = span(b, p)
	r.Value, p = span(b, p)
	r.Headers = nil
	switch {
	case p < 0:
		return w.fail(ErrMalformed, "record %d has lengths that do not fit", w.head.count-w.left)
	case p == len(b)-1 && b[p] == 0: // no header, as nearly always
		r.Raw = RawHeaders{}
	default:
		var ok bool
		if r.Raw, ok = rawHeaders(b, p); !ok {
			return w.fail(ErrMalformed, "record %d has headers that do not fit", w.head.count-w.left)
		}
	}
	// Positions rely on offsets that rise and stay within what the header promises.
	if delta <= w.delta || delta >= w.head.end-w.head.base {
		return w.fail(ErrMalformed, "record %d has offset delta %d behind %d, and %d is the last that the header allows",
			w.head.count-w.left, delta, w.delta, w.head.end-w.head.base-1)
	}
	r.Time = w.head.maxTime
	if !w.head.is(attrLogAppend) {
		base := w.head.baseTime
		if timeDelta > 0 && base > math.MaxInt64-timeDelta || timeDelta < 0 && base < math.MinInt64-timeDelta {
			return w.fail(ErrMalformed, "record %d has a time beyond 64 bits", w.head.count-w.left)
		}
		r.Time = base + timeDelta
	}
	r.Offset = w.head.base + delta
	w.at, w.delta = end, delta
	w.left--
	return true
}
