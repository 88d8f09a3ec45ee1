// Package result is what everyone may believe: it merges the partials of one partials partition into open windows,
// closes those that a watermark has passed, and says each result once, in one order.
//
// It is a state machine of values, without a clock or a broker. A sink's loop over it reads
//
//	for each partial:   sources, dropped, err := Merge(offset, p)
//	Close(watermark)
//	while Closing():    publish Take(maxBytes) and commit Emitted, Cursor and ReplayFrom(position), in one transaction
//
// and after a restart: Import(emitted, cursor), then Replay everything from ReplayFrom up to the position.
//
// # Non-obvious
//
//   - Closed is what was handed out, not what the watermark has passed: while a closing takes several transactions, a
//     window that it has not come to yet still takes what arrives. So a restart in the middle, which sees the cursor
//     alone, holds the same windows as the process before it did.
//   - The order of results is window end, then category by bytes, then start. All starts of one (end, category) leave
//     together, because the cursor cannot name a place between them.
//   - Entries of a chunk are merged at once; the sources take effect with the last chunk. Nothing can close between
//     the two on account of a source whose report is still incomplete.
//   - The first offset is kept per window end, also when part of it has been handed out: to replay too much is only
//     slower, to replay too little loses records.
package result
