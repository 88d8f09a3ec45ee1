package model

// none stands for "no offset", "no writer", "no sequence".
const none = -1

// maxCopies and maxLog are more than the bounds in use need; beyond them the search stops with an error.
const (
	maxCopies = 4
	maxLog    = 6
)

// state is everything that the next steps can depend on. It is a comparable value without pointers: to copy it is to
// branch, and two equal ones have the same future.
type state struct {
	coords [2]coordinator // of the two transactional ids
	group  group
	out    out
	copies [maxCopies]request // unanswered requests that may still arrive, in a fixed order
	procs  [2]process
	left   [faults]int8 // how much may still go wrong
}

// begin has the first process in possession of both partitions, about to take its first epoch.
func begin(b Bounds) state {
	var s state
	s.left = b.left()
	s.group.gen = 1
	for p := range 2 {
		s.group.writer[p] = none
	}
	for i := range s.procs {
		s.out.seq[i] = none
	}
	s.procs[0].tenures[0] = tenure{phase: takingEpoch, gen: 1, ours: [2]bool{true, true}}
	return s
}

// may tells whether one more fault of a kind is allowed.
func (s *state) may(kind int) bool { return s.left[anyFault] > 0 && s.left[kind] > 0 }

func (s *state) spend(kind int) {
	s.left[anyFault]--
	s.left[kind]--
}

// kind of a request.
type kind int8

const (
	noRequest kind = iota
	initProducer
	nameCommit // the plain OffsetCommit of a take-over
	addOffsets
	addPartitions
	commitOffsets
	produce
	endCommit
	endAbort // only a driver with a hole sends it
)

func (k kind) String() string {
	return [...]string{"", "InitProducerID", "OffsetCommit", "AddOffsetsToTxn", "AddPartitionsToTxn", "TxnOffsetCommit", "Produce",
		"EndTxn(commit)", "EndTxn(abort)"}[k]
}

// request is one request's bytes. at is for each partition the offset to commit, or the first record of a batch's span
// (which is one record long); none where the partition is not concerned.
type request struct {
	kind  kind
	id    int8 // the transactional id: whose it is
	epoch int8
	gen   int8
	seq   int8
	at    [2]int8
	v2    bool // EndTxn: of transaction version 2
	// behind is not among the bytes: since the batch was made, a later tenure has read a position that it goes on from.
	behind bool
}

// key orders requests.
func (q request) key() uint64 {
	k := uint64(0)
	for _, b := range [...]int8{int8(q.kind), q.id, q.epoch, q.gen, q.seq, q.at[0], q.at[1]} {
		k = k<<8 | uint64(uint8(b))
	}
	k <<= 2 // the kind is small
	if q.behind {
		k |= 1
	}
	if q.v2 {
		k |= 2
	}
	return k
}

// phase of a tenure.
type phase int8

const (
	noTenure    phase = iota
	working           // taking over, and committing
	aborting          // a hole: EndTxn(abort) instead of a new epoch
	stale             // the group has moved on; waits to hear of it
	takingEpoch       // InitProducerID until it is answered well; then a round begins
	left              // has left the group because of a naming commit in doubt
)

// status of a partition in a tenure.
type status int8

const (
	notOurs status = iota
	missing        // to be fetched
	asked          // answered 88: whose commit hangs is to be looked up
	fetched        // its position is known, and is still to be committed under our name
	open           // being read
)

// part is what a tenure knows of a partition.
type part struct {
	status     status
	at         int8 // the next record to read, when fetched or open
	hangs      bool // a hanging commit was seen, with the name and the offset committed before it
	hangWriter int8
	hangAt     int8
	fenced     bool // its writer was fenced for hanging behind fencedAt: once is enough
	fencedAt   int8
}

// tenure mirrors group.Tenure with its round, its take-over, and txn.Driver.
type tenure struct {
	phase   phase
	gen     int8
	epoch   int8
	seq     int8    // of the next batch
	fresh   bool    // nothing on this epoch is in doubt
	ending  bool    // the round ends when the commit under way is over,
	after   phase   // and this follows
	keep    bool    // a hole: the next epoch is followed by no fetch
	ours    [2]bool // what the generation assigned
	fencing bool    // the other process is being fenced for a commit that hangs
	parts   [2]part

	node   uint8    // of the machine, 0: no transaction is begun
	ahead  bool     // no commit under way yet: the transaction is begun ahead of it
	v2     bool     // the transaction's version is 2
	at     [2]int8  // the commit's span begins here, none: partition not in it
	behind bool     // a later tenure has read one of these positions since
	late   bool     // a hole: the offsets are still to be sent
	got    [2]reply // what the present round of requests was answered so far
}

// process is one start of a program. Its transactional id is its number.
type process struct {
	dead    bool
	tenures [2]tenure // the second only where a hole lets two run side by side: the older one
}

// reply is what came of one request of a round.
type reply struct {
	is   replyKind
	code int8
}

type replyKind int8

const (
	notYet replyKind = iota
	answered
	silent
)

// Codes that the modelled brokers answer.
const (
	ok                int8 = 0
	notCoordinator    int8 = 16
	illegalGeneration int8 = 22
	outOfOrder        int8 = 45
	invalidEpoch      int8 = 47
	invalidTxnState   int8 = 48
	concurrent        int8 = 51
	unstable          int8 = 88
	fencedProducer    int8 = 90
)
