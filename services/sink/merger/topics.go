package merger

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/watermark"
)

// ErrTopics means that the processors read a topic that this sink does not wait for: whatever came of it could find its
// windows closed.
var ErrTopics = errors.New("the processors read a topic that is not in the sink's --records-topic")

// WaitFor says which source topics are waited for, by name.
func (s *State) WaitFor(topics []string) {
	s.topics = topics
	s.Sources.List(topics)
}

// heard takes in what a partial whose sources are about to take effect says of topics. reads names those that its
// processor reads, where they are others than are waited for.
func (s *State) heard(p *partial.Partial, sources []partial.Source) (reads []string, err error) {
	if len(sources) == 0 {
		return nil, nil
	}
	if len(p.Topics) == 0 {
		only := watermark.Topic{ID: sources[0].TopicID, Partitions: p.SourcePartitions}
		s.Sources.Topics([]watermark.Topic{only})
		if len(s.topics) < 2 {
			return nil, nil
		}
		name := s.Sources.Name(watermark.Source{TopicID: only.ID})
		if name == "" {
			name = fmt.Sprintf("the topic with the id %x", only.ID)
		}
		return []string{name}, nil
	}
	told := make([]watermark.Topic, len(p.Topics))
	for i, t := range p.Topics {
		if s.topics != nil && !slices.Contains(s.topics, t.Name) {
			return nil, fmt.Errorf("%w: %s is read by group %q (writer %s), and this sink waits for %s: start the sink with the same list; "+
				"or, if the processors do not read it any more, with both until it has read what is there, and then without",
				ErrTopics, t.Name, p.Group, p.Writer, strings.Join(s.topics, ","))
		}
		told[i] = watermark.Topic(t)
		reads = append(reads, t.Name)
	}
	s.Sources.Topics(told)
	if slices.Equal(reads, s.topics) { // both are sorted
		return nil, nil
	}
	return reads, nil
}

// remembered turns what a commit remembers of sources into what is known of them.
func remembered(m *checkpoint.Merge) ([]watermark.Topic, []watermark.State) {
	topics := []watermark.Topic{{ID: m.TopicID}}
	if m.Topics != nil {
		topics = nil
	}
	for _, t := range m.Topics {
		topics = append(topics, watermark.Topic{ID: t.ID, Name: t.Name})
	}
	states := make([]watermark.State, len(m.Sources))
	for i, src := range m.Sources {
		states[i] = watermark.State(src)
	}
	return topics, states
}

// remember puts what is known of sources into what a commit remembers. The name of a single topic is not in it: it is
// looked up anew.
func remember(m *checkpoint.Merge, topics []watermark.Topic, states []watermark.State) {
	m.TopicID, m.Topics = [16]byte{}, nil
	if len(topics) == 1 {
		m.TopicID = topics[0].ID
	} else {
		for _, t := range topics {
			m.Topics = append(m.Topics, checkpoint.SourceTopic{ID: t.ID, Name: t.Name})
		}
	}
	m.Sources = make([]checkpoint.SourceState, len(states))
	for i, st := range states {
		m.Sources[i] = checkpoint.SourceState(st)
	}
}
