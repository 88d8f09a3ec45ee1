package load

import "time"

// Bounds of one transaction. A small one costs as many round trips as a large one; a large one that takes long is timed
// out by the brokers, and holds up whoever reads.
const (
	blockBytes  = 1 << 20
	firstBlocks = 4
	maxBlocks   = 16
	quick       = 400 * time.Millisecond
	slow        = 2 * time.Second
)

// resize is how many blocks the next transaction may take, by how the last one of n of at most limit blocks went.
func resize(limit, n int, took time.Duration, committed bool) int {
	switch {
	case !committed:
		return max(1, min(limit, n)/4)
	case took > slow:
		return max(1, limit/2)
	case n == limit && took < quick:
		return min(2*limit, maxBlocks)
	}
	return limit
}
