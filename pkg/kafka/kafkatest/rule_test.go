package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"
)

func TestARuleCountsItsMatches(t *testing.T) {
	for _, tc := range []struct {
		name string
		rule Rule
		hits string // of ten requests
	}{
		{"the first, unless told otherwise", Rule{Key: kmsg.Produce}, "1000000000"},
		{"the third", Rule{Key: kmsg.Produce, Nth: 3}, "0010000000"},
		{"two from the third on", Rule{Key: kmsg.Produce, Nth: 3, Times: 2}, "0011000000"},
		{"all from the eighth on", Rule{Key: AnyKey, Nth: 8, Times: -1}, "0000000111"},
		{"the second of those that match", Rule{Key: kmsg.Produce, Nth: 2, Match: func(r Request) bool { return r.N%3 == 0 }}, "0000010000"},
		{"none of another API", Rule{Key: kmsg.Fetch, Times: -1}, "0000000000"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var set ruleSet
			armed := set.arm(t.Context(), tc.rule)
			got := ""
			for n := 1; n <= 10; n++ {
				hit := set.first(1, Request{Host: "p", Key: kmsg.Produce, N: n})
				got += map[bool]string{true: "1", false: "0"}[hit == armed]
			}
			want(t, "hits", got, tc.hits)
			want(t, "counted", armed.Hits(), strings.Count(tc.hits, "1"))
			armed.Remove()
			want(t, "removed", set.first(1, Request{Key: kmsg.Produce, N: 11}) == nil, true)
		})
	}
}

// chosen runs three racing hosts against a rule with a rate and says which of their requests it met.
func chosen(t *testing.T, seed uint64) string {
	var out string
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Seed: seed, Topics: map[string]int32{"out": 1}})
		c.On(Rule{Key: kmsg.Produce, Rate: 0.5, Times: -1, Do: AnswerCode(19)})
		fates := map[string]string{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, name := range []string{"a", "b", "c"} {
			wg.Go(func() {
				for range 20 {
					resp, err := call(c.Host(name), c.Addrs()[0], produceReq("out", "v", nil), time.Second)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					fates[name] += fmt.Sprint(resp.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode, " ")
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		out = fmt.Sprint(fates)
	})
	return out
}

func TestASeedDecidesWhichRequestsARateMeets(t *testing.T) {
	first := chosen(t, 1)
	for range 3 {
		want(t, "same seed", chosen(t, 1), first)
	}
	if chosen(t, 2) == first {
		t.Error("another seed chose the same requests")
	}
	share := float64(strings.Count(first, "19")) / 60
	if share < 0.25 || share > 0.75 {
		t.Errorf("a rate of 0.5 met %.2f of the requests", share)
	}
}

func TestAHostsRulesComeBeforeTheClusters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"out": 1}})
		all := c.On(Rule{Key: kmsg.Produce, Do: AnswerCode(19)})
		own := c.Host("p").On(Rule{Key: kmsg.Produce, Do: AnswerCode(14)})
		for i, code := range []int16{14, 19, 0} {
			resp := ask[*kmsg.ProduceResponse](t, c.Host("p"), c.Addrs()[0], produceReq("out", "v", nil))
			want(t, fmt.Sprint("request ", i), resp.Topics[0].Partitions[0].ErrorCode, code)
		}
		if err := all.Wait(t.Context(), 1); err != nil {
			t.Error(err)
		}
		want(t, "own", own.Hits(), 1)
	})
}

func TestWaitingEndsWithItsContextOrTheCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"out": 1}})
		armed := c.Host("p").On(Rule{Key: kmsg.Produce, Do: HoldRequest()})
		go call(c.Host("p"), c.Addrs()[0], produceReq("out", "v", nil), time.Minute)
		held, err := armed.Held(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want(t, "description", held.Request.String(), "Produce v9 #1")
		for _, wait := range []func(context.Context) error{
			func(ctx context.Context) error { return armed.Wait(ctx, 2) },
			func(ctx context.Context) error { _, err := armed.Held(ctx); return err },
			func(ctx context.Context) error { _, err := held.Answer(ctx); return err },
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("at the deadline: %v", err)
			}
			cancel()
			go func() {
				if err := wait(context.Background()); err == nil {
					t.Error("a wait ended well though the cluster ended first")
				}
			}()
		}
		synctest.Wait()
	})
}

func TestActionsSayWhatTheyDo(t *testing.T) {
	for want, act := range map[string]Action{
		"pass":                       {},
		"lose the answer and break":  LoseAnswer(Break),
		"drop the request, silently": DropRequest(Silent),
		"hold":                       HoldRequest(),
		"delay the request by 1s":    DelayRequest(time.Second),
		"delay the answer by 1s":     DelayAnswer(time.Second),
		"duplicate":                  Duplicate(),
		"answer code 19":             AnswerCode(19),
		"do it and answer code 7":    AnswerCodeDone(7),
	} {
		if got := act.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTheTraceTellsTheStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Trace: true, Topics: map[string]int32{"out": 1}})
		h := c.Host("p")
		h.On(Rule{Key: kmsg.Produce, Do: LoseAnswer(Silent)})
		call(h, c.Addrs()[0], produceReq("out", "v", nil), time.Second)
		call(h, c.Addrs()[0], produceReq("nowhere", "v", nil), time.Second)
		h.Kill()
		got := strings.Join(c.Trace(), "\n")
		for _, part := range []string{
			"p        Produce v9 #1 > localhost:9092 rule: lose the answer, silently",
			"Produce v9 #1 > localhost:9092 answered after 0s",
			"1s p        Produce v9 #2 > localhost:9092 answered after 0s 3",
			"kill",
		} {
			if !strings.Contains(got, part) {
				t.Errorf("the trace doesn't say %q:\n%s", part, got)
			}
		}
	})
}

