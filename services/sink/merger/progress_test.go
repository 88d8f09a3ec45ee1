package merger

import (
	"maps"
	"slices"
	"testing"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// committed is what a sink has committed of one partition of partials, reading one topic or, if one is "b", two.
func committed(t *testing.T, placement int32, to map[broker.TopicPartition]int64) broker.Offset {
	t.Helper()
	m := checkpoint.Merge{Placement: placement, TopicID: [16]byte{'a'}}
	for _, at := range slices.SortedFunc(maps.Keys(to), broker.TopicPartition.Compare) {
		src := checkpoint.SourceState{Partition: at.Partition, Known: true, To: to[at]}
		if at.Topic != "a" {
			m.TopicID, m.Topics = [16]byte{}, []checkpoint.SourceTopic{{ID: [16]byte{'a'}, Name: "a"}, {ID: [16]byte{'b'}, Name: "b"}}
			src.Topic = 1
		}
		m.Sources = append(m.Sources, src)
	}
	body, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := checkpoint.Encode(checkpoint.Named{Writer: "w", Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return broker.Offset{At: 1, Metadata: text}
}

func TestProgressIsWhatIsMergedInEveryPartitionOfPartials(t *testing.T) {
	type reached = map[broker.TopicPartition]int64
	a0, a1, b1 := broker.TopicPartition{Topic: "a"}, broker.TopicPartition{Topic: "a", Partition: 1}, broker.TopicPartition{Topic: "b", Partition: 1}
	both := map[[16]byte]string{{'a'}: "a", {'b'}: "b"}
	for _, c := range []struct {
		name    string
		offsets []broker.Offset
		names   map[[16]byte]string
		want    reached
		known   bool
	}{
		{"the least of both", []broker.Offset{committed(t, 2, reached{a0: 10, a1: 7}), committed(t, 2, reached{a0: 8, a1: 9})}, both, reached{a0: 8, a1: 7}, true},
		{"one has not heard of a source", []broker.Offset{committed(t, 2, reached{a0: 10}), committed(t, 2, reached{a0: 8, a1: 9})}, both, reached{a0: 8}, true},
		{"one that was added later", []broker.Offset{committed(t, 1, reached{a0: 10}), {At: -1}}, both, reached{a0: 10}, true},
		{"one that nobody has committed yet", []broker.Offset{committed(t, 2, reached{a0: 10}), {At: -1}}, both, nil, false},
		{"partitions of one number", []broker.Offset{committed(t, 2, reached{a1: 10, b1: 3}), committed(t, 2, reached{a1: 8, b1: 5})}, both, reached{a1: 8, b1: 3}, true},
		{"one has not heard of a topic", []broker.Offset{committed(t, 2, reached{a1: 10}), committed(t, 2, reached{a1: 8, b1: 5})}, both, reached{a1: 8}, true},
		{"a topic that is off the list", []broker.Offset{committed(t, 1, reached{a1: 10, b1: 3})}, map[[16]byte]string{{'b'}: "b"}, reached{b1: 3}, true},
	} {
		if got, known := mergedTo(c.offsets, c.names); known != c.known || !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, %t, want %v, %t", c.name, got, known, c.want, c.known)
		}
	}
}
