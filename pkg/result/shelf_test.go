package result

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestAShelfFindsWhateverWasPutThere asks for keys in their order, in others, and for some again and again, over several
// pages and growths of its table.
func TestAShelfFindsWhateverWasPutThere(t *testing.T) {
	type key struct {
		category string
		start    int64
	}
	r := rand.New(rand.NewPCG(3, 4))
	var s shelf
	want := map[key]int64{}
	ask := func(n int) {
		k := key{fmt.Sprint("C", n/2), int64(n % 2)} // two starts of each category
		h, opened := s.at(k.category, k.start)
		if _, there := want[k]; opened == there || h.category != k.category || h.start != k.start || h.Count != want[k] {
			t.Fatalf("asked for %v: opened %v, count %d of %q at %d; it was there: %v, with count %d", k, opened, h.Count, h.category, h.start, there, want[k])
		}
		h.Count++
		want[k]++
	}
	for _, most := range []int{1, 3, 40, 1000, 3 * pageLen} {
		for range 2 {
			for n := range most {
				ask(n)
			}
		}
		for range 2 * most {
			ask(r.IntN(2 * most))
		}
	}
	if int(s.count) != len(want) {
		t.Errorf("%d are held, want %d", s.count, len(want))
	}
}
