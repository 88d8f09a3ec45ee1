package chaos

import (
	"cmp"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// kind is one way in which things go wrong.
type kind struct {
	name    string
	weight  int           // how often it is drawn, against the others
	places  [][]string    // what it may befall: one of these sets of posts
	longest time.Duration // that it lasts; 0: it is over at once
	begin   func(f *fleet, place string)
	end     func(f *fleet, place string)
}

// drawn is a fault that will happen, in times since the round began.
type drawn struct {
	kind     int // index of
	places   []string
	from, to time.Duration
}

// often is how much time passes between two faults on average.
const often = 2 * time.Second

// draw draws what happens in a round of the given length. Nothing befalls a place that suffers already; everything is
// over when the round is. The same random numbers give the same faults.
func draw(random *rand.Rand, kinds []kind, length time.Duration) []drawn {
	var all []drawn
	busy := map[string]time.Duration{}
	lots := 0
	for _, k := range kinds {
		lots += k.weight
	}
	for at := time.Duration(random.Int64N(int64(often))); at < length; at += time.Duration(random.ExpFloat64() * float64(often)) {
		lot, i := random.IntN(lots), 0
		for ; lot >= kinds[i].weight; i++ {
			lot -= kinds[i].weight
		}
		k := kinds[i]
		d := drawn{kind: i, from: at, to: at, places: k.places[random.IntN(len(k.places))]}
		if k.longest > 0 {
			d.to = min(length, at+time.Duration(random.Int64N(int64(k.longest))))
		}
		if slices.ContainsFunc(d.places, func(place string) bool { return busy[place] > at }) {
			continue
		}
		for _, place := range d.places {
			busy[place] = d.to + time.Millisecond
		}
		all = append(all, d)
	}
	return all
}

// step is one end of a fault.
type step struct {
	drawn
	at    time.Duration
	begin bool
}

// steps puts the ends of faults in the order of their times. What begins and ends at once begins first.
func steps(faults []drawn) []step {
	var all []step
	for _, d := range faults {
		all = append(all, step{d, d.from, true}, step{d, d.to, false})
	}
	slices.SortStableFunc(all, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	return all
}

// TestFaultsAreDrawnFromTheSeedAlone draws rounds, and looks at what must hold of each.
func TestFaultsAreDrawnFromTheSeedAlone(t *testing.T) {
	t.Parallel()
	const length = 30 * time.Second
	kinds := mixture(2)
	seen := map[int]int{}
	together := 0
	for seed := range uint64(200) {
		faults := draw(rand.New(rand.NewPCG(seed, 0)), kinds, length)
		if again := draw(rand.New(rand.NewPCG(seed, 0)), kinds, length); !reflect.DeepEqual(faults, again) {
			t.Fatalf("seed %d draws %v, and then %v", seed, faults, again)
		}
		suffering := map[string]int{}
		for _, s := range steps(faults) {
			if s.at > length {
				t.Fatalf("seed %d: %v ends after the round", seed, s)
			}
			if !s.begin {
				for _, place := range s.places {
					delete(suffering, place)
				}
				continue
			}
			seen[s.kind]++
			for _, place := range s.places {
				if before, ok := suffering[place]; ok {
					t.Fatalf("seed %d: %s befalls %s, which suffers from %s", seed, kinds[s.kind].name, place, kinds[before].name)
				}
				suffering[place] = s.kind
			}
			if len(suffering) > len(s.places) {
				together++
			}
		}
	}
	for i, k := range kinds {
		if seen[i] < 10 {
			t.Errorf("%q was drawn %d times in 200 rounds", k.name, seen[i])
		}
	}
	if together < 200 {
		t.Errorf("only %d faults of 200 rounds met another", together)
	}
}