func TestTheTraceKeepsTheNewest(t *testing.T) {
	var tr trace
	tr.begin(true)
	for i := range traceLines + 3 {
		tr.add("h", "", "%d", i)
	}
	lines := tr.lines()
	want(t, "lines", len(lines), traceLines)
	for i, line := range lines {
		if !strings.HasSuffix(line, fmt.Sprintf(" %d", i+3)) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
}

// Every refusal that can be made is readable by a client of that version and says the code.
func TestRefusalsAreReadable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom([]kmsg.Key{kmsg.Produce, kmsg.Fetch, kmsg.ListOffsets, kmsg.OffsetCommit, kmsg.OffsetFetch,
			kmsg.FindCoordinator, kmsg.JoinGroup, kmsg.Heartbeat, kmsg.LeaveGroup, kmsg.SyncGroup, kmsg.ApiVersions, kmsg.CreateTopics,
			kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.EndTxn, kmsg.TxnOffsetCommit}).Draw(t, "key")
		code := rapid.Int16Range(1, 120).Draw(t, "code")
		req := kmsg.RequestForKey(int16(key))
		low, high := int16(0), req.MaxVersion()
		switch key {
		case kmsg.Produce:
			low = 3
		case kmsg.AddPartitionsToTxn:
			high = 3
		case kmsg.OffsetFetch:
			low = 2 // before it there was no place for the coordinator's code
		}
		req.SetVersion(rapid.Int16Range(low, high).Draw(t, "version"))
		fill(req)
		frame := frameOf(req, 99)
		r, err := parseRequest(frame)
		if err != nil {
			t.Fatal(err)
		}
		if r.Key != key || r.Version != req.GetVersion() || r.Corr != 99 {
			t.Fatalf("header read as %v", r)
		}
		answer, err := refusal(r, code)
		if err != nil {
			t.Fatal(err)
		}
		a := Answer{Request: r, frame: answer}
		if id, ok := corr(answer); !ok || id != 99 {
			t.Fatalf("correlation %d", id)
		}
		resp, err := a.Parse()
		if err != nil {
			t.Fatal(err)
		}
		said := 0
		eachCode(reflect.ValueOf(resp), func(c int64) {
			if c == int64(code) {
				said++
			}
		})
		if said == 0 {
			t.Fatalf("%s: no code in %+v", r, resp)
		}
	})
}

// fill gives the requests that name partitions one to name.
func fill(req kmsg.Request) {
	switch req := req.(type) {
	case *kmsg.ProduceRequest:
		req.Acks = -1
		req.Topics = []kmsg.ProduceRequestTopic{{Topic: "t", Partitions: []kmsg.ProduceRequestTopicPartition{{Partition: 3}}}}
	case *kmsg.FetchRequest:
		req.Topics = []kmsg.FetchRequestTopic{{Topic: "t", Partitions: []kmsg.FetchRequestTopicPartition{{Partition: 3}}}}
	case *kmsg.ListOffsetsRequest:
		req.Topics = []kmsg.ListOffsetsRequestTopic{{Topic: "t", Partitions: []kmsg.ListOffsetsRequestTopicPartition{{Partition: 3}}}}
	case *kmsg.OffsetCommitRequest:
		req.Topics = []kmsg.OffsetCommitRequestTopic{{Topic: "t", Partitions: []kmsg.OffsetCommitRequestTopicPartition{{Partition: 3}}}}
	case *kmsg.OffsetFetchRequest:
		req.Groups = []kmsg.OffsetFetchRequestGroup{{Group: "g"}}
	case *kmsg.CreateTopicsRequest:
		req.Topics = []kmsg.CreateTopicsRequestTopic{{Topic: "t"}}
	case *kmsg.FindCoordinatorRequest:
		req.CoordinatorKeys = []string{"g"}
	case *kmsg.TxnOffsetCommitRequest:
		req.Topics = []kmsg.TxnOffsetCommitRequestTopic{{Topic: "t", Partitions: []kmsg.TxnOffsetCommitRequestTopicPartition{{Partition: 3}}}}
	case *kmsg.AddPartitionsToTxnRequest:
		req.Topics = []kmsg.AddPartitionsToTxnRequestTopic{{Topic: "t", Partitions: []int32{3}}}
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add(frameOf(produceReq("t", "v", nil), 1))
	f.Add(frameOf(kmsg.NewPtrApiVersionsRequest(), 2))
	f.Add([]byte{0, 0, 0, 1, 0})
	endless := frameOf(produceReq("t", "v", nil), 1)[:18] // up to the client id, then four billion tags
	f.Add(append(endless, 0xff, 0xff, 0xff, 0xff, 0x0f))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if len(frame) < 4 {
			return
		}
		r, err := parseRequest(frame)
		if err != nil {
			return
		}
		if len(r.Body) > len(frame)-4 {
			t.Errorf("a body of %d bytes in a frame of %d", len(r.Body), len(frame))
		}
		unanswered(r)
	})
}
