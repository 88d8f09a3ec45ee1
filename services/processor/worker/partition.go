package worker

import (
	"math"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/record"
	"github.com/meanstream/meanstream/pkg/reject"
	"github.com/meanstream/meanstream/pkg/window"
)

// Bounds of what one partition may hold before it must be flushed. A flood of categories or of rejects costs flushes,
// not memory.
const (
	maxHeldBytes   = 8 << 20
	maxRejectBytes = 4 << 20
)

// Rule is all that decides what becomes of a record.
type Rule struct {
	Window    window.Rule
	Keep      record.Keep
	Mapping   *record.Layout // nil: the default
	MaxFuture time.Duration  // 0: records may be of any time
	MaxBytes  int            // of a record's value
}

// Partition judges the records of one source partition, in their order, and holds what they came to since the last
// hand-over. It has no clock and knows no broker: what it holds is a function of the records alone.
type Partition struct {
	rule    Rule
	topic   string
	several bool
	topicID [16]byte
	number  int32

	decoder *record.Decoder
	headers batch.RawHeaders // of the record that is decoded
	lookUp  func(string) []byte
	mapped  bool // the mapping is not the default
	judge   window.Judge
	held    Held
	closes  int64 // the first window end that the watermark had not passed at the last hand-over
	rejects rejectQueue
}

// Held is what a partition hands over to the committer.
type Held struct {
	Source  partial.Source
	Set     *window.Set
	Rejects [][]byte // sealed batches for the partition of rejects that belongs to the source partition
}

// Moved tells whether there is anything to be committed.
func (h Held) Moved() bool {
	return h.Source.From != h.Source.To || h.Source.First || h.Source.Ended
}

// Resume says where a Partition begins.
type Resume struct {
	Topic     string
	Several   bool // it is one of several topics, so partials must name it
	TopicID   [16]byte
	Partition int32
	Offset    int64
	Watermark int64
	First     bool // no partial of this partition was ever committed
}

// NewPartition makes one. rejectLimit bounds a message for the rejects topic, in bytes.
func NewPartition(rule Rule, r Resume, rejectLimit int) *Partition {
	p := &Partition{
		rule: rule, topic: r.Topic, several: r.Several, topicID: r.TopicID, number: r.Partition,
		decoder: record.NewDecoder(rule.Mapping, rule.Keep, rule.MaxBytes),
		judge:   window.Judge{Windows: rule.Window.Windows(), Lateness: rule.Window.Lateness, Watermark: r.Watermark},
		rejects: rejectQueue{limit: rejectLimit}, closes: rule.closes(r.Watermark),
	}
	p.mapped = rule.Mapping.String() != ""
	p.lookUp = p.header // once: a method value is an allocation
	p.held = p.nothing(r.Offset, r.Watermark)
	p.held.Source.First = r.First
	return p
}

// nothing is what is held at a position before anything is read.
func (p *Partition) nothing(position, watermark int64) Held {
	src := partial.Source{TopicID: p.topicID, Partition: p.number, From: position, To: position, Watermark: watermark}
	if p.several {
		src.Topic = p.topic
	}
	return Held{Source: src, Set: p.rule.set(p.topic, p.number)}
}

// Position is the next offset to fetch.
func (p *Partition) Position() int64 { return p.held.Source.To }

// Watermark is how far this partition's event time has come.
func (p *Partition) Watermark() int64 { return p.judge.Watermark }

// Closable tells whether the watermark has passed a window's end since the last hand-over, so that the sink could close
// that window, and which end was the first. Whether anything of it is still held doesn't matter: with a lateness beyond the
// flush interval it never is, and another partition may hold the window's only records.
func (p *Partition) Closable() (end int64, ok bool) {
	return p.closes, p.judge.Watermark >= p.closes
}

// closes is the first window end beyond a watermark.
func (r Rule) closes(watermark int64) int64 {
	return r.Window.Windows().NextEnd(watermark)
}

// set is an empty one for the records of a partition.
func (r Rule) set(topic string, partition int32) *window.Set {
	return window.NewSet(window.Setting{Windows: r.Window.Windows(), Carry: r.Window.Aggregates, Topic: topic, Partition: partition})
}

