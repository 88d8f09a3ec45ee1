package result

import (
	"cmp"
	"hash/maphash"
	"unsafe"

	"github.com/meanstream/meanstream/pkg/window"
)

// shelf holds the aggregates of one ending in the order in which they were opened. There may be a million, so it is made
// for the memory's sake: they stand side by side on pages that never move, in the order in which the next partial, which
// is sorted as the one before was, asks for them again; and what finds one out of this order has no pointers that the
// garbage collector would have to follow.
type shelf struct {
	pages [][]held
	count uint32
	last  uint32 // the one that was asked for last

	seed  maphash.Seed
	slots []slot // a hash table with linear probing, of a power of two, at most three quarters full
}

// held is one open aggregate and its key.
type held struct {
	category string
	start    int64
	next     uint32 // the one that was asked for after it the last time
	window.Aggregate
}

// compare orders what is held as it is handed out.
func (h *held) compare(o *held) int {
	return cmp.Or(cmp.Compare(h.category, o.category), cmp.Compare(h.start, o.start))
}

type slot struct {
	hash   uint32
	number uint32 // from 1 on; 0: free
}

const (
	pageBits = 10
	pageLen  = 1 << pageBits
	// besideBytes is about what is held for one aggregate besides it and the category's text.
	besideBytes = int(unsafe.Sizeof(held{})-unsafe.Sizeof(window.Aggregate{})) + 2*int(unsafe.Sizeof(slot{}))
)

// at returns what is held of a key, and whether it was opened just now.
func (s *shelf) at(category string, start int64) (h *held, opened bool) {
	if s.count == 0 {
		s.seed, s.slots = maphash.MakeSeed(), make([]slot, 4)
		return s.open(uint32(maphash.String(s.seed, category)), category, start), true
	}
	before := s.get(s.last)
	if h = s.get(before.next); h.category == category && h.start == start {
		s.last = before.next
		return h, false
	}
	hash := uint32(maphash.String(s.seed, category)) // starts of one end and category are one, most often
	number, found := s.find(hash, category, start)
	before.next, s.last = number, number
	if !found {
		return s.open(hash, category, start), true
	}
	return s.get(number), false
}

func (s *shelf) get(number uint32) *held { return &s.pages[number>>pageBits][number%pageLen] }

// find returns the number of a key, which is count where there is none yet.
func (s *shelf) find(hash uint32, category string, start int64) (number uint32, found bool) {
	mask := uint32(len(s.slots) - 1)
	for i := hash & mask; s.slots[i].number != 0; i = (i + 1) & mask {
		if s.slots[i].hash != hash {
			continue
		}
		number = s.slots[i].number - 1
		if h := s.get(number); h.category == category && h.start == start {
			return number, true
		}
	}
	return s.count, false
}

// open adds a key that is not there.
func (s *shelf) open(hash uint32, category string, start int64) *held {
	if int(s.count+1) > len(s.slots)/4*3 {
		s.grow()
	}
	last := len(s.pages) - 1
	if last < 0 || len(s.pages[last]) == pageLen {
		s.pages = append(s.pages, nil)
		if last++; last > 0 { // the first grows with what there is, for most windows are small
			s.pages[last] = make([]held, 0, pageLen)
		}
	}
	s.pages[last] = append(s.pages[last], held{category: category, start: start})
	s.count++
	s.place(slot{hash: hash, number: s.count})
	return s.get(s.count - 1)
}

func (s *shelf) place(new slot) {
	mask := uint32(len(s.slots) - 1)
	i := new.hash & mask
	for s.slots[i].number != 0 {
		i = (i + 1) & mask
	}
	s.slots[i] = new
}

func (s *shelf) grow() {
	old := s.slots
	s.slots = make([]slot, 2*len(old))
	for _, o := range old {
		if o.number != 0 {
			s.place(o)
		}
	}
}
