package kafkatest

import (
	"net"
	"sync"
	"time"
)

// link is one connection of a host: four goroutines, each with one stream to move.
//
//	process ─► readUp ─► up ─► pumpUp ─► broker        process ◄─ pumpDown ◄─ down ◄─ readDown ◄─ broker
//
// It has two lives. While it is whole, both ends talk. After it broke, or its client left, only the broker's end is
// there: until all that reached the broker is answered.
type link struct {
	h      *Host
	broker string
	client net.Conn
	server net.Conn
	up     *queue
	down   *queue
	broken chan struct{} // closed when the process' end is gone by a fault

	once sync.Once

	mu      sync.Mutex
	pending []*exchange   // sent and not yet answered, in order
	deaf    bool          // nothing goes up any more
	mute    bool          // nothing comes down any more
	gone    bool          // the broker's end is closed
	changed chan struct{} // closed and renewed when pending shrinks or gone is set
}

// exchange is a request at the broker, and what shall become of its answer.
type exchange struct {
	req  Request
	act  Action
	held *Held
	at   time.Time
	back time.Duration // that its answer takes longer than others

	answered chan struct{} // closed then; of a SyncGroup
}

func newLink(h *Host, broker string, client, server net.Conn) *link {
	return &link{h: h, broker: broker, client: client, server: server, up: newQueue(), down: newQueue(),
		broken: make(chan struct{}), changed: make(chan struct{})}
}

func (l *link) start() {
	for _, f := range []func(){l.readUp, l.pumpUp, l.readDown, l.pumpDown} {
		l.h.c.wg.Go(f)
	}
}

// sever takes the process' end away. The broker's end stays until it owes nothing.
func (l *link) sever() {
	l.once.Do(func() {
		close(l.broken)
		l.client.Close()
	})
}

func (l *link) severed() bool {
	select {
	case <-l.broken:
		return true
	default:
		return false
	}
}

func (l *link) readUp() {
	for {
		frame, err := readFrame(l.client)
		if err != nil {
			l.up.put(parcel{end: true})
			return
		}
		l.up.put(l.h.onItsWay(l.broker, frame))
	}
}

func (l *link) pumpUp() {
	for {
		p, ok := l.up.take(l.broken)
		if !ok || p.end || !l.wait(p.due) || !l.send(p) {
			break
		}
	}
	l.drain()
	l.server.Close()
	l.sever()
	l.h.drop(l)
}

// wait lets time pass until the host is not frozen and due has come; false if the link broke first.
func (l *link) wait(due time.Time) bool { return l.h.settle(l.broken, due) && !l.severed() }

// drain waits until everything sent is answered, so that what reached the broker is handled whoever has left.
func (l *link) drain() {
	l.await(func() bool { return len(l.pending) == 0 })
}

// await waits until done holds (judged under l.mu), the broker's end is gone, or the cluster ends.
func (l *link) await(done func() bool) {
	for {
		l.mu.Lock()
		ready, changed := l.gone || done(), l.changed
		l.mu.Unlock()
		if ready {
			return
		}
		select {
		case <-changed:
		case <-l.h.c.ctx.Done():
			return
		}
	}
}

// notify wakes await; l.mu is held.
func (l *link) notify() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// readDown hears the broker. It hears it out: until the cluster ends or the broker closes.
func (l *link) readDown() {
	for {
		frame, err := readFrame(l.server)
		if err != nil {
			l.mu.Lock()
			l.gone = true
			l.notify()
			l.mu.Unlock()
			l.down.put(parcel{end: true})
			return
		}
		l.answered(frame)
	}
}

func (l *link) pumpDown() {
	for {
		p, ok := l.down.take(l.broken)
		if !ok {
			return
		}
		if !p.end && !l.wait(p.due) {
			return
		}
		if p.end {
			l.sever()
			return
		}
		if _, err := l.client.Write(p.frame); err != nil {
			// The process has closed its end; readUp sees that too, and pumpUp ends the link in order.
			return
		}
	}
}
