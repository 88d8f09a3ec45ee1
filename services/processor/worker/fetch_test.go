package worker

import (
	"testing"
	"time"
)

// TestBuffersOfManyPartitionsAreBounded: a hundred partitions with a backlog must not cost a hundred large buffers.
func TestBuffersOfManyPartitionsAreBounded(t *testing.T) {
	for partitions, want := range map[int]int32{0: 2 << 20, 1: 2 << 20, 4: 2 << 20, 16: 2 << 20, 32: 1 << 20, 100: 64 << 20 / 200, 10_000: 256 << 10} {
		if got := fetchBytes(partitions); got != want {
			t.Errorf("with %d partitions %d bytes are fetched at a time, want %d", partitions, got, want)
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
