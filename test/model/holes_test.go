package model

import (
	"errors"
	"testing"
)

// enough is more states than any of these searches needs.
const enough = 2_000_000

// hole is a precaution taken away, the least that must go wrong for it to be missed, and the promise that breaks then.
type hole struct {
	name   string
	holes  Holes
	bounds Bounds
	broken error
}

func holes() []hole {
	one, two := [2]int8{1, 1}, [2]int8{2, 1}
	return []hole{
		{"a second transaction on an epoch with an unanswered produce", Holes{SecondAfterDoubt: true},
			Bounds{Records: two, Faults: 2, Silences: 1, Expiries: 1, ProduceOnly: true}, ErrBrokeComplete},
		{"a second transaction on an epoch in which a request of a committed one is under way", Holes{IgnoreDirty: true},
			Bounds{Records: two, Faults: 1, Silences: 1}, ErrBrokeComplete},
		{"offsets fetched unstably", Holes{UnstableFetch: true},
			Bounds{Records: one, Faults: 1, Rebalances: 1}, ErrBrokeFenced},
		{"offsets fetched unstably, of one that died", Holes{UnstableFetch: true},
			Bounds{Records: one, Faults: 1, Kills: 1}, ErrBrokeLive},
		{"data before offsets", Holes{DataFirst: true},
			Bounds{Records: one, Faults: 1, Kills: 1}, ErrBrokeLive},
		{"the writer not named first", Holes{NoNaming: true},
			Bounds{Records: one, Faults: 1, Kills: 1}, ErrBrokeLive},
		{"the named writer not fenced", Holes{NoFencing: true},
			Bounds{Records: one, Faults: 1, Kills: 1}, ErrBrokeLive},
		{"tenure without its lock", Holes{NoLock: true},
			Bounds{Records: one, Faults: 1, Rejoins: 1}, ErrBrokeOnce},
		{"tenure without its own epoch", Holes{SharedEpoch: true},
			Bounds{Records: two, Faults: 2, Rejoins: 1, Silences: 1}, ErrBrokeComplete},
		{"a decision after a fenced end: that it did not commit", Holes{BlindAfterFenced: true},
			Bounds{Records: one, Faults: 2, Silences: 2}, ErrBrokeOnce},
		{"a decision after a fenced end: that it did commit", Holes{CommittedIfFenced: true},
			Bounds{Records: [2]int8{2, 0}, Faults: 1, Timeouts: 1}, ErrBrokeComplete},
		{"an unanswered end taken for a commit", Holes{OptimisticEnd: true},
			Bounds{Records: one, Faults: 1, Silences: 1}, ErrBrokeFinal},
		{"a naming commit in doubt, and the process stays", Holes{StayAfterNaming: true},
			Bounds{Records: one, Faults: 1, Silences: 1}, ErrBrokeOnce},
		{"the generation not sent", Holes{NoGeneration: true},
			Bounds{Records: one, Faults: 1, Rebalances: 1}, ErrBrokeFenced},
	}
}

func TestEveryHoleIsFoundAndBreaksItsPromise(t *testing.T) {
	for _, h := range holes() {
		t.Run(h.name, func(t *testing.T) {
			report, err := Search(Rules{Holes: h.holes, Bounds: h.bounds}, enough)
			var v *Violation
			if !errors.As(err, &v) {
				t.Fatalf("nothing found: %+v", report)
			}
			t.Logf("%d states, %d effects\n%s", report.States, len(v.Trace), v)
			if !errors.Is(err, h.broken) {
				t.Errorf("found that it %v, want that it %v", v.Err, h.broken)
			}
		})
	}
}

func TestWithoutItsHoleTheSameBoundsBreakNothing(t *testing.T) {
	done := map[Bounds]bool{}
	for _, h := range holes() {
		if done[h.bounds] {
			continue
		}
		done[h.bounds] = true
		t.Run(h.name, func(t *testing.T) {
			if report, err := Search(Rules{Bounds: h.bounds}, enough); err != nil || !report.Complete {
				t.Errorf("%+v: %v", report, err)
			}
		})
	}
}

// TestWhatIsLeftOutOfAStateMattersToNoSchedule: copies that can do no harm are dropped and epochs are numbered anew. If
// one of the two left out too much, some hole would be found later than without it, or not at all.
func TestWhatIsLeftOutOfAStateMattersToNoSchedule(t *testing.T) {
	for _, h := range holes() {
		t.Run(h.name, func(t *testing.T) {
			x := newSearch(Rules{Holes: h.holes, Bounds: h.bounds})
			_, err := x.run(enough)
			plain := newSearch(Rules{Holes: h.holes, Bounds: h.bounds})
			plain.plain = true
			_, want := plain.run(enough)
			var a, b *Violation
			if !errors.As(err, &a) || !errors.As(want, &b) || len(a.Trace) != len(b.Trace) {
				t.Errorf("found %v\nwith whole states %v", err, want)
			}
		})
	}
}
