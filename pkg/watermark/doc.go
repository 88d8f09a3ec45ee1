// Package watermark says how far event time has come for a sink: which source partitions there are, which of them are
// quiet, and the minimum over the others.
//
// It is a state machine of values: it never looks at a clock or a broker. All times are nanoseconds since the Unix
// epoch, passed in. A sink's loop over it reads
//
//	for each partial:  Topics(its topics); Apply(source, now) for each source of its last chunk
//	if Candidate(now) would close a window:  look up the log ends of Need(now), LogEnd for each answer
//	w, holders := Watermark(now)
//
// # Non-obvious
//
//   - Quietness is read from the log, not declared. Time alone never leaves a source out: its log's end must have been
//     looked up after the partial that lets a window close was read, and its span end must have reached it. So an
//     owner that is dead or behind holds everybody, and a crash never turns on-time records into late ones.
//   - Every Apply therefore makes all look-ups void. A look-up that fails is simply never passed in.
//   - Empty spans and spans of nothing but rejects are not speech: a device that sends only garbage must not stop the
//     world, and a rebalance must not wake every sleeper.
//   - A source that never spoke is quiet at once, since there is nothing to wait for that its log would not show.
//   - Until the partitions of all topics are counted the watermark stands still: a partition nobody counted may hold
//     older records.
//   - A source is known by its topic's id, for a partial of a single topic does not name it. Names say which topic took
//     the place of another, and which are waited for (List).
//   - What is known of a topic that is not listed any longer is kept: when it is taken in again, its spans go on where
//     they ended.
package watermark
