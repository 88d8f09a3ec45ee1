package oracle

import (
	"cmp"
	"slices"
)

// usual is what a result states where nothing else is asked for; every is what there is to be asked for.
func usual() []string { return []string{"count", "sum", "mean", "min", "max", "stddev"} }

func every() []string { return append(usual(), "first", "last") }

// common is what all of the lists have: as they list it where they are alike, else in the order of every.
func common(lists [][]string) []string {
	alike := true
	for _, l := range lists {
		alike = alike && slices.Equal(l, lists[0])
	}
	if alike {
		return lists[0]
	}
	var all []string
	for _, name := range every() {
		if !slices.ContainsFunc(lists, func(l []string) bool { return !slices.Contains(l, name) }) {
			all = append(all, name)
		}
	}
	return all
}

// sighting is a kept value and where it was met.
type sighting struct {
	time   int64
	source Source
	offset int64
	value  float64
}

// ends are the values of the earliest and the latest of them: by event time, then topic, partition and offset.
func ends(all []sighting) (first, last float64) {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.time, b.time), a.source.compare(b.source), cmp.Compare(a.offset, b.offset))
	})
	return sorted[0].value, sorted[len(sorted)-1].value
}
