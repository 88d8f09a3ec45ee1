package load

import (
	"testing"
	"time"
)

func TestATransactionIsAsLargeAsTheBrokersAreQuick(t *testing.T) {
	for _, c := range []struct {
		name     string
		limit, n int
		took     time.Duration
		in       bool
		want     int
	}{
		{"quick and full: more", 4, 4, 100 * time.Millisecond, true, 8},
		{"quick and full: not for ever", maxBlocks, maxBlocks, 0, true, maxBlocks},
		{"quick, but there was not more", 8, 3, 10 * time.Millisecond, true, 8},
		{"neither quick nor slow", 8, 8, time.Second, true, 8},
		{"slow", 8, 8, 3 * time.Second, true, 4},
		{"slow with the least", 1, 1, 3 * time.Second, true, 1},
		{"out of time", 16, 16, 8 * time.Second, false, 4},
		{"out of time with the least", 1, 1, 8 * time.Second, false, 1},
		{"a small one in doubt", 16, 2, time.Millisecond, false, 1},
	} {
		if got := resize(c.limit, c.n, c.took, c.in); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
