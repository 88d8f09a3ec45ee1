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
	TimestampFormat // text that --time-format does not know
	TimestampRange
	MissingValue
	ValueType
	ValueRange
	MissingCategory
	CategoryType
	CategoryUTF8
	CategoryEmpty
	CategoryLong
	ValueFailed // the expression that computes the value could not be evaluated
	KeepFailed  // nor the rule
	InFuture    // never from Decode: the caller asks Future
	reasonsEnd  // one past the last; new reasons go before it, where they are judged
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
	id, _ := r.words(usualWording())
	return id
}

// Explain is a sentence for the person who sent the record: what is wrong and what would be right, in the names of the
// default mapping. Decoder.Explain knows others.
func (r Reason) Explain() string {
	_, sentence := r.words(usualWording())
	return sentence
}

func (r Reason) words(w wording) (id, sentence string) {
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
		return "not-object", "The record is valid JSON but not an object: write one {...} with " + w.fields + " in each message."
	case MissingTimestamp, TimestampType, TimestampFormat, TimestampRange:
		return r.timestampWords(w)
	case MissingValue, ValueType, ValueRange:
		return r.valueWords(w)
	case MissingCategory, CategoryType, CategoryUTF8, CategoryEmpty, CategoryLong:
		return r.categoryWords(w)
	case ValueFailed:
		return "value-failed", "The value could not be computed (--value): " + w.detail + "."
	case KeepFailed:
		return "keep-failed", "The rule could not be judged (--keep): " + w.detail + "."
	case InFuture:
		return "future", "The timestamp is too far ahead of the message's own time (--max-future): check the sender's clock and that it sends " + w.unit + "."
	default:
		return "unknown", "The record was rejected for a reason that this version does not know."
	}
}

func (r Reason) timestampWords(w wording) (id, sentence string) {
	switch r {
	case MissingTimestamp:
		return "missing-timestamp", w.time + " is missing" + w.timeCase + ": give " + w.timeMissing + "."
	case TimestampType:
		return "timestamp-type", w.time + " is not " + w.timeKind + ": give " + w.timeRight + "."
	case TimestampFormat:
		return "timestamp-format", w.time + " is text that is no time (--time-format): give " + w.timeRight + "."
	default:
		return "timestamp-range", w.time + " lies outside the years 1678 to 2261" + w.timeOutside + "."
	}
}

func (r Reason) valueWords(w wording) (id, sentence string) {
	switch r {
	case MissingValue:
		return "missing-value", w.value + " is missing" + w.valueCase + ": give the measurement as a number, such as 53.214."
	case ValueType:
		return "value-type", w.value + " is not a number: give the measurement" + w.valueQuotes + ", such as 53.214."
	default:
		return "value-range", w.value + " is beyond what a 64-bit float can hold, about ±1.8e308."
	}
}

func (r Reason) categoryWords(w wording) (id, sentence string) {
	switch r {
	case MissingCategory:
		return "missing-category", w.category + " is missing" + w.categoryCase + `: give the name under which to average, such as "B".`
	case CategoryType:
		return "category-type", w.category + ` is not a string: put the name in double quotes, such as "B".`
	case CategoryUTF8:
		return "category-utf8", w.category + ` is not valid UTF-8: it holds stray bytes or half of a \uD800-\uDFFF escape pair.`
	case CategoryEmpty:
		return "category-empty", w.category + " is an empty string: give a name of 1 to 1,024 bytes."
	default:
		return "category-long", w.category + " is longer than 1,024 bytes of UTF-8: give a shorter name."
	}
}
