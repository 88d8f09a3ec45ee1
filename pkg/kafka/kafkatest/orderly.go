package kafkatest

import (
	"cmp"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// orderly puts an answer into order whose lists kfake takes out of Go maps, or returns it as it is. What a client reads
// out of such a list decides who gets which partition: without this no run could be had twice.
func orderly(a Answer) ([]byte, error) {
	switch a.Request.Key {
	case kmsg.Metadata, kmsg.JoinGroup, kmsg.OffsetFetch:
	default:
		return a.frame, nil
	}
	parsed, err := a.Parse()
	if err != nil {
		return nil, err
	}
	switch resp := parsed.(type) {
	case *kmsg.MetadataResponse:
		slices.SortFunc(resp.Brokers, func(a, b kmsg.MetadataResponseBroker) int { return cmp.Compare(a.NodeID, b.NodeID) })
		for _, t := range resp.Topics {
			slices.SortFunc(t.Partitions, func(a, b kmsg.MetadataResponseTopicPartition) int { return cmp.Compare(a.Partition, b.Partition) })
		}
	case *kmsg.JoinGroupResponse:
		slices.SortFunc(resp.Members, func(a, b kmsg.JoinGroupResponseMember) int { return cmp.Compare(a.MemberID, b.MemberID) })
	case *kmsg.OffsetFetchResponse:
		for _, t := range resp.Topics {
			slices.SortFunc(t.Partitions, func(a, b kmsg.OffsetFetchResponseTopicPartition) int { return cmp.Compare(a.Partition, b.Partition) })
		}
	}
	return encodeAnswer(a.Request, parsed), nil
}
