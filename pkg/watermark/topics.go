package watermark

import (
	"cmp"
	"iter"
	"slices"

	"github.com/meanstream/meanstream/pkg/window"
)

// Source names a partition of a source topic.
type Source struct {
	TopicID   [16]byte
	Partition int32
}

// Topic is a source topic.
type Topic struct {
	ID         [16]byte
	Name       string // empty where it is not known: a partial of a processor that reads one topic does not name it
	Partitions int32  // 0 where they are not counted
}

// topic is what is known of a source topic.
type topic struct {
	id      [16]byte
	name    string
	counted int32 // partitions as told; 0 = nobody counted yet
	sources []source
}

// List says which topics are waited for, by name; nil, the default, means all that are heard of. What is known of
// another topic is kept, for it may be taken in again, but it neither holds the watermark nor lets it rise.
func (s *Sources) List(names []string) { s.listed = names }

// Topics says which topics there are and how many partitions they have, by their metadata or by a partial. The number
// never shrinks. The answer names those that nothing was learnt of, because reports came of another topic of that name:
// it was deleted and created again.
func (s *Sources) Topics(told []Topic) (recreated []string) {
	// Those whose id is known come first: they give names to topics that had none, which then are nobody's namesakes.
	for _, known := range []bool{true, false} {
		for _, t := range told {
			if (s.byID(t.ID) != nil) == known && !s.tell(t) {
				recreated = append(recreated, t.Name)
			}
		}
	}
	return recreated
}

// tell takes in what is said of one topic; false if that is another life of one that is known.
func (s *Sources) tell(t Topic) bool {
	k := s.byID(t.ID)
	if k == nil {
		if k = s.namesake(t.Name); k != nil && k.reported() {
			return false
		}
	}
	if k == nil {
		k = s.add(t.ID, t.Name)
	}
	if k.id != t.ID { // nobody has read what it was before
		*k = topic{id: t.ID, name: k.name}
	}
	if t.Name != "" && k.name == "" {
		// Whatever else goes by this name was looked up and is no more: it is this one that was reported.
		s.topics = slices.DeleteFunc(s.topics, func(o *topic) bool { return o != k && o.name == t.Name && !o.reported() })
		k.name = t.Name
		s.sort()
	}
	k.counted = max(k.counted, t.Partitions)
	return true
}

// namesake is the topic that another one, of an id that is not known, has taken the place of, if any: that of its name,
// else one whose name is not known. Who reads one topic does not name it, so its topic takes the place of any.
func (s *Sources) namesake(name string) *topic {
	var nameless *topic
	for _, t := range s.topics {
		switch {
		case t.name != "" && t.name == name:
			return t
		case t.name == "":
			nameless = t
		case name == "" && t.reported() && s.isListed(t) && nameless == nil:
			nameless = t
		}
	}
	return nameless
}

func (s *Sources) byID(id [16]byte) *topic {
	for _, t := range s.topics {
		if t.id == id {
			return t
		}
	}
	return nil
}

func (s *Sources) add(id [16]byte, name string) *topic {
	t := &topic{id: id, name: name}
	s.topics = append(s.topics, t)
	s.sort()
	return t
}

// sort keeps topics by name, so that answers do not depend on who was heard of first.
func (s *Sources) sort() {
	slices.SortStableFunc(s.topics, func(a, b *topic) int { return cmp.Compare(a.name, b.name) })
}

func (s *Sources) isListed(t *topic) bool {
	return s.listed == nil || t.name == "" || slices.Contains(s.listed, t.name)
}

// counted tells whether the partitions of all topics are counted.
func (s *Sources) counted() bool {
	any := false
	for _, t := range s.topics {
		if s.isListed(t) {
			if any = true; t.counted == 0 {
				return false
			}
		}
	}
	return any
}

// all goes through the sources of the topics that are waited for, those that were counted and never reported included.
func (s *Sources) all() iter.Seq2[Source, *source] {
	return func(yield func(Source, *source) bool) {
		for _, t := range s.topics {
			if !s.isListed(t) {
				continue
			}
			if t.counted > 0 {
				t.at(t.counted - 1)
			}
			for i := range t.sources {
				if !yield(Source{t.id, int32(i)}, &t.sources[i]) {
					return
				}
			}
		}
	}
}

// Name is the name of a source's topic; empty if it is not known.
func (s *Sources) Name(src Source) string {
	if t := s.byID(src.TopicID); t != nil {
		return t.name
	}
	return ""
}

// reported tells whether any report of the topic took effect.
func (t *topic) reported() bool {
	return slices.ContainsFunc(t.sources, func(s source) bool { return s.known })
}

// at returns the state of a partition, which counts as existing from now on.
func (t *topic) at(partition int32) *source {
	for int(partition) >= len(t.sources) {
		t.sources = append(t.sources, source{watermark: window.NoWatermark, spoke: never})
	}
	return &t.sources[partition]
}
