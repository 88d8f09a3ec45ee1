package model

// Holes takes precautions of the protocol away, one field each. The zero value is the protocol as it is.
type Holes struct {
	SecondAfterDoubt  bool // after a Produce in doubt the transaction is ended by EndTxn(abort), and the next one uses the same epoch
	IgnoreDirty       bool // no new epoch after a transaction that ended well and in which a request was unanswered
	UnstableFetch     bool // the take-over takes the committed offset as it is, commits under way or not
	DataFirst         bool // the offsets are sent after the data
	NoNaming          bool // the take-over opens partitions without committing its name first
	NoFencing         bool // the take-over waits for a hanging commit, and never fences its writer
	StayAfterNaming   bool // an unanswered naming commit is followed by another try, under the same member id
	NoLock            bool // a new tenure begins while the one before still finishes
	SharedEpoch       bool // a new tenure goes on with the epoch of the one before
	NoGeneration      bool // the group's coordinator is not told the generation
	BlindAfterFenced  bool // an EndTxn answered "fenced" is taken for an abort: what was held is committed again
	OptimisticEnd     bool // an EndTxn without an answer is taken for answered well
	CommittedIfFenced bool // an EndTxn answered "fenced" is taken for a commit: what was held is dropped
}

// Bounds limits what goes wrong on one path. All paths within the bounds are searched, so the search is exhaustive as
// long as Depth does not cut it.
type Bounds struct {
	Records [2]int8 // records in each source partition; each commit takes the next one of one partition or of both
	Faults  int8    // how much may go wrong in all; below, how often each kind may

	Silences   int8 // requests without an answer: a copy of each stays in the network and may arrive at any time
	Duplicates int8 // such copies that arrive and are still there
	Refusals   int8 // answers 16, of brokers that did what was asked and of brokers that did not
	Expiries   int8 // commits whose time is over
	Rebalances int8 // assignments that change while both live: the former owner need not know
	Rejoins    int8 // new tenures in the same generation
	Timeouts   int8 // transactions that their coordinator gives up
	Kills      int8 // processes that die

	ProduceOnly bool // of requests only Produce goes unanswered

	Depth int // the longest path, in effects; 0: no limit
}

// Rules is what one search goes by.
type Rules struct {
	Holes  Holes
	Bounds Bounds
	// Version2: the cluster has transaction version 2, in which the coordinator raises the epoch at each end, and EndTxn's
	// answer carries the new one. Each transaction asks for the version; where that goes wrong (a refusal) it is of
	// version 1, as all are without Version2.
	Version2 bool
	// Unverified brokers (before 3.6) append what comes under a transactional id without asking its coordinator.
	Unverified bool
}

// The kinds of things that go wrong, as they are counted in State.Left.
const (
	anyFault = iota
	silence
	duplicate
	refusal
	expiry
	rebalance
	rejoin
	timeout
	kill
	faults
)

func (b Bounds) left() [faults]int8 {
	return [faults]int8{b.Faults, b.Silences, b.Duplicates, b.Refusals, b.Expiries, b.Rebalances, b.Rejoins, b.Timeouts, b.Kills}
}
