package record

// Verdict is what became of one record. Every record read ends in exactly one, so the four counts add up to the number
// of records read.
type Verdict uint8

// The order of judgement is the reverse of this list: rejected, late, filtered, kept.
const (
	Kept     Verdict = iota // it is part of its window's result
	Filtered                // it was valid and in time, and the user's rule leaves it out
	Late                    // every window it belongs to had ended
	Rejected                // it could not count: see Reason
)

// String is the verdict in lower case, as metrics label it.
func (v Verdict) String() string {
	switch v {
	case Kept:
		return "kept"
	case Filtered:
		return "filtered"
	case Late:
		return "late"
	case Rejected:
		return "rejected"
	default:
		return "unknown"
	}
}
