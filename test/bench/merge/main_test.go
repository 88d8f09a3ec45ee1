package main

import (
	"errors"
	"testing"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/window"
	"github.com/meanstream/meanstream/services/sink/merger"
	"github.com/meanstream/meanstream/test/bench/growth"
	"github.com/meanstream/meanstream/test/oracle"
)

func TestWhatIsMeasuredIsRight(t *testing.T) {
	a, err := run(20_000, 3) // some messages a partial
	if err != nil {
		t.Fatal(err)
	}
	if a.Heap < 100 || a.Heap > 2000 || a.Estimate < 100 || a.Estimate > 2000 {
		t.Errorf("an aggregate takes %.0f bytes, by the sink's reckoning %.0f", a.Heap, a.Estimate)
	}
}

// TestAPartialThatIsNotMergedIsNoticed leaves one out.
func TestAPartialThatIsNotMergedIsNoticed(t *testing.T) {
	w := writer{categories: 10, expected: growth.Expect(10)}
	messages, err := w.next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.next(); err != nil {
		t.Fatal(err)
	}
	state := merger.NewState(0, checkpoint.Merge{Emitted: window.NoWatermark}, 0, 0, 0, 0)
	if _, err := read(state, messages, 0); err != nil {
		t.Fatal(err)
	}
	if err := check(state, w.expected); !errors.Is(err, oracle.ErrBrokeComplete) {
		t.Errorf("got %v, want %v", err, oracle.ErrBrokeComplete)
	}
}
