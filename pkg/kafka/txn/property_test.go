package txn

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// ledger watches a machine from outside, and knows only the rules of the protocol.
type ledger struct {
	t      *rapid.T
	places []Place
	filled bool            // the machine knows places
	tries  map[Request]int // by (Step, Batch), how often asked for
	good   map[Request]bool
	dirty  bool
	over   bool
	v      Version
}

// ask checks a round against the rules before it is answered.
func (l *ledger) ask(round []Request) {
	busy := map[Place]bool{}
	for _, r := range round {
		key := Request{Step: r.Step, Batch: r.Batch}
		switch {
		case l.over:
			l.t.Fatalf("%s is asked for after the verdict", asked(round))
		case !l.filled && r.Step != AddOffsets:
			l.t.Fatalf("%s is asked for before it is known what the transaction consists of", asked(round))
		case l.good[key]:
			l.t.Fatalf("%s is asked for again after its good answer", asked([]Request{r}))
		case r.Try != l.tries[key]:
			l.t.Fatalf("%s is asked for, the tries before it were %d: a resend must say that it is one", asked([]Request{r}), l.tries[key])
		case r.Step == Produce && !l.good[Request{Step: CommitOffsets}]:
			l.t.Fatal("a batch is sent before the offsets are pending")
		case r.Step == Produce && !l.good[Request{Step: AddPartitions}]:
			l.t.Fatal("a batch is sent before its partition is known to the coordinator")
		case r.Step == CommitOffsets && !l.good[Request{Step: AddOffsets}]:
			l.t.Fatal("offsets are sent before the coordinator knows of them")
		case r.Step == Produce && busy[l.places[r.Batch]]:
			l.t.Fatalf("two batches of one place at once: %s", asked(round))
		case r.Step == Produce && l.skips(r.Batch):
			l.t.Fatalf("batch %d is sent before an earlier one of its place", r.Batch)
		case r.Step == End && !l.complete():
			l.t.Fatal("the end is asked for before everything else is done")
		}
		if r.Step == Produce {
			busy[l.places[r.Batch]] = true
		}
	}
}

func (l *ledger) skips(batch int) bool {
	for b, p := range l.places[:batch] {
		if p == l.places[batch] && !l.good[Request{Step: Produce, Batch: b}] {
			return true
		}
	}
	return false
}

func (l *ledger) complete() bool {
	for b := range l.places {
		if !l.good[Request{Step: Produce, Batch: b}] {
			return false
		}
	}
	return l.good[Request{Step: CommitOffsets}] && l.good[Request{Step: AddOffsets}]
}

// answer notes an answer that the machine waits for.
func (l *ledger) answer(r Request, a Answer) {
	key := Request{Step: r.Step, Batch: r.Batch}
	l.tries[key]++
	l.good[key] = a == Answer{}
	l.dirty = l.dirty || a.Silent || slices.Contains([]int16{7, -1, 13}, a.Code) || a.Code == 20 && r.Step == Produce
}

// judge compares the outcome with what was seen.
func (l *ledger) judge(o Outcome, expired bool) {
	l.over = o.Verdict != Open
	if o.Dirty != l.dirty {
		l.t.Fatalf("dirty is %v; that a request is in doubt is %v", o.Dirty, l.dirty)
	}
	if renew := l.over && (o.Verdict != Committed || l.dirty && l.v == V1); o.Renew != renew {
		l.t.Fatalf("the verdict is %q, dirty %v, version %d: a new epoch is asked for: %v", o.Verdict, o.Dirty, l.v+1, o.Renew)
	}
	if ended := l.good[Request{Step: End}]; (o.Verdict == Committed) != ended {
		l.t.Fatalf("the verdict is %q; that EndTxn was answered 0 is %v", o.Verdict, ended)
	}
	if expired && o.Verdict == Open {
		l.t.Fatal("the transaction is open after its time")
	}
}

func answers() *rapid.Generator[Answer] {
	ok, busy := rapid.Just(Answer{}), rapid.SampledFrom([]int16{51, 14, 15, 16, 3, 6, 19, 7, -1, 20, 13})
	return rapid.Custom(func(t *rapid.T) Answer {
		switch n := rapid.IntRange(0, 99).Draw(t, "kind"); {
		case n < 60:
			return ok.Draw(t, "ok")
		case n < 80:
			return Answer{Code: busy.Draw(t, "code")}
		case n < 95:
			return silence
		default:
			return Answer{Code: rapid.Int16().Draw(t, "any code")}
		}
	})
}

// TestWhateverTheAnswers plays answers in any order, late ones and deadlines among them.
func TestWhateverTheAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		places := rapid.SliceOfN(rapid.SampledFrom([]Place{{"a", 0}, {"a", 1}, {"b", 0}}), 0, 6).Draw(t, "places")
		m := Ahead()
		m.Version = rapid.SampledFrom([]Version{V1, V2}).Draw(t, "version")
		l := &ledger{t: t, places: places, tries: map[Request]int{}, good: map[Request]bool{}, v: m.Version}
		fill := rapid.IntRange(0, 4).Draw(t, "filled in round")
		var past []Request
		for n := range rapid.IntRange(0, 60).Draw(t, "rounds") {
			if n == fill {
				m.Fill(places)
				l.filled = true
			}
			round := m.Next()
			l.ask(round)
			for _, r := range rapid.Permutation(round).Draw(t, "order") {
				if len(past) > 0 && rapid.IntRange(0, 3).Draw(t, "late") == 0 {
					before := m.Outcome()
					m.Answer(rapid.SampledFrom(past).Draw(t, "which"), answers().Draw(t, "late answer"))
					if m.Outcome() != before {
						t.Fatalf("a late answer turned %v into %v", before, m.Outcome())
					}
				}
				if l.over { // the rest of the round comes late as well
					break
				}
				a := answers().Draw(t, "answer")
				m.Answer(r, a)
				past = append(past, r)
				l.answer(r, a)
				l.judge(m.Outcome(), false)
			}
			if rapid.IntRange(0, 40).Draw(t, "time is over") == 0 {
				m.Expire()
				l.judge(m.Outcome(), true)
			}
		}
		l.ask(m.Next())
	})
}
