package window

import "math"

// NoWatermark is the watermark of a source that has not yet brought a valid record.
const NoWatermark int64 = math.MinInt64

// Judge decides which records of one source partition are late. Its watermark is the greatest event time read so far
// less the lateness, and travels in the offset commit: whoever owns the partition next sets it and judges every later
// record as this owner would have.
type Judge struct {
	Windows
	Lateness  int64 // nanoseconds, not negative; may change between two owners, the watermark does not fall for it
	Watermark int64 // NoWatermark before the first valid record

	pane    Bounds // that of the last record behind the watermark, where windows hop
	lastEnd int64  // of its last window
}

// Late tells whether a record with event time t comes too late, that is, whether all windows that hold it end at or
// before the watermark as the record is read; then it lets the record advance the watermark. It is called once for every
// valid record in the partition's order, kept or filtered alike, and never for a rejected one.
//
// Of a record that is not late, those windows count it that end after the watermark as it was before the call.
func (j *Judge) Late(t int64) bool {
	// A window ends after any time within it, so a record at or past the watermark needs no division.
	late := t < j.Watermark && j.end(t) <= j.Watermark
	// A late record needs no exception here: t - lateness is below its windows' ends, which the watermark has passed.
	j.Watermark = max(j.Watermark, before(t, j.Lateness))
	return late
}

// end is the end of the last window that holds t.
func (j *Judge) end(t int64) int64 {
	if j.Tumbles() {
		return Tumbling(t, j.Size).End
	}
	if t < j.pane.Start || t >= j.pane.End {
		j.pane, j.lastEnd = j.Windows.pane(t), j.LastEnd(t)
	}
	return j.lastEnd
}

// before returns t - lateness, stopping just above NoWatermark: a time so early is still a time.
func before(t, lateness int64) int64 {
	if t < NoWatermark+1+lateness {
		return NoWatermark + 1
	}
	return t - lateness
}
