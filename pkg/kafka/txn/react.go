package txn

// reaction is what an answer means for a transaction.
type reaction uint8

const (
	done      reaction = iota
	again              // refused for now, and nothing of it is under way: the same once more
	unsure             // it may have its effect later: the same bytes once more, and a new epoch afterwards
	isDoubt            // the brokers lost track of us
	isFenced           // somebody else has our transactional id, or the coordinator gave our transaction up
	isStale            // the group has moved on
	isRefused          // no retry mends it
)

// Error codes of the protocol that a transaction can meet, by their protocol names.
const (
	unknownServerError     int16 = -1
	unknownTopic           int16 = 3
	leaderNotAvailable     int16 = 5
	notLeader              int16 = 6
	requestTimedOut        int16 = 7
	brokerNotAvailable     int16 = 8
	replicaNotAvailable    int16 = 9
	networkException       int16 = 13
	coordinatorLoading     int16 = 14
	coordinatorUnavailable int16 = 15
	notCoordinator         int16 = 16
	notEnoughReplicas      int16 = 19
	notEnoughAfterAppend   int16 = 20
	illegalGeneration      int16 = 22
	unknownMember          int16 = 25
	rebalanceInProgress    int16 = 27
	unsupportedVersion     int16 = 35
	outOfOrderSequence     int16 = 45
	duplicateSequence      int16 = 46
	invalidProducerEpoch   int16 = 47
	invalidTxnState        int16 = 48
	invalidProducerMapping int16 = 49
	concurrentTxns         int16 = 51
	operationNotAttempted  int16 = 55
	storageError           int16 = 56
	unknownProducer        int16 = 59
	listenerNotFound       int16 = 72
	fencedLeaderEpoch      int16 = 74
	unknownLeaderEpoch     int16 = 75
	fencedInstance         int16 = 82
	throttled              int16 = 89
	producerFenced         int16 = 90
	transactionAbortable   int16 = 120
)

// react judges one answer. Codes that it does not know, authorization and size errors among them, are refusals: a
// person has to act.
//
// again does not promise that there was no effect: 15 and 16 also mean "written, but not replicated in time", 6 also
// "appended, and then another became leader". What counts is that such an effect was in the log before the answer, so
// that the resend finds it there or replaces it. Only silence leaves a copy that acts later.
func react(s Step, a Answer) reaction {
	if a.Silent {
		return unsure
	}
	switch a.Code {
	case 0:
		return done
	case concurrentTxns, coordinatorLoading, coordinatorUnavailable, notCoordinator, throttled:
		return again
	case requestTimedOut, unknownServerError, networkException:
		return unsure
	case invalidProducerEpoch, producerFenced, invalidTxnState:
		return isFenced
	case outOfOrderSequence, duplicateSequence, invalidProducerMapping, unknownProducer, transactionAbortable:
		return isDoubt
	case unsupportedVersion:
		// The cluster's transaction version was lowered under this transaction: the next one asks for it again.
		return isDoubt
	case illegalGeneration, unknownMember, rebalanceInProgress, fencedInstance:
		return isStale
	case unknownTopic, operationNotAttempted:
		// Brokers learn of a new topic one after another; a topic that is gone for good runs into the deadline. 55 is
		// what AddPartitionsToTxn says of the partitions beside one that is unknown.
		return again
	}
	if s == Produce {
		return reactToProduce(a.Code)
	}
	return isRefused
}

// reactToProduce adds what only a partition's leader answers.
func reactToProduce(code int16) reaction {
	switch code {
	case leaderNotAvailable, notLeader, brokerNotAvailable, replicaNotAvailable, notEnoughReplicas, storageError,
		listenerNotFound, fencedLeaderEpoch, unknownLeaderEpoch:
		return again
	case notEnoughAfterAppend: // appended: the same sequence again is recognised
		return unsure
	}
	return isRefused
}
