package watermark

// State is what a commit remembers of one source partition.
type State struct {
	Partition    int32
	Known, Ended bool
	To           int64 // offset at which its last span ended
	Watermark    int64 // nanoseconds since the Unix epoch; window.NoWatermark = none
}

// Export returns the states of all known sources in rising order, and the id of their topic (zero without any).
func (s *Sources) Export() (topicID [16]byte, states []State) {
	for i := range s.sources {
		if src := &s.sources[i]; src.known {
			states = append(states, State{int32(i), true, src.ended, src.to, src.watermark})
		}
	}
	return s.topicID, states
}

// Import replaces everything known by the states of a commit and the watermark emitted by then. Every source counts as
// having spoken at the time now: how long it had been quiet before is not remembered, and to wait a little longer
// loses nothing. The partitions must be counted anew.
func (s *Sources) Import(topicID [16]byte, states []State, emitted, now int64) {
	s.sources, s.counted = nil, 0
	s.hasTopic, s.topicID = false, [16]byte{}
	s.emitted = emitted
	for _, st := range states {
		src := s.at(st.Partition)
		if !st.Known {
			continue
		}
		s.hasTopic, s.topicID = true, topicID
		*src = source{known: true, ended: st.Ended, to: st.To, watermark: st.Watermark, spoke: now}
	}
}

// Known returns the span end of a source, and whether any report of it took effect.
func (s *Sources) Known(partition int32) (to int64, known bool) {
	if int(partition) >= len(s.sources) {
		return 0, false
	}
	src := &s.sources[partition]
	return src.to, src.known
}

// Ended returns the span end of each partition that is ended, -1 for each other, and whether all are ended. Nothing is
// while the partitions are not counted.
func (s *Sources) Ended() (ends []int64, all bool) {
	s.extend()
	all = s.counted > 0
	for i := range s.sources {
		end := int64(-1)
		if src := &s.sources[i]; src.ended {
			end = src.to
		} else {
			all = false
		}
		ends = append(ends, end)
	}
	return ends, all
}

// Expect says, at the start of a run that exits at the end, how far a source's log reaches. An end mark short of it is
// of an earlier run: the source will bring more, so it is not ended any longer. Without this the first source that
// reports in a second run would close windows for which the others hold records.
func (s *Sources) Expect(partition int32, end int64) {
	if src := s.at(partition); src.ended && src.to < end {
		src.ended = false
	}
}
