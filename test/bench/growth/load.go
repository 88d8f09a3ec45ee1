// Package growth draws the records of which one property grows from one topic to the next, and shows in tables and plots
// what that costs.
package growth

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// What is to be worked out: averages by category in windows of Window of the values below Limit.
const (
	Window = 10 * time.Second
	Limit  = 90
)

// begin is the first event time, the start of a window.
const begin = 1764000000

// Skew says how unevenly records are spread: which share of them is put into the first partition, and into the first
// category, before the rest is spread evenly. The zero value has them all even.
type Skew struct{ Partition, Category float64 }

// Load is what one topic holds.
type Load struct {
	Seed       uint64
	Partitions int
	Records    int // of all partitions together; a rest that can't be spread evenly is left out
	Categories int
	Windows    int // that event time passes through, in every partition alike
	Unused     int // fields of 25 bytes beside those that are averaged
	Skew       Skew
}

// Partition draws the records of one partition, one after the other.
type Partition struct {
	load         Load
	random       *rand.Rand
	unused       *rand.Rand // apart, so that the values are the same whatever stands beside them
	skew         *rand.Rand
	index, count int
}

// Partition begins a partition.
func (l Load) Partition(number int) *Partition {
	draws := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(l.Seed+n, uint64(number))) }
	p := &Partition{load: l, random: draws(0), unused: draws(1), skew: draws(2)}
	hot := int(l.Skew.Partition * float64(l.Records))
	p.count = (l.Records - hot) / l.Partitions
	if number == 0 {
		p.count += hot
	}
	return p
}

// Sent is how many records all partitions have together.
func (l Load) Sent() (n int) {
	for number := range l.Partitions {
		n += l.Partition(number).count
	}
	return n
}

// Record is one measurement.
type Record struct {
	Second   int64 // Unix
	Value    float64
	Category int
}

// Next is the next record; false behind the last one. The draws are made whatever the skew, so that it alone changes.
func (p *Partition) Next() (r Record, ok bool) {
	if p.index == p.count {
		return Record{}, false
	}
	span := int64(p.load.Windows) * int64(Window/time.Second)
	r = Record{Second: begin + int64(p.index)*span/int64(p.count), Value: float64(p.random.IntN(100_000)) / 1000, Category: p.random.IntN(p.load.Categories)}
	if skew := p.load.Skew.Category; skew > 0 && p.skew.Float64() < skew {
		r.Category = 0
	}
	p.index++
	return r, true
}

// Append spells a record as JSON. What is not used stands before the category, and differs from record to record: none
// can be passed over because it is what it was.
func (p *Partition) Append(dst []byte, r Record) []byte {
	dst = append(dst, `{"timestamp":`...)
	dst = strconv.AppendInt(dst, r.Second, 10)
	dst = append(dst, `,"value":`...)
	dst = strconv.AppendFloat(dst, r.Value, 'f', 3, 64)
	for i := range p.load.Unused {
		dst = fmt.Appendf(dst, `,"f%02d":"%016x"`, i, p.unused.Uint64())
	}
	dst = append(dst, `,"category":"`...)
	return append(append(dst, Category(r.Category)...), '"', '}')
}

// Category is the name of a category.
func Category(number int) string { return "c" + strconv.Itoa(number) }
