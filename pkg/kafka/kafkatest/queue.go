package kafkatest

import (
	"sync"
	"time"
)

// parcel is a frame in flight, or the end of its stream.
type parcel struct {
	frame []byte
	due   time.Time     // not delivered before
	back  time.Duration // see spread.go; of a request
	end   bool
}

// queue is the network between two ends: it takes all that is written, as a socket's buffers do, so that a frozen peer
// or a slow link never blocks the writer. One goroutine takes.
type queue struct {
	mu    sync.Mutex
	items []parcel
	more  chan struct{} // holds one token while there may be items
}

func newQueue() *queue { return &queue{more: make(chan struct{}, 1)} }

func (q *queue) put(p parcel) {
	q.mu.Lock()
	q.items = append(q.items, p)
	q.mu.Unlock()
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// take waits for the next parcel; false if stop came first.
func (q *queue) take(stop <-chan struct{}) (parcel, bool) {
	for {
		q.mu.Lock()
		if len(q.items) > 0 {
			p := q.items[0]
			q.items = q.items[1:]
			q.mu.Unlock()
			return p, true
		}
		q.mu.Unlock()
		select {
		case <-q.more:
		case <-stop:
			return parcel{}, false
		}
	}
}