// Full tells whether so much is held that it must be flushed before more is read.
func (p *Partition) Full() bool {
	return p.held.Set.Size() > maxHeldBytes || p.rejects.bytes > maxRejectBytes
}

// Read judges every record that w hands out below offset until, or until it is full: one fetch of compressed batches can
// bring a hundred times its own size, and what is left can be fetched again. now is the wall clock in ns, consulted only where a
// record's own Kafka time is not the broker's. An error is one of w's; what was judged before it stands.
func (p *Partition) Read(w *batch.Walker, until, now int64) error {
	var m batch.Record
	for w.Next() {
		brokersTime := w.LogAppendTime()
		for w.Record(&m) {
			if m.Offset >= until {
				p.held.Source.To = until
				return nil
			}
			p.one(&m, brokersTime, now)
			if p.Full() {
				p.held.Source.To = m.Offset + 1
				return nil
			}
		}
	}
	// Also after an error: what was judged before it is held, and the next owner must not judge it again.
	p.held.Source.To = min(max(p.held.Source.To, w.Position()), until)
	return w.Err()
}

// one gives a record its verdict: rejected, late, filtered or kept, judged in this order.
func (p *Partition) one(m *batch.Record, brokersTime bool, now int64) {
	var r record.Record
	msg := record.Message{Value: m.Value}
	if p.mapped { // else nobody looks at the rest
		p.headers = m.Raw
		msg.Key, msg.Time, msg.Topic, msg.Header = m.Key, m.Time, p.topic, p.lookUp
	}
	reason := p.decoder.Decode(&msg, &r)
	if reason == record.None && p.future(r.Time, m.Time, brokersTime, now) {
		reason = record.InFuture
	}
	src := &p.held.Source
	// The watermark before this record: of its windows, those that end after it count the record.
	at := window.Place{Time: r.Time, Watermark: p.judge.Watermark, Offset: m.Offset}
	switch {
	case reason != record.None:
		src.Rejected++
		p.rejects.add(m, reject.Of(reason), p.decoder.Explain(reason), p.topic, p.number)
	case p.judge.Late(r.Time):
		src.Late++
		p.rejects.add(m, reject.Late, "", p.topic, p.number)
	case p.decoder.Filtered():
		src.Filtered++
		p.held.Set.Filter(at, r.Category)
	default:
		src.Kept++
		p.held.Set.Keep(at, r.Category, r.Value)
	}
}

// header is the value of the last header of a name: who asks for one by name is given the last. One that
// is null counts as none.
func (p *Partition) header(name string) (value []byte) {
	for h := range p.headers.All() {
		if h.Key == name {
			value = h.Value
		}
	}
	return value
}

// future judges an event time against the record's own Kafka time, so that a replay judges alike. Where the
// producer set that time, a wrong clock would vouch for itself, so the wall clock is asked too.
func (p *Partition) future(event, kafkaMillis int64, brokersTime bool, now int64) bool {
	limit := int64(p.rule.MaxFuture)
	if kafkaMillis >= 0 && record.Future(event, nanos(kafkaMillis), limit) {
		return true
	}
	return !brokersTime && record.Future(event, now, limit)
}

// nanos turns Kafka's milliseconds into ns, held inside of int64.
func nanos(millis int64) int64 {
	const scale = int64(time.Millisecond)
	if millis > math.MaxInt64/scale {
		return math.MaxInt64
	}
	return millis * scale
}

// Skip goes on at offset to, which lies behind the position: what is between was deleted before it was read. The
// watermark stays, so what comes is judged as it would be had the log been so from the beginning.
func (p *Partition) Skip(to int64) {
	p.held.Source.Lost += to - p.held.Source.To
	p.held.Source.To = to
}

// End marks the partition as ended: it has reached the target of an exit-at-end run.
func (p *Partition) End() { p.held.Source.Ended = true }

// HandOver gives away what is held and goes on with nothing; false, and nothing is given away, if nothing moved.
func (p *Partition) HandOver() (Held, bool) {
	if !p.held.Moved() {
		return Held{}, false
	}
	out := p.held
	out.Source.Watermark = p.judge.Watermark
	out.Rejects = p.rejects.take()
	p.closes = p.rule.closes(p.judge.Watermark)
	p.held = p.nothing(out.Source.To, p.judge.Watermark)
	return out, true
}
