package kafkatest

import (
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Two things about OffsetFetch are put right here (kfake 2026-09, groups.go handleOffsetFetch):
//
//   - With require_stable kfake answers 88 for all partitions of a group while any transaction holds offsets of that
//     group. A broker does so for the partitions concerned.
//   - For a group it never heard of kfake answers 69; a broker answers that no partition has an offset, and 88 where a
//     transaction holds the group's first.
//
// It is done in a Control function: there the request meets the coordinator's state at one point in time, as in a
// broker, with no window in which an offset is neither pending nor committed. Where kfake's own answer is right, kfake
// answers.

// offsetHolds are offsets that stay unstable although their transaction has ended: "prepared, completing".
type offsetHolds struct {
	mu   sync.Mutex
	held map[offsetKey]offsetHold
}

type offsetKey struct {
	group, topic string
	partition    int32
}

// offsetHold also remembers the offset from before: an unstable fetch is answered with it, for the markers that make the
// new one visible haven't been written.
type offsetHold struct {
	until time.Time
	had   bool
	was   kfake.GroupCommit
}

// Hold88 makes a partition's offset unstable for d from now, whatever its transactions do: a stable OffsetFetch is
// answered 88, any other one with the offset committed now.
func (c *Cluster) Hold88(group, topic string, partition int32, d time.Duration) {
	c.held.add(offsetKey{group, topic, partition}, d, c.kf.GroupInfo(group))
}

func (h *offsetHolds) add(key offsetKey, d time.Duration, info *kfake.GroupInfo) {
	hold := offsetHold{until: time.Now().Add(d)}
	if info != nil {
		hold.was, hold.had = info.Commits[key.topic][key.partition]
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held == nil {
		h.held = map[offsetKey]offsetHold{}
	}
	h.held[key] = hold
}

// of lists the holds of a group that stand.
func (h *offsetHolds) of(group string) map[offsetKey]offsetHold {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[offsetKey]offsetHold{}
	for key, hold := range h.held {
		switch {
		case !time.Now().Before(hold.until):
			delete(h.held, key)
		case key.group == group:
			out[key] = hold
		}
	}
	return out
}

// stableFetches installs the corrections.
func (c *Cluster) stableFetches() {
	c.kf.ControlKey(int16(kmsg.OffsetFetch), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		c.kf.KeepControl()
		req := kreq.(*kmsg.OffsetFetchRequest)
		groups := req.Groups
		if req.Version <= 7 {
			groups = []kmsg.OffsetFetchRequestGroup{singleGroup(req)}
		}
		node := c.kf.CurrentNode()
		views := make([]groupView, len(groups))
		ours := false
		for i, g := range groups {
			if c.kf.CoordinatorFor(g.Group) != node {
				return nil, nil, false // kfake refuses all of it
			}
			views[i] = c.view(g.Group, req.RequireStable)
			ours = ours || views[i].differs
		}
		if !ours {
			return nil, nil, false
		}
		resp := req.ResponseKind().(*kmsg.OffsetFetchResponse)
		for i, g := range groups {
			resp.Groups = append(resp.Groups, c.fetchGroup(req, g, views[i]))
		}
		if req.Version <= 7 {
			resp.Topics = singleTopics(resp.Groups[0])
		}
		return resp, nil, true
	})
}

// groupView is what one OffsetFetch sees of a group.
type groupView struct {
	commits  map[string]map[int32]kfake.GroupCommit
	unstable partitions
	differs  bool // kfake's own answer would be another
}

func (c *Cluster) view(group string, stable bool) groupView {
	info := c.kf.GroupInfo(group)
	v := groupView{unstable: partitions{}, differs: info == nil}
	if info != nil {
		v.commits = info.Commits
	}
	if stable {
		for _, txn := range openTxns(c.kf) {
			for topic, ps := range txn.offsets[group] {
				for p := range ps {
					v.unstable.add(topic, p)
					v.differs = true
				}
			}
		}
	}
	for key, hold := range c.held.of(group) {
		v.differs = true
		if stable {
			v.unstable.add(key.topic, key.partition)
			continue
		}
		delete(v.commits[key.topic], key.partition)
		if hold.had && v.commits[key.topic] != nil { // nil: the topic was deleted, and its offsets with it
			v.commits[key.topic][key.partition] = hold.was
		}
	}
	return v
}

// fetchGroup answers for one group as a broker would.
func (c *Cluster) fetchGroup(req *kmsg.OffsetFetchRequest, g kmsg.OffsetFetchRequestGroup, v groupView) kmsg.OffsetFetchResponseGroup {
	out := kmsg.NewOffsetFetchResponseGroup()
	out.Group = g.Group
	topics := g.Topics
	if topics == nil { // all that have an offset
		topics = v.topics()
	}
	for _, t := range topics {
		name, id := t.Topic, t.TopicID
		if req.Version >= 10 {
			if g.Topics == nil {
				if info := c.kf.TopicInfo(name); info != nil {
					id = info.TopicID
				}
			} else if info := c.kf.TopicIDInfo(id); info != nil {
				name = info.Topic
			}
		}
		answer := kmsg.NewOffsetFetchResponseGroupTopic()
		answer.Topic, answer.TopicID = name, id
		for _, p := range t.Partitions {
			answer.Partitions = append(answer.Partitions, v.partition(name, p))
		}
		out.Topics = append(out.Topics, answer)
	}
	return out
}

func (v groupView) partition(topic string, p int32) kmsg.OffsetFetchResponseGroupTopicPartition {
	out := kmsg.NewOffsetFetchResponseGroupTopicPartition()
	out.Partition, out.Offset, out.LeaderEpoch = p, -1, -1
	commit, ok := v.commits[topic][p]
	switch {
	case v.unstable[topic][p]:
		out.ErrorCode = kerr.UnstableOffsetCommit.Code
	case ok:
		out.Offset, out.LeaderEpoch, out.Metadata = commit.Offset, commit.LeaderEpoch, &commit.Metadata
	default:
		out.Metadata = new(string)
	}
	return out
}

// topics lists the partitions that have an offset, in order.
func (v groupView) topics() []kmsg.OffsetFetchRequestGroupTopic {
	out := []kmsg.OffsetFetchRequestGroupTopic{}
	for topic, ps := range v.commits {
		t := kmsg.NewOffsetFetchRequestGroupTopic()
		t.Topic = topic
		for p := range ps {
			t.Partitions = append(t.Partitions, p)
		}
		slices.Sort(t.Partitions)
		out = append(out, t)
	}
	return out
}

// singleGroup and singleTopics translate between the answer for one group, up to version 7, and that for many.
func singleGroup(req *kmsg.OffsetFetchRequest) kmsg.OffsetFetchRequestGroup {
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = req.Group
	if req.Topics != nil {
		g.Topics = []kmsg.OffsetFetchRequestGroupTopic{}
	}
	for _, t := range req.Topics {
		topic := kmsg.NewOffsetFetchRequestGroupTopic()
		topic.Topic, topic.Partitions = t.Topic, t.Partitions
		g.Topics = append(g.Topics, topic)
	}
	return g
}

func singleTopics(g kmsg.OffsetFetchResponseGroup) []kmsg.OffsetFetchResponseTopic {
	var out []kmsg.OffsetFetchResponseTopic
	for _, t := range g.Topics {
		topic := kmsg.NewOffsetFetchResponseTopic()
		topic.Topic = t.Topic
		for _, p := range t.Partitions {
			q := kmsg.NewOffsetFetchResponseTopicPartition()
			q.Partition, q.Offset, q.LeaderEpoch = p.Partition, p.Offset, p.LeaderEpoch
			q.Metadata, q.ErrorCode = p.Metadata, p.ErrorCode
			topic.Partitions = append(topic.Partitions, q)
		}
		out = append(out, topic)
	}
	return out
}
