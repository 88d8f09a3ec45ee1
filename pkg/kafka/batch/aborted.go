package batch

import (
	"cmp"
	"slices"
)

// Aborted is an entry of a fetch response's list of aborted transactions: the producer, and the offset of the first
// record of that transaction in the partition.
type Aborted struct{ ProducerID, FirstOffset int64 }

// aborts knows, as a walk proceeds, whose records belong to an aborted transaction just now. It works as the Java
// consumer does: a transaction of the list begins when the walk reaches its first offset, and its producer counts as
// aborted until its abort marker. A commit marker changes nothing, since it ends none of these.
type aborts struct {
	ahead []Aborted // by first offset
	next  int       // the first of ahead that has not begun
	now   map[int64]struct{}
}

// reset takes a copy of list, in any order: Kafka sorts it, not everyone who speaks its protocol does.
func (a *aborts) reset(list []Aborted) {
	a.ahead, a.next = append(a.ahead[:0], list...), 0
	slices.SortFunc(a.ahead, func(x, y Aborted) int { return cmp.Compare(x.FirstOffset, y.FirstOffset) })
	clear(a.now)
}

// reach tells that the walk is at a batch whose last offset is last.
func (a *aborts) reach(last int64) {
	for ; a.next < len(a.ahead) && a.ahead[a.next].FirstOffset <= last; a.next++ {
		if a.now == nil {
			a.now = make(map[int64]struct{})
		}
		a.now[a.ahead[a.next].ProducerID] = struct{}{}
	}
}

func (a *aborts) includes(producer int64) bool {
	if len(a.now) == 0 {
		return false
	}
	_, ok := a.now[producer]
	return ok
}

// marked tells that producer's abort marker was met.
func (a *aborts) marked(producer int64) { delete(a.now, producer) }
