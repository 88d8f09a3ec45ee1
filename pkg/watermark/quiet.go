package watermark

import "math"

// quiet tells whether the source brought no valid record for the given time, 0 = no time is long enough.
func (s *source) quiet(after, now int64) bool {
	return after > 0 && (s.spoke == never || now-s.spoke >= after)
}

// caughtUp tells whether a look-up that is still valid shows nothing in the source's log that was not reported.
func (s *Sources) caughtUp(src *source) bool {
	if src.asOf != s.reads {
		return false
	}
	if !src.known {
		// Where its owner will start is unknown, so only a log without anything in it is sure to bring nothing.
		return src.start == src.end
	}
	return src.to >= src.end
}

// Candidate returns the watermark that could be emitted at the time now if every quiet source were left out; where no
// source is active, if only those were that are known to be caught up. It is at least what was emitted.
func (s *Sources) Candidate(now int64) int64 {
	least, active := int64(math.MaxInt64), false
	for _, src := range s.all() {
		if src.ended || src.quiet(s.idleAfter, now) {
			continue
		}
		active = true
		least = min(least, src.watermark)
	}
	switch {
	case !s.counted():
		return s.emitted
	case !active:
		least = s.leastWaiting()
	}
	return max(s.emitted, least)
}

// Need returns, in rising order, the quiet sources that keep the watermark from Candidate(now) until a look-up shows
// that the end of their log has been reached. A source that a look-up showed behind is among them: retention may have
// emptied its log since.
func (s *Sources) Need(now int64) []Source {
	candidate := s.Candidate(now)
	if candidate <= s.emitted {
		return nil
	}
	var need []Source
	for at, src := range s.all() {
		if !src.ended && src.quiet(s.idleAfter, now) && src.watermark < candidate && !s.caughtUp(src) {
			need = append(need, at)
		}
	}
	return need
}

// LogEnd is the answer to a look-up: the source's log holds offsets [start, end), end being the high watermark. It
// was asked for at the time now, after the last report was applied; a question older than that must not be answered
// here. It is valid until the next report is applied. Of a topic that is not known it changes nothing.
func (s *Sources) LogEnd(of Source, start, end, now int64) {
	t := s.byID(of.TopicID)
	if t == nil {
		return
	}
	src := t.at(of.Partition)
	src.start, src.end, src.lookedUp, src.asOf = start, end, now, s.reads
}

// NeedIdle returns, in rising order, the sources whose log ends must be looked up before AllQuiet can be true; nil
// while some source is not quiet for that long.
func (s *Sources) NeedIdle(now int64) []Source {
	since, quiet := s.allQuietSince(now)
	if !quiet {
		return nil
	}
	var need []Source
	for at, src := range s.all() {
		if !src.ended && !(s.caughtUp(src) && src.lookedUp >= since) {
			need = append(need, at)
		}
	}
	return need
}

// AllQuiet tells whether the stream has stopped: every source brought nothing for the time given to New, and is
// either ended or caught up by a look-up of the time since. An earlier look-up does not count, because nothing tells
// what was appended in the meantime.
func (s *Sources) AllQuiet(now int64) bool {
	_, quiet := s.allQuietSince(now)
	return quiet && len(s.NeedIdle(now)) == 0
}

// allQuietSince returns from when on all sources have been quiet for closeIdleAfter, and whether now is past it.
func (s *Sources) allQuietSince(now int64) (since int64, quiet bool) {
	since = never
	for _, src := range s.all() {
		if !src.quiet(s.closeIdleAfter, now) {
			return 0, false
		}
		if src.spoke != never {
			since = max(since, src.spoke+s.closeIdleAfter)
		}
	}
	return since, s.counted()
}
