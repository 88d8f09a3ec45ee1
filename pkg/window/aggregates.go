package window

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is one number that a result may carry. Its value is its tag in partials and never changes; those from 32 to 63
// are set aside for sketches.
type Kind byte

// The kinds there are.
const (
	Count  Kind = 1 // records kept
	Sum    Kind = 2
	Mean   Kind = 3
	Min    Kind = 4
	Max    Kind = 5
	StdDev Kind = 6 // of the population
	First  Kind = 7 // value of the record with the least (event time, topic, partition, offset)
	Last   Kind = 8 // and with the greatest
)

// kindNames are the kinds in the order of their tags, which is also the canonical order.
func kindNames() []string {
	return []string{"count", "sum", "mean", "min", "max", "stddev", "first", "last"}
}

// Known tells whether this release knows the kind.
func (k Kind) Known() bool { return k >= Count && k <= Last }

// String is the kind's name, as users and results write it.
func (k Kind) String() string {
	if !k.Known() {
		return fmt.Sprintf("kind %d", byte(k))
	}
	return kindNames()[k-1]
}

// Aggregates says which numbers are computed, one byte a Kind, in the order in which results carry them. The zero value
// is the default, which is count, sum, mean, min, max, stddev. Two are equal (==) where they say the same.
type Aggregates string

const (
	// Default is what is computed where nothing else is asked for.
	Default Aggregates = ""
	// Nothing is what is left where partials have no aggregate in common. It can't be asked for.
	Nothing Aggregates = "\x00"

	spelledDefault = "\x01\x02\x03\x04\x05\x06"
)

// AggregatesOf returns the list of these kinds. Each must be known and there once; without any it is Nothing.
func AggregatesOf(kinds ...Kind) Aggregates {
	var b strings.Builder
	for _, k := range kinds {
		b.WriteByte(byte(k))
	}
	switch b.String() {
	case "":
		return Nothing
	case spelledDefault:
		return Default
	}
	return Aggregates(b.String())
}

// Kinds returns the kinds in their order.
func (a Aggregates) Kinds() []Kind {
	switch a {
	case Default:
		a = spelledDefault
	case Nothing:
		return nil
	}
	return []Kind(a)
}

// Has tells whether a kind is among them.
func (a Aggregates) Has(k Kind) bool {
	if a == Default {
		return k <= StdDev
	}
	return strings.IndexByte(string(a), byte(k)) >= 0
}

// NeedSum tells whether any of them is reckoned from the sum of the values.
func (a Aggregates) NeedSum() bool { return a.Has(Sum) || a.Has(Mean) || a.Has(StdDev) }

// And returns what both have: in their order where they are equal, else in that of the tags. So it does not matter in
// which order many are put together.
func (a Aggregates) And(b Aggregates) Aggregates {
	if a == b {
		return a
	}
	both := slices.DeleteFunc(a.Kinds(), func(k Kind) bool { return !b.Has(k) })
	slices.Sort(both)
	return AggregatesOf(both...)
}

// String lists the names, as UnmarshalText reads them.
func (a Aggregates) String() string {
	var names []string
	for _, k := range a.Kinds() {
		names = append(names, k.String())
	}
	return strings.Join(names, ",")
}

// UnmarshalText reads a comma-separated list of names, each once. The error completes the sentence that begins with the
// text.
func (a *Aggregates) UnmarshalText(text []byte) error {
	var kinds []Kind
	for name := range strings.SplitSeq(string(text), ",") {
		name = strings.TrimSpace(name)
		i := slices.Index(kindNames(), name)
		if i < 0 {
			return fmt.Errorf("names no aggregate by %q: write some of %s", name, strings.Join(kindNames(), ","))
		}
		if slices.Contains(kinds, Kind(i+1)) {
			return fmt.Errorf("names %s twice: write each once", name)
		}
		kinds = append(kinds, Kind(i+1))
	}
	*a = AggregatesOf(kinds...)
	return nil
}
