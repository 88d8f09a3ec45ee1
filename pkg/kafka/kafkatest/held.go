package kafkatest

import (
	"context"
	"fmt"
	"sync"
)

// Held is a request that is still in the network.
type Held struct {
	Request Request

	once     sync.Once
	free     chan struct{}
	dropped  bool // read only after free is closed
	answered chan Answer
	done     <-chan struct{}
}

func newHeld(r Request, done <-chan struct{}) *Held {
	return &Held{Request: r, free: make(chan struct{}), answered: make(chan Answer, 1), done: done}
}

// Release lets the request reach the broker. It does not wait; Answer does.
func (h *Held) Release() { h.once.Do(func() { close(h.free) }) }

// Drop loses the request for good, and its connection with it.
func (h *Held) Drop() {
	h.once.Do(func() {
		h.dropped = true
		close(h.free)
	})
}

// Answer waits for what the broker says to the released request. The client gets the answer as well if it still waits
// for it.
func (h *Held) Answer(ctx context.Context) (Answer, error) {
	select {
	case a := <-h.answered:
		return a, nil
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("wait for the answer to the held %s: %w", h.Request, ctx.Err())
	case <-h.done:
		return Answer{}, fmt.Errorf("wait for the answer to the held %s: the cluster has ended", h.Request)
	}
}
