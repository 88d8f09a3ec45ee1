package kafkatest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// arrivals has three hosts ask a coordinator for the same at the same instant, twice, and tells when each was answered,
// with the sum of the trace.
func arrivals(t *testing.T, spread time.Duration, seed uint64) (at []string, sum uint64) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Spread: spread, Seed: seed, Trace: true})
		begin := time.Now()
		var mu sync.Mutex
		for range 2 {
			var all sync.WaitGroup
			for i := range 3 {
				h := c.Host(fmt.Sprint("h", i))
				all.Go(func() {
					req := kmsg.NewPtrInitProducerIDRequest()
					req.Version, req.TransactionalID, req.TransactionTimeoutMillis = 4, kmsg.StringPtr(h.name), 1000
					want(t, "code", ask[*kmsg.InitProducerIDResponse](t, h, c.Addrs()[0], req).ErrorCode, 0)
					mu.Lock()
					defer mu.Unlock()
					at = append(at, fmt.Sprint(h.name, " ", time.Since(begin)))
				})
			}
			all.Wait()
		}
		sum = c.TraceSum()
	})
	return at, sum
}

func TestWithoutSpreadAllArriveAtOnce(t *testing.T) {
	at, _ := arrivals(t, 0, 1)
	for _, a := range at {
		if !strings.HasSuffix(a, " 0s") {
			t.Errorf("answered after %s, want 0s", a)
		}
	}
}

func TestWithSpreadNoTwoArriveAtOnceAndASeedSaysWhen(t *testing.T) {
	at, sum := arrivals(t, time.Millisecond, 1)
	again, same := arrivals(t, time.Millisecond, 1)
	other, another := arrivals(t, time.Millisecond, 2)
	if !slices.Equal(at, again) || sum != same {
		t.Errorf("the same seed gave %v and %v, sums %x and %x", at, again, sum, same)
	}
	if slices.Equal(at, other) || sum == another {
		t.Errorf("two seeds gave %v, sums %x and %x", at, sum, another)
	}
	times := map[string]bool{}
	for _, a := range at {
		_, when, _ := strings.Cut(a, " ")
		times[when] = true
	}
	if len(times) != 6 {
		t.Errorf("six requests were answered at %d different times: %v", len(times), at)
	}
}

func TestListsAreInOrderThatKfakeTakesOutOfMaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Brokers: 3, Topics: map[string]int32{"in": 40}})
		h := c.Host("p")
		req := kmsg.NewPtrMetadataRequest()
		req.Version = 6
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr("in")
		req.Topics = append(req.Topics, topic)
		for i, p := range ask[*kmsg.MetadataResponse](t, h, c.Addrs()[0], req).Topics[0].Partitions {
			want(t, "partition", int(p.Partition), i)
			want(t, "leader", p.Leader, int32(i%3))
		}
	})
}

// TestAMemberThatWaitsForItsAssignmentStaysAlive for longer than its session, though it sends nothing: the leader takes
// its time.
func TestAMemberThatWaitsForItsAssignmentStaysAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 2}})
		h := c.Host("p")
		const session = 6 * time.Second
		join := func(member string) *kmsg.JoinGroupResponse {
			req := kmsg.NewPtrJoinGroupRequest()
			req.Version, req.Group, req.ProtocolType, req.MemberID = 2, "g", "consumer", member
			req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = int32(session.Milliseconds()), 30_000
			p := kmsg.NewJoinGroupRequestProtocol()
			p.Name = "range"
			req.Protocols = append(req.Protocols, p)
			return ask[*kmsg.JoinGroupResponse](t, h, c.Addrs()[0], req)
		}
		sync := func(member *kmsg.JoinGroupResponse) int16 {
			req := kmsg.NewPtrSyncGroupRequest()
			req.Group, req.Generation, req.MemberID = "g", member.Generation, member.MemberID
			resp, err := call(h, c.Addrs()[0], req, time.Minute)
			if err != nil {
				t.Errorf("SyncGroup: %v", err)
				return -1
			}
			return resp.(*kmsg.SyncGroupResponse).ErrorCode
		}
		leader := join("")
		followed := make(chan struct{})
		go func() {
			defer close(followed)
			want(t, "the follower's SyncGroup", sync(join("")), 0)
		}()
		time.Sleep(time.Second)
		leader = join(leader.MemberID) // the second generation, of two
		want(t, "leader", leader.LeaderID, leader.MemberID)
		for range 4 { // the leader only shows that it lives
			time.Sleep(session / 2)
			beat := kmsg.NewPtrHeartbeatRequest()
			beat.Group, beat.Generation, beat.MemberID = "g", leader.Generation, leader.MemberID
			want(t, "the leader's heartbeat", ask[*kmsg.HeartbeatResponse](t, h, c.Addrs()[0], beat).ErrorCode, 0)
		}
		want(t, "the leader's SyncGroup", sync(leader), 0)
		<-followed
	})
}
