package txn

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

var silence = Answer{Silent: true}

// twoPlaces are three batches: two for one partition, one for another.
func twoPlaces() []Place {
	return []Place{{"partials", 0}, {"partials", 1}, {"partials", 0}}
}

// drive answers 0 to everything until the machine asks for step (of a batch, for Produce), and returns that request.
func drive(t *testing.T, m *Machine, step Step, batch int) Request {
	t.Helper()
	for range 100 {
		round := m.Next()
		for _, r := range round {
			if r.Step == step && r.Batch == batch {
				return r
			}
		}
		for _, r := range round {
			m.Answer(r, Answer{})
		}
	}
	t.Fatalf("the machine never asked for %s of batch %d", step, batch)
	return Request{}
}

// finish answers 0 to all that is asked.
func finish(m *Machine) Outcome {
	for m.Outcome().Verdict == Open {
		for _, r := range m.Next() {
			m.Answer(r, Answer{})
		}
	}
	return m.Outcome()
}

func describe(o Outcome) string {
	s := o.Verdict.String()
	if o.Dirty {
		s += ", dirty"
	}
	return s
}

func asked(round []Request) string {
	var all []string
	for _, r := range round {
		s := r.Step.String()
		if r.Step == Produce {
			s += fmt.Sprintf(" #%d", r.Batch)
		}
		if r.Try > 0 {
			s += fmt.Sprintf(" (try %d)", r.Try)
		}
		all = append(all, s)
	}
	if all == nil {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// begin starts a transaction of which everything is known.
func begin(places []Place) *Machine {
	m := Ahead()
	m.Fill(places)
	return m
}

// consequence tells what one answer to one request leads to, if everything else is answered 0.
func consequence(t *testing.T, step Step, a Answer) string {
	m := begin(twoPlaces())
	r := drive(t, m, step, 0)
	m.Answer(r, a)
	if o := m.Outcome(); o.Verdict != Open {
		if next := m.Next(); len(next) > 0 {
			t.Errorf("%s answered %v: asks for %s after the verdict", step, a, asked(next))
		}
		return describe(o)
	}
	again := r
	again.Try++
	resent := slices.Contains(m.Next(), again)
	end := describe(finish(m))
	if resent {
		return "the same once more, then " + end
	}
	return "goes on, then " + end
}

// TestEveryAnswerToEveryRequest is the table of reactions: all codes there are, and some that there are not.
func TestEveryAnswerToEveryRequest(t *testing.T) {
	var out strings.Builder
	for step := AddOffsets; step <= End; step++ {
		fmt.Fprintf(&out, "%s\n", step)
		var order []string
		by := map[string][]string{}
		note := func(what, answer string) {
			if by[what] == nil {
				order = append(order, what)
			}
			by[what] = append(by[what], answer)
		}
		note(consequence(t, step, silence), "silence")
		for code := int16(-1); code <= 140; code++ {
			note(consequence(t, step, Answer{Code: code}), fmt.Sprint(code))
		}
		note(consequence(t, step, Answer{Code: 32767}), "32767")
		for _, what := range order {
			answers := strings.Join(by[what], " ")
			if len(by[what]) > 40 {
				answers = "everything else"
			}
			fmt.Fprintf(&out, "  %s: %s\n", what, answers)
		}
	}
	golden(t, "answers.txt", out.String())
}

// TestScenarios plays short stories and prints every question and every verdict.
func TestScenarios(t *testing.T) {
	var out strings.Builder
	for _, s := range scenarios() {
		fmt.Fprintf(&out, "# %s\n", s.name)
		m := Ahead()
		if !s.ahead {
			m.Fill(s.places)
		}
		fmt.Fprintf(&out, "asks %s\n", asked(m.Next()))
		for _, e := range s.events {
			switch {
			case e.expire:
				m.Expire()
				fmt.Fprintf(&out, "> time is over")
			case e.fill:
				m.Fill(s.places)
				fmt.Fprintf(&out, "> what it consists of is known")
			default:
				m.Answer(e.r, e.a)
				fmt.Fprintf(&out, "> %s: %s", asked([]Request{e.r}), answerText(e.a))
			}
			o := m.Outcome()
			if o.Verdict == Open {
				fmt.Fprintf(&out, "\nasks %s\n", asked(m.Next()))
				continue
			}
			fmt.Fprintf(&out, "\n%s; decided by %s: %s; asks %s\n", describe(o),
				asked([]Request{{Step: o.Step, Batch: o.Batch}}), answerText(o.Last), asked(m.Next()))
		}
		fmt.Fprintln(&out)
	}
	golden(t, "scenarios.txt", out.String())
}

func answerText(a Answer) string {
	if a.Silent {
		return "silence"
	}
	return fmt.Sprint(a.Code)
}

type event struct {
	r      Request
	a      Answer
	expire bool
	fill   bool
}

type scenario struct {
	name   string
	ahead  bool // what it consists of is known when an event says so
	places []Place
	events []event
}

func on(s Step, batch, try int, a Answer) event { return event{r: Request{s, batch, try}, a: a} }

// announced are the answers up to the batches.
func announced(more ...event) []event {
	return append([]event{on(AddOffsets, 0, 0, Answer{}), on(CommitOffsets, 0, 0, Answer{}), on(AddPartitions, 0, 0, Answer{})}, more...)
}

func scenarios() []scenario {
	ok, busy, over := Answer{}, Answer{Code: concurrentTxns}, event{expire: true}
	known := event{fill: true}
	one := []Place{{"partials", 0}}
	return []scenario{
		{name: "all goes well; one batch of a place at a time", places: twoPlaces(), events: announced(
			on(Produce, 1, 0, ok), on(Produce, 0, 0, ok), on(Produce, 2, 0, ok), on(End, 0, 0, ok))},
		{name: "offsets alone: no partition is announced, no batch sent", events: []event{
			on(AddOffsets, 0, 0, ok), on(CommitOffsets, 0, 0, ok), on(End, 0, 0, ok)}},
		{name: "partitions are known before the offsets are pending: no batch yet", places: one, events: []event{
			on(AddOffsets, 0, 0, ok), on(AddPartitions, 0, 0, ok), on(CommitOffsets, 0, 0, Answer{Code: coordinatorLoading}),
			on(CommitOffsets, 0, 1, ok)}},
		{name: "the answer to an earlier try comes late, and says something else", places: one, events: announced(
			on(Produce, 0, 0, silence), on(Produce, 0, 0, Answer{Code: producerFenced}), on(Produce, 0, 0, ok),
			on(Produce, 0, 1, ok), on(Produce, 0, 0, Answer{Code: 10}), on(End, 0, 0, ok))},
		{name: "an answer to what was never asked", places: one, events: []event{
			on(End, 0, 0, ok), on(Produce, 0, 0, ok), on(AddOffsets, 0, 1, ok), on(AddOffsets, 0, 0, ok)}},
		{name: "an answer after the verdict", places: one, events: []event{
			on(AddOffsets, 0, 0, Answer{Code: illegalGeneration}), on(AddOffsets, 0, 0, ok), on(AddOffsets, 0, 0, silence), over}},
		{name: "the end got no answer, and the resend finds the coordinator at it", places: one, events: announced(
			on(Produce, 0, 0, ok), on(End, 0, 0, silence), on(End, 0, 1, busy), on(End, 0, 2, ok))},
		{name: "one batch is refused while another is silent", places: twoPlaces(), events: announced(
			on(Produce, 0, 0, silence), on(Produce, 1, 0, Answer{Code: 10}), on(Produce, 0, 1, ok))},
		{name: "time is over before anything was answered", places: one, events: []event{over}},
		{name: "time is over while the coordinator is busy", places: one, events: []event{on(AddOffsets, 0, 0, busy), over}},
		{name: "time is over beside an answered request", places: one, events: []event{
			on(AddOffsets, 0, 0, ok), on(CommitOffsets, 0, 0, Answer{Code: coordinatorUnavailable}), on(AddPartitions, 0, 0, ok), over}},
		{name: "time is over with the offsets pending", places: one, events: []event{
			on(AddOffsets, 0, 0, ok), on(CommitOffsets, 0, 0, ok), over}},
		{name: "time is over before the batches", places: one, events: announced(over)},
		{name: "time is over amid the batches; the one with a code is named", places: twoPlaces(), events: announced(
			on(Produce, 0, 0, silence), on(Produce, 1, 0, Answer{Code: notLeader}), over)},
		{name: "time is over before the end was asked for", places: one, events: announced(on(Produce, 0, 0, ok), over)},
		{name: "time is over and the end is in doubt", places: one, events: announced(on(Produce, 0, 0, ok), on(End, 0, 0, silence), over)},
		{name: "time is over after the commit: too late", places: one, events: announced(on(Produce, 0, 0, ok), on(End, 0, 0, ok), over)},
		{name: "opened ahead, and filled much later", ahead: true, places: one, events: []event{
			on(AddOffsets, 0, 0, ok), known, on(CommitOffsets, 0, 0, ok), on(AddPartitions, 0, 0, ok), on(Produce, 0, 0, ok), on(End, 0, 0, ok)}},
		{name: "filled while what opens it is not answered well yet: the same once more", ahead: true, places: one, events: []event{
			on(AddOffsets, 0, 0, busy), known, on(AddOffsets, 0, 1, ok), on(CommitOffsets, 0, 0, ok)}},
		{name: "silence while it was opened ahead: what comes of it is dirty", ahead: true, events: []event{
			on(AddOffsets, 0, 0, silence), on(AddOffsets, 0, 1, ok), known, on(CommitOffsets, 0, 0, ok), on(End, 0, 0, ok)}},
		{name: "refused before it is filled: nothing is asked for", ahead: true, places: one, events: []event{
			on(AddOffsets, 0, 0, Answer{Code: producerFenced}), known}},
		{name: "time is over before it is filled", ahead: true, places: one, events: []event{on(AddOffsets, 0, 0, ok), over, known}},
	}
}

// TestExpireAtEveryPoint stops a transaction behind every single answer of its way, after every kind of answer there.
func TestExpireAtEveryPoint(t *testing.T) {
	for n := range 20 {
		for _, a := range []Answer{{}, silence, {Code: concurrentTxns}, {Code: requestTimedOut}} {
			m := begin(twoPlaces())
			for range n {
				if next := m.Next(); len(next) > 0 {
					m.Answer(next[0], Answer{})
				}
			}
			if next := m.Next(); len(next) > 0 {
				m.Answer(next[0], a)
			}
			before := m.Outcome()
			m.Expire()
			after := m.Outcome()
			want := Doubt
			if before.Verdict == Committed {
				want = Committed
			}
			if after.Verdict != want || after.Dirty != before.Dirty || len(m.Next()) > 0 {
				t.Errorf("expired behind %d answers and %v: %s, asks %s; before: %s", n, a, describe(after), asked(m.Next()), describe(before))
			}
		}
	}
}
