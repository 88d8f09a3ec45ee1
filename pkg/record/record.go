package record

// MaxCategory is the greatest length of a category in bytes of UTF-8, after unescaping.
const MaxCategory = 1 << 10

// Record is one measurement.
type Record struct {
	Time     int64   // event time in nanoseconds since the Unix epoch, floored; within the years 1678 to 2261
	Value    float64 // finite, never -0
	Category []byte  // valid UTF-8 of 1 to MaxCategory bytes; aliases the input where it can
}

// Decoder reads records. It belongs to one goroutine and reuses its scratch; the zero Decoder is ready, without a size
// limit.
type Decoder struct {
	// MaxBytes is the greatest length of a message's value that is looked at; 0 or less means any.
	MaxBytes int

	fields fields
}

// Decode reads the value of one message into r and returns None, or says why it cannot count and leaves r as it was.
// tombstone says that the message had no value at all, which Kafka tells from an empty one. r.Category stays valid until
// the next Decode or until value is overwritten, whichever comes first. Decode never returns InFuture.
func (d *Decoder) Decode(value []byte, tombstone bool, r *Record) Reason {
	switch {
	case d.MaxBytes > 0 && len(value) > d.MaxBytes:
		return TooLarge
	case tombstone:
		return Tombstone
	case len(value) == 0:
		return Empty
	case fast(value, r):
		return None
	}
	return d.fields.slow(value, r)
}

// Future says whether eventTime lies more than maxFuture after recordTime, which rejects the record as InFuture. All
// three are nanoseconds, the times since the Unix epoch; a maxFuture of 0 or less switches the rule off. Any int64 may be
// passed.
func Future(eventTime, recordTime, maxFuture int64) bool {
	if maxFuture <= 0 || eventTime <= recordTime {
		return false
	}
	// The difference of two int64 always fits uint64, where int64 would wrap for times at opposite ends.
	return uint64(eventTime)-uint64(recordTime) > uint64(maxFuture)
}
