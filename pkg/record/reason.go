package record

// Reason is why a record was rejected, None if it was not. The numbers mean nothing outside one process; what headers
// and metrics carry is String, which never changes once released.
type Reason uint8

// The reasons in the order in which they are judged.
const (
	None Reason = iota
	TooLarge
	Tombstone
	Empty
	NotJSON
	NotObject
	MissingTimestamp
	TimestampType
	TimestampRange
	MissingValue
	ValueType
	ValueRange
	MissingCategory
	CategoryType
	CategoryUTF8
	CategoryEmpty
	CategoryLong
	InFuture   // never from Decode: the caller asks Future
	reasonsEnd // one past the last; new reasons go before it, where they are judged
)

// Reasons lists every reason for a rejection, None left out, in the order of judgement.
func Reasons() []Reason {
	all := make([]Reason, 0, reasonsEnd-1)
	for r := None + 1; r < reasonsEnd; r++ {
		all = append(all, r)
	}
	return all
}

// String is a short identifier in kebab-case, stable across releases: for headers and metric labels.
func (r Reason) String() string {
	id, _ := r.words()
	return id
}

// Explain is a sentence for the person who sent the record: what is wrong and what would be right.
func (r Reason) Explain() string {
	_, sentence := r.words()
	return sentence
}

func (r Reason) words() (id, sentence string) {
	switch r {
	case None:
		return "none", "Nothing is wrong with this record."
	case TooLarge:
		return "too-large", "The record is longer than the size limit (--max-record-bytes): send less in one record, or raise the limit."
	case Tombstone:
		return "tombstone", "The message has no value (null, a tombstone), so there is nothing to measure: send a JSON object."
	case Empty:
		return "empty", "The message's value is zero bytes long: send a JSON object."
	case NotJSON:
		return "not-json", "The record is not valid JSON: look for text cut short, single quotes, NaN or Infinity, a comma or text too many, or nesting deeper than 10,000 levels."
	case NotObject:
		return "not-object", "The record is valid JSON but not an object: write one {...} with timestamp, value and category in each message."
	case MissingTimestamp:
		return "missing-timestamp", `The field "timestamp" is missing (names are case-sensitive): give the seconds since 1970 as a number, such as 1764000000.`
	case TimestampType:
		return "timestamp-type", `The field "timestamp" is not a number: give the seconds since 1970 without quotes, such as 1764000000.`
	case TimestampRange:
		return "timestamp-range", `The field "timestamp" lies outside the years 1678 to 2261: it counts seconds since 1970, not milliseconds.`
	case MissingValue:
		return "missing-value", `The field "value" is missing (names are case-sensitive): give the measurement as a number, such as 53.214.`
	case ValueType:
		return "value-type", `The field "value" is not a number: give the measurement without quotes, such as 53.214.`
	case ValueRange:
		return "value-range", `The field "value" is beyond what a 64-bit float can hold, about ±1.8e308.`
	case MissingCategory:
		return "missing-category", `The field "category" is missing (names are case-sensitive): give the name under which to average, such as "B".`
	case CategoryType:
		return "category-type", `The field "category" is not a string: put the name in double quotes, such as "B".`
	case CategoryUTF8:
		return "category-utf8", `The field "category" is not valid UTF-8: it holds stray bytes or half of a \uD800-\uDFFF escape pair.`
	case CategoryEmpty:
		return "category-empty", `The field "category" is an empty string: give a name of 1 to 1,024 bytes.`
	case CategoryLong:
		return "category-long", `The field "category" is longer than 1,024 bytes of UTF-8: give a shorter name.`
	case InFuture:
		return "future", "The timestamp is too far ahead of the message's own time (--max-future): check the sender's clock and that it sends seconds."
	default:
		return "unknown", "The record was rejected for a reason that this version does not know."
	}
}
