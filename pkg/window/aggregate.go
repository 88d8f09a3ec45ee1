package window

import (
	"unsafe"

	"github.com/meanstream/meanstream/pkg/exact"
)

// Aggregate is what is remembered of the records of one category in one window. The zero value is that of no record,
// with the default aggregates.
//
// Sums are exact, so that aggregates merged in any order and grouping end in the same bits. Only what is carried means
// anything; Count and Filtered always do.
type Aggregate struct {
	Count    int64 // records kept
	Filtered int64 // valid records that the rule left out
	Min, Max float64
	Sum      exact.Sum // of the kept values
	Squares  exact.Sum // of the kept values' squares
	Chosen   *Chosen   // nil where the default aggregates are carried
}

// Chosen is what an aggregate has where others than the default are carried.
type Chosen struct {
	Aggregates  Aggregates // never Default
	First, Last Point      // mean nothing unless Aggregates has them and something was kept
}

// Point is one kept value and where it comes from.
type Point struct {
	Time      int64  // of the event, nanoseconds since the Unix epoch
	Topic     string // that the partition is of
	Partition int32
	Offset    int64
	Value     float64
}

// before orders points by (time, topic, partition, offset). The value comes last, for places of a topic that was made
// anew: whatever is merged first, the same value is found.
func (p Point) before(o Point) bool {
	switch {
	case p.Time != o.Time:
		return p.Time < o.Time
	case p.Topic != o.Topic:
		return p.Topic < o.Topic
	case p.Partition != o.Partition:
		return p.Partition < o.Partition
	case p.Offset != o.Offset:
		return p.Offset < o.Offset
	}
	return p.Value < o.Value
}

// NewAggregate returns that of no record, to carry these aggregates.
func NewAggregate(carried Aggregates) Aggregate {
	if carried == Default {
		return Aggregate{}
	}
	return Aggregate{Chosen: &Chosen{Aggregates: carried}}
}

// Carried says which aggregates it is that mean something.
func (a *Aggregate) Carried() Aggregates {
	if a.Chosen == nil {
		return Default
	}
	return a.Chosen.Aggregates
}

// Keep counts one kept value, which is finite and not -0, where the default aggregates are carried.
func (a *Aggregate) Keep(v float64) {
	// Min and Max mean nothing while Count is 0: a zero there must not pass for a value.
	if a.Count == 0 || v < a.Min {
		a.Min = v
	}
	if a.Count == 0 || v > a.Max {
		a.Max = v
	}
	a.Count++
	a.Sum.Add(v)
	a.Squares.AddSquare(v)
}

// KeepPoint counts one kept value, whatever is carried. What is not carried is not computed.
func (a *Aggregate) KeepPoint(p Point) { a.keep(a.Carried().needs(), p) }

func (a *Aggregate) keep(n needs, p Point) {
	if a.Chosen == nil {
		a.Keep(p.Value)
		return
	}
	if n.has(Min) && (a.Count == 0 || p.Value < a.Min) {
		a.Min = p.Value
	}
	if n.has(Max) && (a.Count == 0 || p.Value > a.Max) {
		a.Max = p.Value
	}
	if n.has(First) && (a.Count == 0 || p.before(a.Chosen.First)) {
		a.Chosen.First = p
	}
	if n.has(Last) && (a.Count == 0 || a.Chosen.Last.before(p)) {
		a.Chosen.Last = p
	}
	if n.has(Sum) || n.has(Mean) || n.has(StdDev) {
		a.Sum.Add(p.Value)
	}
	if n.has(StdDev) {
		a.Squares.AddSquare(p.Value)
	}
	a.Count++
}

// needs is a set of kinds, one bit each: a look at it is cheap enough for every record.
type needs uint64

func (n needs) has(k Kind) bool { return n&(1<<k) != 0 }

func (a Aggregates) needs() (n needs) {
	for _, k := range a.Kinds() {
		n |= 1 << k
	}
	return n
}

// Filter counts one record that the rule left out; its value is not remembered.
func (a *Aggregate) Filter() { a.Filtered++ }

// Merge adds everything o counted to a; o stays as it is. Of two that carry different aggregates what both have is left:
// a number is never stated of some of the records alone.
func (a *Aggregate) Merge(o *Aggregate) {
	if a.Chosen != nil || o.Chosen != nil {
		a.mergeChosen(o)
	}
	if o.Count > 0 {
		if a.Count == 0 || o.Min < a.Min {
			a.Min = o.Min
		}
		if a.Count == 0 || o.Max > a.Max {
			a.Max = o.Max
		}
		a.Count += o.Count
		a.Sum.Merge(&o.Sum)
		a.Squares.Merge(&o.Squares)
	}
	a.Filtered += o.Filtered
}

// mergeChosen is the part of Merge that comes before the counts.
func (a *Aggregate) mergeChosen(o *Aggregate) {
	if a.Chosen == nil {
		a.Chosen = &Chosen{}
	}
	c := a.Chosen
	if c.Aggregates = c.Aggregates.And(o.Carried()); c.Aggregates == Default {
		a.Chosen = nil
		return
	}
	if o.Chosen == nil || o.Count == 0 {
		return
	}
	if a.Count == 0 || o.Chosen.First.before(c.First) {
		c.First = o.Chosen.First
	}
	if a.Count == 0 || c.Last.before(o.Chosen.Last) {
		c.Last = o.Chosen.Last
	}
}

// Reset makes a that of no record, to carry these aggregates, and keeps its memory for what comes next.
func (a *Aggregate) Reset(carried Aggregates) {
	a.Count, a.Filtered, a.Min, a.Max = 0, 0, 0, 0
	reset(&a.Sum)
	reset(&a.Squares)
	switch {
	case carried == Default:
		a.Chosen = nil
	case a.Chosen == nil:
		a.Chosen = &Chosen{Aggregates: carried}
	default:
		*a.Chosen = Chosen{Aggregates: carried}
	}
}

// reset gives up what only a hostile mixture of magnitudes has taken.
func reset(s *exact.Sum) {
	if s.Size() > ordinary {
		*s = exact.Sum{}
		return
	}
	s.Reset()
}

// ordinary is more than the bytes that a sum of measurements takes.
const ordinary = 128

// Clone returns a copy that shares nothing with a.
func (a *Aggregate) Clone() Aggregate {
	c := Aggregate{Count: a.Count, Filtered: a.Filtered, Min: a.Min, Max: a.Max}
	c.Sum.Merge(&a.Sum)
	c.Squares.Merge(&a.Squares)
	if a.Chosen != nil {
		chosen := *a.Chosen
		c.Chosen = &chosen
	}
	return c
}

// sums are the bytes of memory that grow with what is kept.
func (a *Aggregate) sums() int { return a.Sum.Size() + a.Squares.Size() }

// Size returns the bytes of memory that a holds, itself included.
func (a *Aggregate) Size() int {
	n := int(unsafe.Sizeof(*a)) + a.sums()
	if a.Chosen != nil {
		n += int(unsafe.Sizeof(*a.Chosen))
	}
	return n
}
