package daemon

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Readiness is the set of conditions under which a process does its work, such
// as "brokers" or "assignment". A process is ready when all of them hold and at
// least one was reported: one that has said nothing yet is not ready.
// The zero value is usable, from any goroutine.
type Readiness struct {
	mu       sync.Mutex
	reasons  map[string]string // condition -> why not; "" where it holds
	stopping bool
}

// Set reports whether the condition holds, and if not, why.
func (r *Readiness) Set(condition string, ready bool, reason string) {
	if ready {
		reason = ""
	} else if reason == "" {
		reason = "not ready"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reasons == nil {
		r.reasons = map[string]string{}
	}
	r.reasons[condition] = reason
}

// Waiting lists why the process is not ready, one "condition: reason" each, in
// the conditions' order; none when it is.
func (r *Readiness) Waiting() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping {
		return []string{"stopping: no new work is taken"}
	}
	if len(r.reasons) == 0 {
		return []string{"starting: nothing has been reported yet"}
	}
	var waiting []string
	for condition, reason := range r.reasons {
		if reason != "" {
			waiting = append(waiting, fmt.Sprintf("%s: %s", condition, reason))
		}
	}
	slices.Sort(waiting)
	return waiting
}

// stop makes the process unready for good: whoever balances load on readiness
// must look elsewhere while the work in hand is finished.
func (r *Readiness) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopping = true
}

// Health is the set of checks that tell a process that turns from one that only
// a restart can help. The zero value is usable, from any goroutine.
type Health struct {
	mu     sync.Mutex
	checks map[string]func() error
}

// Check registers, or replaces, a check. It is called at each request for
// health, by several goroutines at once, and must return at once.
func (h *Health) Check(name string, check func() error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.checks == nil {
		h.checks = map[string]func() error{}
	}
	h.checks[name] = check
}

// Failing lists the checks that fail, one "name: reason" each, in the names'
// order.
func (h *Health) Failing() []string {
	h.mu.Lock()
	checks := maps.Clone(h.checks)
	h.mu.Unlock()
	// Unlocked, since a check may take locks that are held while registering.
	var failing []string
	for name, check := range checks {
		if err := check(); err != nil {
			failing = append(failing, fmt.Sprintf("%s: %v", name, err))
		}
	}
	slices.Sort(failing)
	return failing
}
