package txn

// Step is one of the requests that a transaction consists of.
type Step uint8

// The steps, in the order in which they may be sent first.
const (
	AddOffsets    Step = iota // tell the transaction's coordinator that offsets of a group will be committed
	AddPartitions             // tell it which partitions will get records
	CommitOffsets             // give the offsets to the group's coordinator
	Produce                   // give one batch to its partition's leader
	End                       // commit
)

func (s Step) String() string {
	return [...]string{"AddOffsetsToTxn", "AddPartitionsToTxn", "TxnOffsetCommit", "Produce", "EndTxn"}[s]
}

// Place is where a batch goes.
type Place struct {
	Topic     string
	Partition int32
}

// Request is one thing to be sent now. Batch is the index of the batch, for Produce. Try counts from 0: a request
// whose Try is above 0 must be the same bytes as before.
type Request struct {
	Step  Step
	Batch int
	Try   int
}

// Answer is what came of a request: a code, or silence.
type Answer struct {
	Code   int16
	Silent bool
}

// Verdict says how a transaction ended.
type Verdict uint8

// The verdicts. Anything but Committed asks for a new epoch before anything else is done, and for reading again
// from the committed offsets.
const (
	Open      Verdict = iota // not decided yet
	Committed                // the coordinator has decided to commit
	Doubt                    // nobody knows, or the brokers lost track: the new epoch settles it
	Fenced                   // somebody took our transactional id over, or the coordinator timed us out
	Stale                    // the generation is over: drop everything and join again
	Refused                  // an error that no retry mends
)

func (v Verdict) String() string {
	return [...]string{"open", "committed", "in doubt", "fenced", "of a stale generation", "refused"}[v]
}

// Outcome is a verdict and what led to it.
type Outcome struct {
	Verdict Verdict
	// Dirty: a request was resent without a clear answer to its first copy, which may still be under way.
	Dirty bool
	// Renew: InitProducerID must come before the next transaction. So it is after every verdict but Committed, and
	// after Committed if that was Dirty and in version 1: see DESIGN.md.
	Renew bool
	Step  Step   // the request that decided
	Batch int    // its batch, for Produce
	Last  Answer // and its answer
}

// Version is Kafka's transaction version in which a transaction is run.
type Version uint8

// The versions. They differ in the epoch after a transaction's end: of version 1 it is the same, so that a copy of one
// of its requests can be taken for the next transaction's; the end of one of version 2 brings a new one.
const (
	V1 Version = iota
	V2
)

// Machine carries one transaction: requests out, answers in. It has no clock and sends nothing itself.
type Machine struct {
	// Version is the one in which End is sent; it is set by who sends it, before its answer. The machine asks for the
	// same requests in both.
	Version Version

	places  []Place
	filled  bool       // places are known
	pending []*waiting // what the present stage still needs, nil where done; as laid out by enter
	stage   stage
	out     Outcome
}

// waiting is a request without a good answer so far.
type waiting struct {
	Request
	last Answer // to the try before; silence before there was one
}

func wait(s Step, b int) *waiting {
	return &waiting{Request{Step: s, Batch: b}, Answer{Silent: true}}
}

type stage uint8

const (
	stageAddOffsets stage = iota
	stageAnnounce         // AddPartitions beside CommitOffsets
	stageProduce
	stageEnd
	stageOver
)

// Ahead starts a transaction of which nothing need be known yet but that it will commit offsets. It asks for no more than
// AddOffsets before Fill tells the rest.
func Ahead() *Machine {
	m := &Machine{}
	m.enter(stageAddOffsets)
	return m
}

// Fill tells where a transaction writes batches to, in their order. It is called once.
func (m *Machine) Fill(places []Place) {
	m.places, m.filled = places, true
	if m.stage == stageAnnounce {
		m.enter(stageAnnounce)
	}
}

// enter lays out what a stage needs; a stage that needs nothing is passed over, and one that needs what is not known yet
// waits for Fill.
func (m *Machine) enter(s stage) {
	m.stage, m.pending = s, nil
	switch s {
	case stageAddOffsets:
		m.pending = []*waiting{wait(AddOffsets, 0)}
	case stageAnnounce:
		if !m.filled {
			return
		}
		// The offsets are pending before any record is written, so that a successor always sees whom to fence.
		m.pending = []*waiting{wait(CommitOffsets, 0)}
		if len(m.places) > 0 {
			m.pending = append(m.pending, wait(AddPartitions, 0))
		}
	case stageProduce:
		for i := range m.places {
			m.pending = append(m.pending, wait(Produce, i))
		}
		if len(m.places) == 0 {
			m.enter(stageEnd)
		}
	case stageEnd:
		m.pending = []*waiting{wait(End, 0)}
	case stageOver:
	}
}

// Next returns the requests to be sent now, all of which must be answered before Next is called again. Of several
// batches for one place only the first that is not acknowledged is among them: a partition takes one at a time.
func (m *Machine) Next() []Request {
	var out []Request
	busy := map[Place]bool{}
	for _, r := range m.pending {
		if r == nil {
			continue
		}
		if r.Step == Produce {
			if busy[m.places[r.Batch]] {
				continue
			}
			busy[m.places[r.Batch]] = true
		}
		out = append(out, r.Request)
	}
	return out
}

// Answer takes what came of a request. An answer to a request that is not waited for (a late one, of an earlier
// try) changes nothing.
func (m *Machine) Answer(r Request, a Answer) {
	i := m.find(r)
	if i < 0 {
		return
	}
	w := m.pending[i]
	switch react(r.Step, a) {
	case done:
		m.pending[i] = nil
		m.advance(r, a)
	case again:
		w.Try, w.last = w.Try+1, a
	case unsure:
		m.out.Dirty = true
		w.Try, w.last = w.Try+1, a
	case isDoubt:
		m.end(Doubt, r, a)
	case isFenced:
		m.end(Fenced, r, a)
	case isStale:
		m.end(Stale, r, a)
	case isRefused:
		m.end(Refused, r, a)
	}
}

// Expire tells that the time for this transaction has passed. The outcome names what still lacks a good answer, rather
// something that was refused than something silent: its code says more.
func (m *Machine) Expire() {
	if m.stage == stageOver {
		return
	}
	var chosen *waiting
	for _, w := range m.pending {
		if w != nil && (chosen == nil || chosen.last.Silent && !w.last.Silent) {
			chosen = w
		}
	}
	if chosen == nil { // nothing but Fill
		chosen = wait(AddOffsets, 0)
	}
	m.end(Doubt, chosen.Request, chosen.last)
}

// Outcome is the verdict so far; Open as long as there is something to do, and then only Dirty says something yet.
func (m *Machine) Outcome() Outcome { return m.out }

func (m *Machine) find(r Request) int {
	for i, p := range m.pending {
		if p != nil && p.Step == r.Step && p.Batch == r.Batch && p.Try == r.Try {
			return i
		}
	}
	return -1
}

// advance goes on to the next stage when the present one needs nothing more.
func (m *Machine) advance(r Request, a Answer) {
	for _, p := range m.pending {
		if p != nil {
			return
		}
	}
	if m.stage == stageEnd {
		m.end(Committed, r, a)
		return
	}
	m.enter(m.stage + 1)
}

func (m *Machine) end(v Verdict, r Request, a Answer) {
	m.stage, m.pending = stageOver, nil
	m.out = Outcome{Verdict: v, Dirty: m.out.Dirty, Step: r.Step, Batch: r.Batch, Last: a}
	m.out.Renew = v != Committed || m.out.Dirty && m.Version == V1
}
