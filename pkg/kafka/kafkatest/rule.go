package kafkatest

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// AnyKey in a Rule stands for every API. (Its zero value would be Produce.)
const AnyKey kmsg.Key = -1

// Rule does something to some of the requests that pass a host's links.
type Rule struct {
	Key   kmsg.Key           // which API; AnyKey for all
	Match func(Request) bool // which of these; nil for all. Called on the link's goroutine, before the request is sent
	Nth   int                // act from the Nth match on, counted from 1; 0 is 1
	Times int                // how many matches to act on: 0 is one, -1 all that come
	Rate  float64            // act on this share of them, chosen by Options.Seed; 0 is all
	Do    Action
}

// How a connection goes on after something on it was lost.
type How uint8

// The two ways.
const (
	Break  How = iota // the client sees its connection end at once
	Silent            // nothing more comes; the client finds out by its own deadline
)

type verb uint8

const (
	pass verb = iota
	loseAnswer
	dropRequest
	holdRequest
	delayRequest
	delayAnswer
	duplicate
	answerCode
	answerDone
)

// Action is what a Rule does; make one with the functions below.
type Action struct {
	verb  verb
	how   How
	delay time.Duration
	code  int16
}

// LoseAnswer lets the broker handle the request; its answer, and all that follows on this connection, never arrives.
func LoseAnswer(how How) Action { return Action{verb: loseAnswer, how: how} }

// DropRequest loses the request before the broker sees it, and all that follows on this connection.
func DropRequest(how How) Action { return Action{verb: dropRequest, how: how} }

// HoldRequest keeps the request in the network until its Held is released, also when the client has given up, was cut
// off or killed meanwhile: the late copy of doubt's schedules. What the client wrote behind it on this connection waits
// with it.
func HoldRequest() Action { return Action{verb: holdRequest} }

// DelayRequest lets the request reach the broker d later.
func DelayRequest(d time.Duration) Action { return Action{verb: delayRequest, delay: d} }

// DelayAnswer lets the answer arrive d after the broker gave it.
func DelayAnswer(d time.Duration) Action { return Action{verb: delayAnswer, delay: d} }

// Duplicate has the broker handle a copy of the request first, on a connection of its own; the client gets the answer
// to the second.
func Duplicate() Action { return Action{verb: duplicate} }

// AnswerCode refuses the request with an error code, in every place its answer has for one; the broker never sees it.
func AnswerCode(code int16) Action { return Action{verb: answerCode, code: code} }

// AnswerCodeDone lets the broker handle the request and then answers code all the same: 7 with the effect done.
func AnswerCodeDone(code int16) Action { return Action{verb: answerDone, code: code} }

// String is what the trace calls it.
func (a Action) String() string {
	names := [...]string{"pass", "lose the answer", "drop the request", "hold", "delay the request by", "delay the answer by",
		"duplicate", "answer code", "do it and answer code"}
	s := names[a.verb]
	switch a.verb {
	case loseAnswer, dropRequest:
		if a.how == Silent {
			return s + ", silently"
		}
		return s + " and break"
	case delayRequest, delayAnswer:
		return fmt.Sprintf("%s %s", s, a.delay)
	case answerCode, answerDone:
		return fmt.Sprintf("%s %d", s, a.code)
	default:
		return s
	}
}

// Armed is a rule at work.
type Armed struct {
	rule  Rule
	index uint64 // tells its draws apart from those of the other rules in its set

	mu      sync.Mutex
	matches int
	hits    int
	removed bool
	changed chan struct{} // closed and renewed with every hit

	held chan *Held
	done <-chan struct{} // the cluster has ended
}

// heldAtOnce is how many requests one rule can hold that nobody has asked for with Held; more make the link wait.
const heldAtOnce = 256

// meet decides whether the rule acts on this request.
func (a *Armed) meet(seed uint64, r Request) bool {
	if a.rule.Key != AnyKey && a.rule.Key != r.Key {
		return false
	}
	if a.rule.Match != nil && !a.rule.Match(r) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.removed || a.rule.Times >= 0 && a.hits >= max(a.rule.Times, 1) {
		return false
	}
	a.matches++
	if a.matches < a.rule.Nth || a.rule.Rate > 0 && draw(seed, a.index, r) >= a.rule.Rate {
		return false
	}
	a.hits++
	close(a.changed)
	a.changed = make(chan struct{})
	return true
}

// draw is a number in [0,1) that depends on the host's own count of such requests alone: hosts and connections that
// race may come in any order and still meet the same fate.
func draw(seed, rule uint64, r Request) float64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%d\x00%d\x00%d", r.Host, rule, r.Key, r.N)
	return rand.New(rand.NewPCG(seed, h.Sum64())).Float64()
}

// Hits is how many requests the rule has acted on.
func (a *Armed) Hits() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.hits
}

// Remove ends the rule. What it holds stays held.
func (a *Armed) Remove() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.removed = true
}

// Wait waits until the rule has acted on n requests in all.
func (a *Armed) Wait(ctx context.Context, n int) error {
	for {
		a.mu.Lock()
		hits, changed := a.hits, a.changed
		a.mu.Unlock()
		if hits >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for rule %q to meet %d requests (it met %d): %w", a.rule.Do, n, hits, ctx.Err())
		case <-a.done:
			return fmt.Errorf("wait for rule %q to meet %d requests (it met %d): the cluster has ended", a.rule.Do, n, hits)
		}
	}
}

// Held waits for the next request that the rule holds.
func (a *Armed) Held(ctx context.Context) (*Held, error) {
	select {
	case h := <-a.held:
		return h, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a held request: %w", ctx.Err())
	case <-a.done:
		return nil, fmt.Errorf("wait for a held request: the cluster has ended")
	}
}

// ruleSet is the rules of one host, or of the cluster.
type ruleSet struct {
	mu    sync.Mutex
	armed []*Armed
}

func (s *ruleSet) arm(ctx context.Context, r Rule) *Armed {
	a := &Armed{rule: r, changed: make(chan struct{}), held: make(chan *Held, heldAtOnce), done: ctx.Done()}
	s.mu.Lock()
	defer s.mu.Unlock()
	a.index = uint64(len(s.armed))
	s.armed = append(s.armed, a)
	return a
}

// first is the first rule in order of arming that acts on the request; the ones behind it don't count it as a match.
func (s *ruleSet) first(seed uint64, r Request) *Armed {
	s.mu.Lock()
	armed := slices.Clone(s.armed)
	s.mu.Unlock()
	for _, a := range armed {
		if a.meet(seed, r) {
			return a
		}
	}
	return nil
}
