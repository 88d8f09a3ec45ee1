package merger

import (
	"maps"
	"testing"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// committed is what a sink has committed of one partition of partials.
func committed(t *testing.T, placement int32, to map[int32]int64) broker.Offset {
	t.Helper()
	m := checkpoint.Merge{Placement: placement}
	for p, at := range to {
		m.Sources = append(m.Sources, checkpoint.SourceState{Partition: p, Known: true, To: at})
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
	for _, c := range []struct {
		name    string
		offsets []broker.Offset
		want    map[int32]int64
		known   bool
	}{
		{"the least of both", []broker.Offset{committed(t, 2, map[int32]int64{0: 10, 1: 7}), committed(t, 2, map[int32]int64{0: 8, 1: 9})}, map[int32]int64{0: 8, 1: 7}, true},
		{"one has not heard of a source", []broker.Offset{committed(t, 2, map[int32]int64{0: 10}), committed(t, 2, map[int32]int64{0: 8, 1: 9})}, map[int32]int64{0: 8}, true},
		{"one that was added later", []broker.Offset{committed(t, 1, map[int32]int64{0: 10}), {At: -1}}, map[int32]int64{0: 10}, true},
		{"one that nobody has committed yet", []broker.Offset{committed(t, 2, map[int32]int64{0: 10}), {At: -1}}, nil, false},
	} {
		if got, known := mergedTo(c.offsets); known != c.known || !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, %t, want %v, %t", c.name, got, known, c.want, c.known)
		}
	}
}
