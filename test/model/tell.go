package model

import (
	"fmt"
	"strings"
)

// say notes what an effect did, when a path is told.
func (m *model) say(format string, args ...any) {
	if m.telling {
		m.told = append(m.told, fmt.Sprintf(format, args...))
	}
}

func letter(id int8) string { return string(rune('A' + id)) }

// String is a request as a trace shows it.
func (q request) String() string {
	text := fmt.Sprintf("%s of %s", q.kind, letter(q.id))
	if q.kind != initProducer && q.kind != nameCommit {
		text += fmt.Sprintf(" epoch %d", q.epoch)
	}
	for p, at := range q.at {
		switch {
		case at == none:
		case q.kind == produce:
			text += fmt.Sprintf(", source %d [%d, %d)", p, at, at+1)
		default:
			text += fmt.Sprintf(", source %d at %d", p, at)
		}
	}
	switch q.kind {
	case produce:
		text += fmt.Sprintf(", sequence %d", q.seq)
	case nameCommit, commitOffsets:
		text += fmt.Sprintf(", generation %d", q.gen)
	}
	return text
}

func (a answer) String() string {
	if a.epoch > 0 {
		return fmt.Sprintf("%d, epoch %d", a.code, a.epoch)
	}
	return fmt.Sprint(a.code)
}

// told is an answer as the process hears it.
func (a answer) told(h how) string {
	switch h {
	case lost:
		return "no answer, a copy stays in the network"
	case refused:
		return "16, without effect"
	case refusedAfter:
		return "16, but done"
	}
	return a.String()
}

// line is one effect as a trace shows it, before it happens.
func (m *model) line(s *state, e effect) string {
	process := letter(e.who)
	if e.old {
		process += " (older tenure)"
	}
	switch e.what {
	case send, name, take, fence, giveUp:
		return process
	case expire:
		return process + "  its commit's time is over"
	case hear:
		return fmt.Sprintf("%s  hears of generation %d: new tenure", process, s.group.gen)
	case rejoinNow:
		return process + "  new tenure in the same generation"
	case fetch:
		return process + "  OffsetFetch"
	case look:
		return process + "  OffsetFetch of what hangs, unstable"
	case openTxn:
		if e.how != well {
			return process + "  begins a transaction ahead, without knowing the cluster's transaction version"
		}
		return process + "  begins a transaction ahead"
	case commit:
		if e.how != well {
			return process + "  begins a commit, without knowing the cluster's transaction version"
		}
		return process + "  begins a commit"
	case markOut:
		return "-  marker of " + process + " to partials"
	case markOffsets:
		return "-  marker of " + process + " to the group's offsets"
	case timeUp:
		return "-  coordinator gives up the transaction of " + process
	case arrive:
		text := "-  late copy of " + s.copies[e.arg].String()
		if e.how == again {
			text += ", and one more copy stays"
		}
		return text
	case assign, comeBack:
		o := layout(e.arg)
		text := fmt.Sprintf("-  rebalance: source 0 to %s, source 1 to %s", letter(o[0]), letter(o[1]))
		if e.what == comeBack {
			text += ", " + process + " as a new member"
		}
		return text
	case expel:
		return "-  session of " + process + " ends"
	case die:
		return process + "  dies"
	}
	return "?"
}

// positions tells what a fetch brought.
func (t *tenure) positions() string {
	var all []string
	for p, part := range t.parts {
		switch part.status {
		case asked:
			all = append(all, fmt.Sprintf("source %d: 88", p))
		case fetched:
			all = append(all, fmt.Sprintf("source %d at %d, to be named", p, part.at))
		case open:
			all = append(all, fmt.Sprintf("source %d at %d, open", p, part.at))
		case missing:
			all = append(all, fmt.Sprintf("source %d hangs behind %d", p, part.hangAt))
		}
	}
	return "  " + strings.Join(all, "; ")
}
