// Package oracle says what the river must have published, from the records of the source topics alone, and judges what
// it did publish.
//
// [Judge] recomputes everything by brute force: records decoded into a map by encoding/json, numbers as fractions of
// integers of any size, all values of a window kept until they are added up. [Compare] holds what the results topic
// says against that and names the promise that broke. Nothing here is fast, and nothing here is shared with the code
// that it judges: it imports the standard library alone, so that no fault of theirs can hide behind the same fault here.
//
// The rules that it goes by:
//
//   - A record has one verdict, the first that fits of rejected, late, filtered, kept. Of several reasons for a rejection
//     the first counts: too-large; tombstone, empty; not-json, not-object; missing-timestamp, timestamp-type,
//     timestamp-format, timestamp-range; missing-value, value-type, value-range; missing-category, category-type, category-utf8,
//     category-empty, category-long; value-failed, keep-failed; future.
//   - A source is a partition of a source topic. Its watermark is the greatest event time read from it so far less the
//     lateness. Late and filtered records advance it, rejected ones do not. A record counts in those of its windows that
//     end after the watermark as it is read, and is late if none does.
//   - Where the rule changes on the way ([JudgeEach]), each record goes by its own, and the watermark never falls.
//   - Windows are half open and aligned to the epoch, on both sides of it, one every hop; or whole days of a time zone,
//     each of which begins when that zone's calendar first shows it or a later one.
//   - First and last are by event time, then by topic, partition and offset.
//   - A result states the aggregates that the rules of all its records ask for.
//   - Sum, mean and standard deviation are each rounded once from the exact value, ties to even.
//
// What depends on a clock is not judged here: a source left out because it was quiet, and the wall clock that a topic
// with CreateTime is held against. A test that compares must keep the first out, or say which windows may be missing, and
// say when records with a wrong time of their own were sent.
package oracle
