package merger

import "github.com/meanstream/meanstream/pkg/partial"

// rules says by which rule each source's records were last judged. While processors are restarted one by one, sources of
// both rules are merged side by side: a change is a source's, and each has one.
type rules struct {
	remembered uint64 // by the last commit before this start; 0: none
	of         map[sourceKey]uint64
}

type sourceKey struct {
	topic     [16]byte
	partition int32
}

// changed tells whether a source goes by another rule from this report on. Which rule a source went by before this start
// is not known one by one: the commit remembers the last one that was met.
func (r *rules) changed(src partial.Source, rule uint64) bool {
	key := sourceKey{src.TopicID, src.Partition}
	before, known := r.of[key]
	if !known && !src.First {
		before = r.remembered
	}
	if r.of == nil {
		r.of = map[sourceKey]uint64{}
	}
	r.of[key] = rule
	return before != 0 && before != rule
}
