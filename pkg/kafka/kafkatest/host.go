package kafkatest

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Host is the network of one simulated process.
type Host struct {
	c     *Cluster
	name  string
	rules ruleSet

	mu       sync.Mutex
	cut      bool
	dead     bool
	frozen   bool
	changed  chan struct{} // closed and renewed when frozen changes
	delay    [2]time.Duration
	links    map[*link]struct{}
	sent     map[kmsg.Key]int
	moved    map[uint64]uint64 // see spread.go
	before   []func(Request)
	after    []func(Request, Answer)
	attempts int
}

const (
	up   = 0 // towards the broker
	down = 1
)

func newHost(c *Cluster, name string) *Host {
	return &Host{c: c, name: name, changed: make(chan struct{}), links: map[*link]struct{}{}, sent: map[kmsg.Key]int{}, moved: map[uint64]uint64{}}
}

// Dial opens a connection to a broker through this host's faults. It fails while the host is cut and waits while it is
// frozen. Give it to kafka.Transport.Dial, kafka.Dialer.DialFunc or kgo.Dialer.
func (h *Host) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	h.mu.Lock()
	h.attempts++
	trip := h.delay[up] + h.delay[down]
	h.mu.Unlock()
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.c.ctx, cancel)()
	if !h.settle(stop.Done(), time.Now().Add(trip)) {
		return nil, fmt.Errorf("dial broker %s from host %s: no answer: %w", addr, h.name, stop.Err())
	}
	server, err := h.c.connect(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	process, ours := net.Pipe()
	l := newLink(h, addr, ours, server)
	h.mu.Lock()
	cut := h.cut || h.c.ctx.Err() != nil
	if !cut {
		h.links[l] = struct{}{}
		l.start()
	}
	h.mu.Unlock()
	if cut {
		server.Close()
		ours.Close()
		h.c.trace.add(h.name, "dial "+addr, "refused: cut")
		return nil, fmt.Errorf("dial broker %s from host %s: the host's network is cut", addr, h.name)
	}
	return process, nil
}

// settle waits until the host is not frozen and due has come; false if stop is closed first.
func (h *Host) settle(stop <-chan struct{}, due time.Time) bool {
	for {
		h.mu.Lock()
		frozen, changed := h.frozen, h.changed
		h.mu.Unlock()
		wait := time.Until(due)
		if !frozen && wait <= 0 {
			return true
		}
		var timer <-chan time.Time
		if !frozen {
			timer = time.After(wait)
		}
		select {
		case <-changed:
		case <-timer:
		case <-stop:
			return false
		}
	}
}

// Cut breaks all connections now and refuses new ones until Heal. What had not reached a broker is lost; held requests
// are beyond the host and stay.
func (h *Host) Cut() { h.sever(false) }

// Kill is a Cut that Heal doesn't mend: the process is dead, and whatever its goroutines still try reaches nobody.
func (h *Host) Kill() { h.sever(true) }

func (h *Host) sever(dead bool) {
	h.mu.Lock()
	h.cut = true
	h.dead = h.dead || dead
	links := slices.Collect(maps.Keys(h.links))
	h.mu.Unlock()
	if dead {
		h.c.trace.add(h.name, "kill", "%d connections", len(links))
	} else if h.c.ctx.Err() == nil {
		h.c.trace.add(h.name, "cut", "%d connections", len(links))
	}
	for _, l := range links {
		l.sever()
	}
}

// Heal lets the host dial again after a Cut.
func (h *Host) Heal() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cut = h.dead
	h.c.trace.add(h.name, "heal", "cut: %t", h.cut)
}

// Freeze stops the bytes both ways without any error, as a paused machine does: the clients see silence, their own
// deadlines go on, and so does the coordinator's session timeout. Dials wait.
func (h *Host) Freeze() { h.freeze(true) }

// Thaw lets everything go on, in order.
func (h *Host) Thaw() { h.freeze(false) }

func (h *Host) freeze(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.frozen = on
	close(h.changed)
	h.changed = make(chan struct{})
	h.c.trace.add(h.name, "freeze", "%t", on)
}

// Delay makes every request arrive so much later from now on, and every answer; a dial takes both.
func (h *Host) Delay(requests, answers time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.delay = [2]time.Duration{up: requests, down: answers}
}

// On arms a rule for the requests of this host.
func (h *Host) On(r Rule) *Armed { return h.rules.arm(h.c.ctx, r) }

// Before has f called with each request just before it leaves for the broker (and before any rule sees it). A host that
// f cuts or kills never sends it: the crash before the effect.
func (h *Host) Before(f func(Request)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before = append(h.before, f)
}

// After has f called when the broker has answered, before the process can know. A host that f cuts or kills never gets
// the answer: the crash between the effect and its knowledge. Requests that never reach the broker have no After.
func (h *Host) After(f func(Request, Answer)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.after = append(h.after, f)
}

// Sent is how many requests of an API the host has sent so far, lost ones included.
func (h *Host) Sent(key kmsg.Key) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent[key]
}

// Dials is how many connections the process has tried to open: what a test of back-off wants to know.
func (h *Host) Dials() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.attempts
}

// onItsWay is a request's frame on its way, if it is written now.
func (h *Host) onItsWay(broker string, request []byte) parcel {
	h.mu.Lock()
	defer h.mu.Unlock()
	there, back := h.spread(broker, request)
	return parcel{frame: request, due: time.Now().Add(h.delay[up] + there), back: back}
}

// due is when an answer arrives that is given now, and takes so much longer than all others.
func (h *Host) due(longer time.Duration) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.delay[down] + longer)
}

// leaving numbers a request and calls the Before hooks.
func (h *Host) leaving(r *Request) {
	h.mu.Lock()
	h.sent[r.Key]++
	r.Host, r.N = h.name, h.sent[r.Key]
	hooks := slices.Clone(h.before)
	h.mu.Unlock()
	for _, f := range hooks {
		f(*r)
	}
}

// answered calls the After hooks.
func (h *Host) answered(a Answer) {
	h.mu.Lock()
	hooks := slices.Clone(h.after)
	h.mu.Unlock()
	for _, f := range hooks {
		f(a.Request, a)
	}
}

// action is what the rules, the host's before the cluster's, want done with a request.
func (h *Host) action(r Request) (*Armed, Action) {
	a := h.rules.first(h.c.seed, r)
	if a == nil {
		a = h.c.rules.first(h.c.seed, r)
	}
	if a == nil {
		return nil, Action{}
	}
	return a, a.rule.Do
}

func (h *Host) drop(l *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.links, l)
}
