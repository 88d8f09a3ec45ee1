package merger

import (
	"sync"
	"time"

	"github.com/meanstream/meanstream/pkg/watermark"
)

// waitForOthers is how long results wait for those of the other partitions, to go into one transaction with them. What closes
// windows reaches all partitions within milliseconds; who was first would otherwise have the others wait for a whole commit.
const waitForOthers = 20 * time.Millisecond

// company knows how far the partitions of one member have closed windows, and which of them have results to hand over.
type company struct {
	mu      sync.Mutex
	front   *watermark.Front[int32]
	waiting map[int32]int64 // up to where they are closing
}

func newCompany() *company {
	return &company{front: watermark.NewFront[int32](0), waiting: map[int32]int64{}}
}

// come takes in up to where a partition's windows are closed or being closed, and whether some of them wait to be handed over.
// It tells whether a commit should be asked for: somebody waits, and the others have come as far as he.
func (c *company) come(partition int32, target int64, closing bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.front.Come(partition, target, 0)
	delete(c.waiting, partition)
	if closing {
		c.waiting[partition] = target
	}
	for _, target := range c.waiting {
		if c.front.Passed(target, 0) {
			return true
		}
	}
	return false
}
