package result_test

import (
	"errors"
	"math"
	"testing"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/window"
)

func TestChunksMustFollowEachOther(t *testing.T) {
	c := func(writer string, epoch int16, at, count int32) *partial.Partial {
		return &partial.Partial{Writer: writer, Epoch: epoch, Chunk: at, Chunks: count}
	}
	for name, test := range map[string]struct {
		before []*partial.Partial
		next   *partial.Partial
		broken bool
	}{
		"a partial of one chunk stands alone":       {nil, c("a", 0, 0, 1), false},
		"the next chunk follows":                    {[]*partial.Partial{c("a", 0, 0, 2)}, c("a", 0, 1, 2), false},
		"another writer's chunk may lie between":    {[]*partial.Partial{c("a", 0, 0, 2)}, c("b", 0, 0, 3), false},
		"the next partial follows a whole one":      {[]*partial.Partial{c("a", 0, 0, 2), c("a", 0, 1, 2)}, c("a", 3, 0, 2), false},
		"a partial does not begin in the middle":    {nil, c("a", 0, 1, 2), true},
		"nor does it after a whole one":             {[]*partial.Partial{c("a", 0, 0, 2), c("a", 0, 1, 2)}, c("a", 0, 1, 2), true},
		"a chunk is not repeated":                   {[]*partial.Partial{c("a", 0, 0, 3)}, c("a", 0, 0, 3), true},
		"a chunk is not left out":                   {[]*partial.Partial{c("a", 0, 0, 3)}, c("a", 0, 2, 3), true},
		"their number does not change":              {[]*partial.Partial{c("a", 0, 0, 3)}, c("a", 0, 1, 2), true},
		"another epoch does not end what one began": {[]*partial.Partial{c("a", 0, 0, 2)}, c("a", 1, 1, 2), true},
		"a chunk at their number is none":           {[]*partial.Partial{c("a", 0, 0, 2), c("a", 0, 1, 2)}, c("a", 0, 2, 2), true},
		"another writer cannot end it":              {[]*partial.Partial{c("a", 0, 0, 2)}, c("b", 0, 1, 2), true},
		"a partial has at least one":                {nil, c("a", 0, 0, 0), true},
		"a chunk is not negative":                   {nil, c("a", 0, -1, 1), true},
	} {
		t.Run(name, func(t *testing.T) {
			o := result.New()
			for i, p := range test.before {
				if _, _, err := o.Merge(int64(10+i), p); err != nil {
					t.Fatal(err)
				}
			}
			from := o.ReplayFrom(99)
			_, _, err := o.Merge(20, test.next)
			if errors.Is(err, result.ErrChunks) != test.broken || !test.broken && err != nil {
				t.Errorf("got error %v, want broken %v", err, test.broken)
			}
			if err != nil && o.ReplayFrom(99) != from {
				t.Errorf("the refused chunk moved the replay from %d to %d", from, o.ReplayFrom(99))
			}
		})
	}
}

func TestAReplayMayBeginAmidACompletePartial(t *testing.T) {
	o := result.New()
	for i, at := range []int32{1, 2, 0} {
		if err := o.Replay(int64(5+i), &partial.Partial{Writer: "a", Chunk: at, Chunks: 3}); err != nil {
			t.Fatal(err)
		}
	}
	if got := o.ReplayFrom(8); got != 7 {
		t.Errorf("replay from %d, want 7: the chunk at 7 begins a partial that is incomplete", got)
	}
	if err := o.Replay(8, &partial.Partial{Writer: "a", Chunk: 2, Chunks: 3}); !errors.Is(err, result.ErrChunks) {
		t.Errorf("a chunk left out in a replay gives error %v, want ErrChunks", err)
	}
}

func one(end int64, category string) *partial.Partial {
	a := &window.Aggregate{}
	a.Keep(1)
	return &partial.Partial{Writer: "a", Chunks: 1, Entries: []partial.Entry{
		{Bounds: window.Bounds{Start: end - 10, End: end}, Category: category, Aggregate: a},
	}}
}

func TestAWatermarkWithoutWindowsIsEmittedAtOnce(t *testing.T) {
	o := result.New()
	o.Close(50)
	if o.Emitted() != 50 || o.Closing() {
		t.Fatalf("emitted %d, closing %v, want 50 and no", o.Emitted(), o.Closing())
	}
	if _, dropped, err := o.Merge(0, one(50, "A")); err != nil || len(dropped) != 1 {
		t.Errorf("a window ending at the watermark: dropped %d, error %v, want it dropped", len(dropped), err)
	}
	o.Close(40)
	if o.Emitted() != 50 {
		t.Errorf("emitted fell to %d", o.Emitted())
	}
	o.Close(math.MaxInt64)
	if taken := o.Take(1); taken != nil || o.Closing() || o.Emitted() != math.MaxInt64 {
		t.Errorf("took %v, closing %v, emitted %d", taken, o.Closing(), o.Emitted())
	}
}

func TestNothingIsEmittedBeforeItIsTaken(t *testing.T) {
	o := result.New()
	if _, _, err := o.Merge(7, one(50, "A")); err != nil {
		t.Fatal(err)
	}
	o.Close(60)
	// A commit at this moment must not skip the window in a replay.
	if o.Emitted() != window.NoWatermark || o.Cursor() != nil || o.ReplayFrom(8) != 7 || !o.Closing() {
		t.Errorf("before the first Take: emitted %d, cursor %v, replay from %d, closing %v", o.Emitted(), o.Cursor(), o.ReplayFrom(8), o.Closing())
	}
	if taken := o.Take(0); len(taken) != 1 || o.Emitted() != 60 || o.Size() != 0 || o.ReplayFrom(8) != 8 {
		t.Errorf("took %d, emitted %d, %d bytes left, replay from %d", len(taken), o.Emitted(), o.Size(), o.ReplayFrom(8))
	}
}

func TestACursorWithNothingBehindItEndsTheClosing(t *testing.T) {
	o := result.New()
	o.Import(60, &result.Cursor{End: 50, Category: "B"})
	if taken := o.Take(1000); taken != nil || o.Closing() || o.Emitted() != 60 || o.Cursor() != nil {
		t.Errorf("took %v, closing %v, emitted %d, cursor %v", taken, o.Closing(), o.Emitted(), o.Cursor())
	}
}
