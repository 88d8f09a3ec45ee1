package group

import (
	"cmp"
	"slices"

	"github.com/segmentio/kafka-go"
)

// balancers are the ways to assign partitions that are offered to the group. With one topic they are kafka-go's own.
func balancers(topics []string) []kafka.GroupBalancer {
	usual := []kafka.GroupBalancer{kafka.RangeGroupBalancer{}, kafka.RoundRobinGroupBalancer{}}
	if len(topics) == 1 {
		return usual
	}
	return append([]kafka.GroupBalancer{spread{}}, usual...)
}

// spread shares the partitions of all topics out as if they were those of one, in ranges by topic and number.
// kafka-go's own balancers go topic by topic and begin with the same member each time: with six topics of one partition
// one member would have all the work.
type spread struct{}

// ProtocolName implements kafka.GroupBalancer.
func (spread) ProtocolName() string { return "meanstream-spread" }

// UserData implements kafka.GroupBalancer.
func (spread) UserData() ([]byte, error) { return nil, nil }

// AssignGroups implements kafka.GroupBalancer. While members name different topics, amid a change of the list, it goes
// topic by topic, since nobody may get a partition of a topic that it doesn't read.
func (spread) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	for _, m := range members {
		if !slices.Equal(sorted(m.Topics), sorted(members[0].Topics)) {
			return kafka.RangeGroupBalancer{}.AssignGroups(members, partitions)
		}
	}
	members, partitions = slices.Clone(members), slices.Clone(partitions)
	slices.SortFunc(members, func(a, b kafka.GroupMember) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(partitions, func(a, b kafka.Partition) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.ID, b.ID))
	})
	out := kafka.GroupMemberAssignments{}
	for i, m := range members {
		out[m.ID] = map[string][]int{}
		for _, p := range partitions[i*len(partitions)/len(members) : (i+1)*len(partitions)/len(members)] {
			out[m.ID][p.Topic] = append(out[m.ID][p.Topic], p.ID)
		}
	}
	return out
}

func sorted(topics []string) []string { return slices.Sorted(slices.Values(topics)) }
