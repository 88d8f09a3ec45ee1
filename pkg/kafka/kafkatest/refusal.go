package kafkatest

import (
	"fmt"
	"reflect"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// refusal is the answer, framed, that a broker gives when it refuses all of a request with one code.
func refusal(r Request, code int16) ([]byte, error) {
	req, err := r.Parse()
	if err != nil {
		return nil, fmt.Errorf("answer code %d: %w", code, err)
	}
	resp := refuse(req, code)
	if resp == nil {
		return nil, fmt.Errorf("answer code %d: %s has no place for one that is known here", code, r)
	}
	resp.SetVersion(r.Version)
	return encodeAnswer(r, resp), nil
}

// refuse fills in the code where a broker would: once for each partition that the request names, or at the top for
// requests that succeed or fail as a whole. Nil for a request whose answer it doesn't know.
func refuse(req kmsg.Request, code int16) kmsg.Response {
	resp := req.ResponseKind()
	switch req := req.(type) {
	case *kmsg.ProduceRequest:
		refuseProduce(req, resp.(*kmsg.ProduceResponse), code)
	case *kmsg.FetchRequest:
		refuseFetch(req, resp.(*kmsg.FetchResponse), code)
	case *kmsg.ListOffsetsRequest:
		refuseListOffsets(req, resp.(*kmsg.ListOffsetsResponse), code)
	case *kmsg.OffsetCommitRequest:
		refuseOffsetCommit(req, resp.(*kmsg.OffsetCommitResponse), code)
	case *kmsg.TxnOffsetCommitRequest:
		refuseTxnOffsetCommit(req, resp.(*kmsg.TxnOffsetCommitResponse), code)
	case *kmsg.AddPartitionsToTxnRequest:
		refuseAddPartitions(req, resp.(*kmsg.AddPartitionsToTxnResponse), code)
	case *kmsg.OffsetFetchRequest:
		refuseOffsetFetch(req, resp.(*kmsg.OffsetFetchResponse), code)
	case *kmsg.FindCoordinatorRequest:
		refuseFindCoordinator(req, resp.(*kmsg.FindCoordinatorResponse), code)
	case *kmsg.CreateTopicsRequest:
		refuseCreateTopics(req, resp.(*kmsg.CreateTopicsResponse), code)
	case *kmsg.InitProducerIDRequest:
		out := resp.(*kmsg.InitProducerIDResponse)
		out.ErrorCode, out.ProducerID, out.ProducerEpoch = code, -1, -1
	case *kmsg.EndTxnRequest:
		out := resp.(*kmsg.EndTxnResponse)
		out.ErrorCode, out.ProducerID, out.ProducerEpoch = code, -1, -1
	default:
		field := reflect.ValueOf(resp).Elem().FieldByName("ErrorCode")
		if !field.IsValid() {
			return nil
		}
		field.SetInt(int64(code))
	}
	return resp
}

func refuseProduce(req *kmsg.ProduceRequest, resp *kmsg.ProduceResponse, code int16) {
	for _, t := range req.Topics {
		out := kmsg.NewProduceResponseTopic()
		out.Topic, out.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			q := kmsg.NewProduceResponseTopicPartition()
			q.Partition, q.ErrorCode, q.BaseOffset = p.Partition, code, -1
			out.Partitions = append(out.Partitions, q)
		}
		resp.Topics = append(resp.Topics, out)
	}
}

func refuseFetch(req *kmsg.FetchRequest, resp *kmsg.FetchResponse, code int16) {
	for _, t := range req.Topics {
		out := kmsg.NewFetchResponseTopic()
		out.Topic, out.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			q := kmsg.NewFetchResponseTopicPartition()
			q.Partition, q.ErrorCode = p.Partition, code
			q.HighWatermark, q.LastStableOffset, q.LogStartOffset = -1, -1, -1
			out.Partitions = append(out.Partitions, q)
		}
		resp.Topics = append(resp.Topics, out)
	}
}

func refuseListOffsets(req *kmsg.ListOffsetsRequest, resp *kmsg.ListOffsetsResponse, code int16) {
	for _, t := range req.Topics {
		out := kmsg.NewListOffsetsResponseTopic()
		out.Topic = t.Topic
		for _, p := range t.Partitions {
			q := kmsg.NewListOffsetsResponseTopicPartition()
			q.Partition, q.ErrorCode, q.Offset, q.Timestamp = p.Partition, code, -1, -1
			out.Partitions = append(out.Partitions, q)
		}
		resp.Topics = append(resp.Topics, out)
	}
}

func refuseOffsetCommit(req *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, code int16) {
	for _, t := range req.Topics {
		out := kmsg.NewOffsetCommitResponseTopic()
		out.Topic, out.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			q := kmsg.NewOffsetCommitResponseTopicPartition()
			q.Partition, q.ErrorCode = p.Partition, code
			out.Partitions = append(out.Partitions, q)
		}
		resp.Topics = append(resp.Topics, out)
	}
}

func refuseTxnOffsetCommit(req *kmsg.TxnOffsetCommitRequest, resp *kmsg.TxnOffsetCommitResponse, code int16) {
	for _, t := range req.Topics {
		out := kmsg.NewTxnOffsetCommitResponseTopic()
		out.Topic, out.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			q := kmsg.NewTxnOffsetCommitResponseTopicPartition()
			q.Partition, q.ErrorCode = p.Partition, code
			out.Partitions = append(out.Partitions, q)
		}
		resp.Topics = append(resp.Topics, out)
	}
}

// refuseAddPartitions knows the clients' form alone; from version 4 on the request is the brokers' own.
func refuseAddPartitions(req *kmsg.AddPartitionsToTxnRequest, resp *kmsg.AddPartitionsToTxnResponse, code int16) {
	for _, t := range req.Topics {
		out := kmsg.NewAddPartitionsToTxnResponseTopic()
		out.Topic = t.Topic
		for _, p := range t.Partitions {
			q := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
			q.Partition, q.ErrorCode = p, code
			out.Partitions = append(out.Partitions, q)
		}
		resp.Topics = append(resp.Topics, out)
	}
	resp.ErrorCode = code
}

// refuseOffsetFetch answers at the top, where a coordinator that refuses does (from version 8 on, for each group).
func refuseOffsetFetch(req *kmsg.OffsetFetchRequest, resp *kmsg.OffsetFetchResponse, code int16) {
	resp.ErrorCode = code
	for _, g := range req.Groups {
		out := kmsg.NewOffsetFetchResponseGroup()
		out.Group, out.ErrorCode = g.Group, code
		resp.Groups = append(resp.Groups, out)
	}
}

func refuseCreateTopics(req *kmsg.CreateTopicsRequest, resp *kmsg.CreateTopicsResponse, code int16) {
	for _, t := range req.Topics {
		out := kmsg.NewCreateTopicsResponseTopic()
		out.Topic, out.ErrorCode = t.Topic, code
		resp.Topics = append(resp.Topics, out)
	}
}

func refuseFindCoordinator(req *kmsg.FindCoordinatorRequest, resp *kmsg.FindCoordinatorResponse, code int16) {
	resp.ErrorCode, resp.NodeID, resp.Port = code, -1, -1
	for _, key := range req.CoordinatorKeys {
		out := kmsg.NewFindCoordinatorResponseCoordinator()
		out.Key, out.ErrorCode, out.NodeID, out.Port = key, code, -1, -1
		resp.Coordinators = append(resp.Coordinators, out)
	}
}
