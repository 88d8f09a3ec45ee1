// Package workload draws the records that all programs of the bench are given: the same bytes from the same seed.
package workload

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/meanstream/meanstream/test/oracle"
)

// Numbers says how values are spelled.
type Numbers string

// Short are what sensors send, three digits behind the point; Long what Python and JavaScript print of a float64 that was
// computed: 16 or 17 digits.
const (
	Short Numbers = "short"
	Long  Numbers = "long"
)

// What every program has to work out: averages by category in windows of Window of the values below Limit.
const (
	Window = 10 * time.Second
	Limit  = 90
)

// Event time, and how fast it passes: a partition's records of one second are so many.
const (
	begin     = 1764000000
	perSecond = 5000
)

// Load is what one topic holds.
type Load struct {
	Seed       uint64
	Partitions int
	Records    int // of all partitions together, a multiple of their number
	Numbers    Numbers
}

// Check says what is wrong with a load.
func (l Load) Check() error {
	switch {
	case l.Numbers != Short && l.Numbers != Long:
		return fmt.Errorf("numbers are %s or %s, not %q", Short, Long, l.Numbers)
	case l.Partitions < 1 || l.Records < 1 || l.Records%l.Partitions != 0:
		return fmt.Errorf("%d records can't be spread evenly over %d partitions", l.Records, l.Partitions)
	}
	return nil
}

// Partition draws the records of one partition, one after the other.
type Partition struct {
	numbers Numbers
	random  *rand.Rand
	index   int
	left    int
}

// Partition begins a partition.
func (l Load) Partition(number int) *Partition {
	return &Partition{numbers: l.Numbers, random: rand.New(rand.NewPCG(l.Seed, uint64(number))), left: l.Records / l.Partitions}
}

// Record is one measurement, and how it is spelled.
type Record struct {
	Second   int64 // Unix
	Value    float64
	Category byte
}

// Next is the next record; false behind the last one.
func (p *Partition) Next() (r Record, ok bool) {
	if p.left == 0 {
		return Record{}, false
	}
	r = Record{Second: begin + int64(p.index/perSecond), Category: 'A' + byte(p.random.IntN(3))}
	if p.numbers == Short {
		r.Value = float64(p.random.IntN(100_000)) / 1000
	} else {
		r.Value = p.random.Float64() * 100
	}
	p.index++
	p.left--
	return r, true
}

// Append spells a record as JSON: 53 or 54 bytes with short numbers, 64 to 67 with nearly all long ones.
func (p *Partition) Append(dst []byte, r Record) []byte {
	dst = append(dst, `{"timestamp":`...)
	dst = strconv.AppendInt(dst, r.Second, 10)
	dst = append(dst, `,"value":`...)
	if p.numbers == Short {
		dst = strconv.AppendFloat(dst, r.Value, 'f', 3, 64)
	} else {
		dst = strconv.AppendFloat(dst, r.Value, 'f', -1, 64)
	}
	dst = append(dst, `,"category":"`...)
	return append(dst, r.Category, '"', '}')
}

// Count puts a record where it belongs by the rule of the bench.
func Count(t *oracle.Tally, r Record) {
	category := [...]string{"A", "B", "C"}[r.Category-'A']
	if r.Value < Limit {
		t.Keep(r.Second*1e9, category, r.Value)
	} else {
		t.Filter(r.Second*1e9, category)
	}
}
