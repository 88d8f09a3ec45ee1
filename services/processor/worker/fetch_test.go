package worker

import (
	"testing"
	"time"
)

// TestBuffersOfManyPartitionsAreBounded: a hundred partitions with a backlog must not cost a hundred large buffers.
func TestBuffersOfManyPartitionsAreBounded(t *testing.T) {
	for _, c := range []struct {
		partitions, cores int
		ahead             bool
		bytes             int32
	}{
		{0, 1, true, 2 << 20}, {1, 1, true, 2 << 20}, {2, 1, false, 2 << 20}, {4, 2, false, 2 << 20}, {4, 4, true, 2 << 20}, {32, 4, false, 2 << 20},
		{32, 64, true, 1 << 20}, {100, 2, false, 64 << 20 / 100}, {10_000, 2, false, 256 << 10},
	} {
		ahead := readsAhead(c.partitions, c.cores)
		if got := fetchBytes(c.partitions, ahead); ahead != c.ahead || got != c.bytes {
			t.Errorf("with %d partitions on %d cores %d bytes are fetched at a time, ahead: %v; want %d, %v", c.partitions, c.cores, got, ahead, c.bytes, c.ahead)
		}
	}
}

// TestManySilentPartitionsAskSeldom: what a processor asks for in a second is bounded, and so is how long an answer may take.
func TestManySilentPartitionsAskSeldom(t *testing.T) {
	for partitions, want := range map[int]time.Duration{1: 500 * time.Millisecond, 20: 500 * time.Millisecond, 96: 2400 * time.Millisecond, 1000: 2500 * time.Millisecond} {
		if got := fetchWait(partitions); got != want {
			t.Errorf("with %d partitions a fetch waits for %v, want %v", partitions, got, want)
		}
	}
}
