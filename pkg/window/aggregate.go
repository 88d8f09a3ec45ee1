package window

import (
	"unsafe"

	"github.com/meanstream/meanstream/pkg/exact"
)

// Aggregate is what is remembered of the records of one category in one window. The zero value is that of no record.
//
// Sums are exact, so that aggregates merged in any order and grouping end in the same bits.
type Aggregate struct {
	Count    int64 // records kept
	Filtered int64 // valid records that the rule left out
	Min, Max float64
	Sum      exact.Sum // of the kept values
	Squares  exact.Sum // of the kept values' squares
}

// Keep counts one kept value, which is finite and not -0.
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

// Filter counts one record that the rule left out; its value is not remembered.
func (a *Aggregate) Filter() { a.Filtered++ }

// Merge adds everything o counted to a; o stays as it is.
func (a *Aggregate) Merge(o *Aggregate) {
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

// Size returns the bytes of memory that a holds, itself included.
func (a *Aggregate) Size() int {
	return int(unsafe.Sizeof(*a)) + a.Sum.Size() + a.Squares.Size()
}
