// Package record turns the value of one Kafka message into a measurement, or says why it cannot count.
//
// The usual record is one flat JSON object,
//
//	{"timestamp":1764000000,"value":53.214,"category":"B"}
//
// with the timestamp in seconds since the Unix epoch. The reference for every verdict is encoding/json: the value is
// decoded into a map[string]json.RawMessage (exact names after unescaping, the last of a duplicate wins, everything
// else skipped whatever it holds), then the three fields are judged by our own rules. That reference is slow.go; fast.go
// reads the usual spellings by hand and hands over everything of which it is not certain. It may be faster, never
// different, and a fuzzer holds it to that.
//
// A record with several faults has one reason, the first in this order:
//
//  1. TooLarge
//  2. Tombstone, then Empty
//  3. NotJSON, then NotObject
//  4. MissingTimestamp, TimestampType, TimestampRange
//  5. MissingValue, ValueType, ValueRange
//  6. MissingCategory, CategoryType, CategoryUTF8, CategoryEmpty, CategoryLong
//  7. InFuture, which needs the message's own time: the caller asks Future
//
// So a retry, another replica or a later version gives the same reason for the same bytes. The package knows neither
// Kafka nor a clock.
package record
