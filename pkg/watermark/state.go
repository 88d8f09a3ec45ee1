package watermark

// State is what a commit remembers of one source partition.
type State struct {
	Topic        int32 // its place in the list of topics
	Partition    int32
	Known, Ended bool
	To           int64 // offset at which its last span ended
	Watermark    int64 // nanoseconds since the Unix epoch; window.NoWatermark = none
}

// Export returns the states of all known sources in rising order, and their topics by name: also those that are not
// waited for any longer.
func (s *Sources) Export() (topics []Topic, states []State) {
	for _, t := range s.topics {
		if !t.reported() {
			continue
		}
		for i := range t.sources {
			if src := &t.sources[i]; src.known {
				states = append(states, State{int32(len(topics)), int32(i), true, src.ended, src.to, src.watermark})
			}
		}
		topics = append(topics, Topic{ID: t.id, Name: t.name, Partitions: t.counted})
	}
	return topics, states
}

// Import replaces everything known by the states of a commit and the watermark emitted by then. Every source counts as
// having spoken at the time now: how long it had been quiet before is not remembered, and to wait a little longer
// loses nothing. The partitions must be counted anew.
func (s *Sources) Import(topics []Topic, states []State, emitted, now int64) {
	s.topics = nil
	s.emitted = emitted
	for _, st := range states {
		if !st.Known {
			continue
		}
		t := s.byID(topics[st.Topic].ID)
		if t == nil {
			t = s.add(topics[st.Topic].ID, topics[st.Topic].Name)
		}
		*t.at(st.Partition) = source{known: true, ended: st.Ended, to: st.To, watermark: st.Watermark, spoke: now}
	}
}

// Known returns the span end of a source, and whether any report of it took effect.
func (s *Sources) Known(src Source) (to int64, known bool) {
	known, to = s.stands(s.byID(src.TopicID), nil, src.Partition)
	return to, known
}

// End is where a source has ended.
type End struct {
	Source
	To int64 // -1: it has not
}

// Ended returns the span end of each source, and whether all are ended. Nothing is while the partitions are not counted.
func (s *Sources) Ended() (ends []End, all bool) {
	all = s.counted()
	for at, src := range s.all() {
		end := int64(-1)
		if src.ended {
			end = src.to
		} else {
			all = false
		}
		ends = append(ends, End{at, end})
	}
	return ends, all
}

// Expect says, at the start of a run that exits at the end, how far a source's log reaches. An end mark short of it is
// of an earlier run: the source will bring more, so it is not ended any longer. Without this the first source that
// reports in a second run would close windows for which the others hold records.
func (s *Sources) Expect(of Source, end int64) {
	t := s.byID(of.TopicID)
	if t == nil {
		return // whatever is known is of another topic, and nothing of that one ended here
	}
	if src := t.at(of.Partition); src.ended && src.to < end {
		src.ended = false
	}
}
