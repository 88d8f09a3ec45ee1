// Package record turns the value of one Kafka message into a measurement, or says why it cannot count.
//
// The usual record is one flat JSON object,
//
//	{"timestamp":1764000000,"value":53.214,"category":"B"}
//
// with the timestamp in seconds since the Unix epoch. The reference for every verdict is encoding/json: the value is
// decoded into a map[string]json.RawMessage (exact names after unescaping, the last of a duplicate wins, everything
// else skipped whatever it holds), then the three fields are judged by our own rules. That reference is slow.go; fast.go
// reads the usual spellings by hand, skips what nobody asked for (skip.go) and hands over everything of which it is not
// certain. It may be faster, never different, and a fuzzer holds it to that. In front of it stands shape.go, which compares
// a record with the last one that fast.go read: where only the three values differ, and others that were seen to, it reads
// these alone. Fields that nobody asked for may be many: what stands between two of them is compared as two words (gap.go).
//
// A record with several faults has one reason, the first in this order:
//
//  1. TooLarge
//  2. Tombstone, then Empty
//  3. NotJSON, then NotObject
//  4. MissingTimestamp, TimestampType, TimestampFormat, TimestampRange
//  5. MissingValue, ValueType, ValueRange
//  6. MissingCategory, CategoryType, CategoryUTF8, CategoryEmpty, CategoryLong
//  7. ValueFailed, KeepFailed
//  8. InFuture, which needs the message's own time: the caller asks Future
//
// A [Mapping] lets the three stand elsewhere: nested, in the key, a header or Kafka's time. It is compiled once into a tree
// of all paths that are asked for, by it and by expressions. One pass over the record (scan.go), or encoding/json where
// that pass is not certain (tree.go), puts what stands there into slots; from then on there is one way only, so the two
// can differ in nothing but what they find, which a fuzzer compares. The default mapping keeps a pass of its own.
//
// Expressions are those of github.com/expr-lang/expr, of which resolver.go refuses all that could loop, allocate without
// bound or depend on more than the record.
//
// So a retry, another replica or a later version gives the same reason for the same bytes. The package knows neither
// Kafka nor a clock.
package record
