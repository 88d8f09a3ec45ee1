package worker

import "testing"

// TestBuffersOfManyPartitionsAreBounded: a hundred partitions with a backlog must not cost a hundred large buffers.
func TestBuffersOfManyPartitionsAreBounded(t *testing.T) {
	for partitions, want := range map[int]int32{0: 2 << 20, 1: 2 << 20, 4: 2 << 20, 32: 2 << 20, 64: 1 << 20, 100: 64 << 20 / 100, 10_000: 256 << 10} {
		if got := fetchBytes(partitions); got != want {
			t.Errorf("with %d partitions %d bytes are fetched at a time, want %d", partitions, got, want)
		}
	}
}
