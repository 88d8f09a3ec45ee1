package group

import (
	"fmt"
	"slices"
	"testing"

	"github.com/segmentio/kafka-go"
	"pgregory.net/rapid"
)

// TestEveryPartitionOfEveryTopicGoesToOneMemberAndAllGetTheirShare, whatever the order in which they are named.
func TestEveryPartitionOfEveryTopicGoesToOneMemberAndAllGetTheirShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var partitions []kafka.Partition
		var topics []string
		for i := range rapid.IntRange(1, 4).Draw(t, "topics") {
			topics = append(topics, fmt.Sprint("t", i))
			for p := range rapid.IntRange(1, 5).Draw(t, "partitions") {
				partitions = append(partitions, kafka.Partition{Topic: topics[i], ID: p})
			}
		}
		var members []kafka.GroupMember
		for i := range rapid.IntRange(1, 6).Draw(t, "members") {
			members = append(members, kafka.GroupMember{ID: fmt.Sprint("m", i), Topics: rapid.Permutation(topics).Draw(t, "list")})
		}
		got := spread{}.AssignGroups(rapid.Permutation(members).Draw(t, "members in order"), rapid.Permutation(partitions).Draw(t, "partitions in order"))
		owners := map[string]int{}
		for _, m := range members {
			n := 0
			for topic, ps := range got[m.ID] {
				for _, p := range ps {
					owners[fmt.Sprint(topic, p)]++
					n++
				}
			}
			if least := len(partitions) / len(members); n < least || n > least+1 {
				t.Fatalf("%s gets %d of %d partitions among %d members", m.ID, n, len(partitions), len(members))
			}
		}
		for _, p := range partitions {
			if n := owners[fmt.Sprint(p.Topic, p.ID)]; n != 1 {
				t.Fatalf("%s/%d has %d owners", p.Topic, p.ID, n)
			}
		}
		if again := (spread{}).AssignGroups(members, partitions); fmt.Sprint(again) != fmt.Sprint(got) {
			t.Fatalf("another order gives another assignment: %v and %v", got, again)
		}
	})
}

// TestNobodyGetsWhatItDoesNotRead: amid a change of the list members name different topics.
func TestNobodyGetsWhatItDoesNotRead(t *testing.T) {
	got := spread{}.AssignGroups(
		[]kafka.GroupMember{{ID: "old", Topics: []string{"a"}}, {ID: "new", Topics: []string{"b", "a"}}},
		[]kafka.Partition{{Topic: "a", ID: 0}, {Topic: "a", ID: 1}, {Topic: "b", ID: 0}, {Topic: "b", ID: 1}})
	if len(got["old"]["b"]) > 0 || !slices.Equal(got["new"]["b"], []int{0, 1}) || len(got["old"]["a"]) != 1 || len(got["new"]["a"]) != 1 {
		t.Errorf("assigned %v", got)
	}
}

func TestOneTopicIsSharedOutAsBefore(t *testing.T) {
	if all := balancers([]string{"a"}); len(all) != 2 || all[0].ProtocolName() != "range" {
		t.Errorf("offered are %v", all)
	}
}
