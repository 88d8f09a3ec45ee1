package partial

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// With one source topic a partial says of it what each of its sources repeats, the topic's id. With several it lists the
// topics once, behind everything else, and each source says the topic's place in that list.

// compare orders sources as they are written.
func (s Source) compare(o Source) int {
	return cmp.Or(strings.Compare(s.Topic, o.Topic), cmp.Compare(s.Partition, o.Partition))
}

// topic is the place of a name in the list of topics, which is sorted; -1 if it is not there.
func (p *Partial) topic(name string) int {
	i, ok := slices.BinarySearchFunc(p.Topics, name, func(t Topic, name string) int { return strings.Compare(t.Name, name) })
	if !ok {
		return -1
	}
	return i
}

func (p *Partial) checkTopics() error {
	if len(p.Topics) == 1 {
		return fmt.Errorf("%w: a list of one topic, %q, want none or several", ErrMalformed, p.Topics[0].Name)
	}
	sum := int64(0)
	for i, t := range p.Topics {
		if t.Name == "" || len(t.Name) > maxTopic || !utf8.ValidString(t.Name) || t.Partitions < 1 {
			return fmt.Errorf("%w: topic %q with %d partitions, want a name of 1 to %d bytes of UTF-8 and at least 1", ErrMalformed, t.Name, t.Partitions, maxTopic)
		}
		if i > 0 && p.Topics[i-1].Name >= t.Name {
			return fmt.Errorf("%w: topic %q is out of order or there twice", ErrMalformed, t.Name)
		}
		sum += int64(t.Partitions)
	}
	if len(p.Topics) > 0 && sum != int64(p.SourcePartitions) {
		return fmt.Errorf("%w: %d source partitions, and %d in its topics", ErrMalformed, p.SourcePartitions, sum)
	}
	for _, s := range p.Sources {
		if len(p.Topics) == 0 && s.Topic == "" {
			continue
		}
		if i := p.topic(s.Topic); i < 0 || p.Topics[i].ID != s.TopicID {
			return fmt.Errorf("%w: source partition %d is of topic %q with the id %x, which is not among its topics", ErrMalformed, s.Partition, s.Topic, s.TopicID)
		}
	}
	return nil
}

// ownID stands for the place of the topic of a source that has the topic's id itself.
const ownID int32 = -1

// place gives the sources of a message the topics that they point at.
func (p *Partial) place(points []int32) error {
	for i, at := range points {
		switch {
		case at == ownID && len(p.Topics) == 0:
		case at < 0 || int(at) >= len(p.Topics):
			return fmt.Errorf("%w: source %d of the message names none of its %d topics, nor has a topic id of %d bytes", ErrMalformed, i, len(p.Topics), len(p.Sources[i].TopicID))
		default:
			p.Sources[i].Topic, p.Sources[i].TopicID = p.Topics[at].Name, p.Topics[at].ID
		}
	}
	return nil
}

func (t *Topic) append(b []byte) []byte {
	b = protowire.AppendTag(b, topicID, protowire.BytesType)
	b = protowire.AppendBytes(b, t.ID[:])
	b = appendString(b, topicName, t.Name)
	return appendVarint(b, topicPartitions, int64(t.Partitions))
}

func (t *Topic) decode(message field) error {
	if err := message.is(protowire.BytesType); err != nil {
		return err
	}
	id := ""
	err := each(message.bytes, func(f field) error {
		switch f.number {
		case topicID:
			return f.string(&id)
		case topicName:
			return f.string(&t.Name)
		case topicPartitions:
			return f.int32(&t.Partitions)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return readID(&t.ID, id)
}

func readID(to *[16]byte, id string) error {
	if len(id) != len(to) {
		return fmt.Errorf("%w: a topic id of %d bytes, want %d", ErrMalformed, len(id), len(to))
	}
	copy(to[:], id)
	return nil
}
