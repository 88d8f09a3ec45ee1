// Package batch reads and writes Kafka's record batches (message format v2) as bytes.
//
// [Builder] makes the batch that a Produce request carries, [Stamp] puts a producer's identity into it, and [Walker]
// walks what a Fetch returned, dropping what read_committed must not see. Nothing here knows a broker: bytes in,
// bytes out, which is why every wrong byte can be tried in a test.
//
// A batch, all integers big-endian (offsets of the fields are in layout.go):
//
//	base offset | length | leader epoch | magic | crc | attributes | last offset delta | base time | max time |
//	producer id | producer epoch | base sequence | count | records, perhaps compressed as one
//
// and a record, all integers zigzag varints:
//
//	length | attributes | time delta | offset delta | key length, key | value length, value | count, headers
//
// The CRC covers everything from the attributes on. What stands before it (offset, length, leader epoch, magic) is
// written by brokers after the producer computed the CRC, so damage there shows only where it contradicts itself.
package batch
