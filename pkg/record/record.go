package record

import (
	"math"

	"github.com/expr-lang/expr/vm"
)

// MaxCategory is the greatest length of a category in bytes of UTF-8, after unescaping.
const MaxCategory = 1 << 10

// Record is one measurement.
type Record struct {
	Time     int64   // event time in nanoseconds since the Unix epoch, floored; within the years 1678 to 2261
	Value    float64 // finite, never -0
	Category []byte  // valid UTF-8 of 1 to MaxCategory bytes; aliases the input where it can
}

// Message is what a record is read from.
type Message struct {
	Value []byte // nil: none, a tombstone
	Key   []byte // nil: none
	Time  int64  // Kafka's, in milliseconds since the Unix epoch; negative: none
	Topic string
	// Header gives the value of the last header of a name, nil if there is none. It is called only where a mapping names
	// a header; nil: there are no headers.
	Header func(name string) []byte
}

// Decoder reads records. It belongs to one goroutine and reuses its scratch; the zero Decoder is ready, with the default
// mapping, without a rule and without a size limit.
type Decoder struct {
	// MaxBytes is the greatest length of a message's value that is looked at; 0 or less means any.
	MaxBytes int

	keep   Keep
	fields fields
	shape  shape
	mapped *mapped // nil: the default mapping, and a rule that reads no other fields

	machine vm.VM
	scope   scope // of a rule that needs the library

	filtered bool
	detail   string // of the last Decode: what Explain adds
}

// NewDecoder makes a decoder for a mapping, nil for the default, and a rule.
func NewDecoder(l *Layout, k Keep, maxBytes int) *Decoder {
	d := &Decoder{MaxBytes: maxBytes, keep: k}
	if l.String() != "" || k.code != nil && len(k.code.reads) > 0 {
		d.mapped = newMapped(l, k.code, &d.scope)
	}
	return d
}

// Decode reads one message into r and returns None, or says why it cannot count and leaves r as it was. r.Category stays
// valid until the next Decode or until the message is overwritten, whichever comes first. Decode never returns InFuture.
func (d *Decoder) Decode(m *Message, r *Record) Reason {
	if d.MaxBytes > 0 && len(m.Value) > d.MaxBytes {
		return TooLarge
	}
	if d.mapped != nil || d.keep.code != nil {
		return d.general(m, r)
	}
	switch {
	case m.Value == nil:
		return Tombstone
	case len(m.Value) == 0:
		return Empty
	}
	if !d.shape.read(m.Value, r) {
		if why := d.flat(m.Value, r); why != None {
			return why
		}
	}
	if c := &d.keep.holds; c.kind == valueCompared { // as the usual rule is: worth no call
		d.filtered = !c.op.holds(r.Value, c.bound)
	} else {
		d.filtered = !c.keeps(r)
	}
	return None
}

// flat reads a value of the default mapping that has not the shape of the one before.
func (d *Decoder) flat(value []byte, r *Record) Reason {
	var at spots
	if !fast(value, r, &at) {
		return d.fields.slow(value, r)
	}
	d.shape.learn(value, at, r.Time)
	return None
}

// Filtered says whether the rule leaves out the record that the last Decode read.
func (d *Decoder) Filtered() bool { return d.filtered }

// general is Decode where something is not at its default.
func (d *Decoder) general(m *Message, r *Record) (why Reason) {
	var got Record
	d.detail = ""
	switch {
	case d.mapped != nil:
		why = d.mapped.decode(m, &d.machine, &got, &d.detail)
	case m.Value == nil:
		why = Tombstone
	case len(m.Value) == 0:
		why = Empty
	case !d.shape.read(m.Value, &got):
		why = d.flat(m.Value, &got)
	}
	if why != None {
		return why
	}
	kept := d.keep.holds.keeps(&got)
	if code := d.keep.code; code != nil {
		d.scope.fill(code, &got)
		result, err := code.run(&d.machine, &d.scope)
		if err != nil {
			d.detail = err.Error()
			return KeepFailed
		}
		kept = result.(bool) // the library has converted it
	}
	d.filtered = !kept
	*r = got
	return None
}

// Explain is a sentence for the person who sent the record that the last Decode gave this reason for: what is wrong and
// what would be right, with the names of this decoder's mapping.
func (d *Decoder) Explain(why Reason) string {
	if d.mapped == nil && d.keep.code == nil {
		return why.Explain()
	}
	w := usualWording()
	if d.mapped != nil {
		w = d.mapped.wording()
	}
	if d.detail != "" {
		w.detail = clippedDetail(d.detail)
	}
	_, sentence := why.words(w)
	return sentence
}

// Future says whether eventTime lies more than maxFuture after recordTime, which rejects the record as InFuture. All
// three are nanoseconds, the times since the Unix epoch; a maxFuture of 0 or less switches the rule off. Any int64 may be
// passed.
func Future(eventTime, recordTime, maxFuture int64) bool {
	if maxFuture <= 0 || eventTime <= recordTime {
		return false
	}
	// The difference of two int64 always fits uint64, where int64 would wrap for times at opposite ends.
	return uint64(eventTime)-uint64(recordTime) > uint64(maxFuture)
}

// finite is v without the sign of a zero; ok is false for infinities and what is no number.
func finite(v float64) (_ float64, ok bool) {
	if v == 0 {
		v = 0
	}
	return v, !math.IsInf(v, 0) && !math.IsNaN(v)
}
