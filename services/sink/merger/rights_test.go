package merger

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// guarded is a rig whose brokers ask an authorizer, which lets everybody do everything that is not denied.
func guarded(t *testing.T) *rig {
	var all []kfake.ACL
	for what, name := range map[kmsg.ACLResourceType]string{
		kmsg.ACLResourceTypeTopic: "*", kmsg.ACLResourceTypeGroup: "*", kmsg.ACLResourceTypeTransactionalId: "*", kmsg.ACLResourceTypeCluster: "kafka-cluster",
	} {
		all = append(all, kfake.ACL{Resource: what, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationAll, Allow: true})
	}
	return newRig(t, kfake.EnableACLs(), kfake.User("PLAIN", "ANONYMOUS", "-", all...))
}

// deny takes the right to do op with a topic away from everybody.
func (r *rig) deny(topic string, op kadm.ACLOperation) {
	r.t.Helper()
	b := kadm.NewACLs().Deny("User:ANONYMOUS").Operations(op).Topics(topic).ResourcePatternType(kadm.ACLPatternLiteral)
	got, err := r.adm.CreateACLs(r.t.Context(), b)
	for _, res := range got {
		err = errors.Join(err, res.Err)
	}
	if err != nil {
		r.t.Fatalf("deny: %v", err)
	}
}

func TestALackingRightIsNamedAtTheStart(t *testing.T) {
	for _, c := range []struct {
		topic string
		op    kadm.ACLOperation
		grant string
	}{
		{"records", kadm.OpDescribe, `grant Describe on topic "records"`},
		{"partials", kadm.OpRead, `grant Read on topic "partials"`},
		{"results", kadm.OpWrite, `grant Write on topic "results"`},
		{"rejects", kadm.OpWrite, `grant Write on topic "rejects"`},
	} {
		t.Run(c.topic, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := guarded(t)
				r.deny(c.topic, c.op)
				began := time.Now()
				if err := r.start(nil).Ended(); !errors.Is(err, broker.ErrDenied) || !strings.Contains(err.Error(), c.grant) {
					t.Errorf("error %v, want one that says: %s", err, c.grant)
				}
				if took := time.Since(began); took > time.Second {
					t.Errorf("it took %s to say so", took)
				}
			})
		})
	}
}

// TestASinkNeedsNoRightMoreThanItSays: nobody has to grant what is not used.
func TestASinkNeedsNoRightMoreThanItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := guarded(t)
		for topic, ops := range map[string][]kadm.ACLOperation{
			"*": {kadm.OpCreate, kadm.OpDescribeConfigs, kadm.OpAlter, kadm.OpDelete}, "records": {kadm.OpRead, kadm.OpWrite}, "rejects": {kadm.OpRead},
		} {
			for _, op := range ops {
				r.deny(topic, op)
			}
		}
		s := r.start(func(s *Settings) { s.Create, s.IdleAfter, s.CloseIdleAfter = true, time.Second, time.Second })
		time.Sleep(10 * time.Second)
		r.report(5, 10, "a", 1)
		r.report(15, 20, "b", 1)
		time.Sleep(5 * time.Second)
		if err := s.End(); err != nil {
			t.Fatal(err)
		}
		if got := r.results(); len(got) == 0 {
			t.Error("no results")
		}
	})
}

// TestARightThatIsTakenAwayStopsTheSink: a look-up that failed for ever would hold windows for ever. The next look-up,
// or the next take-over, here after a commit in doubt, finds it.
func TestARightThatIsTakenAwayStopsTheSink(t *testing.T) {
	for _, c := range []struct {
		topic string
		op    kadm.ACLOperation
		grant string
	}{
		{"records", kadm.OpDescribe, `grant Describe on topic "records"`},
		{"partials", kadm.OpRead, `grant Read on topic "partials"`},
		{"results", kadm.OpDescribe, `grant Describe on topic "results"`},
		{"rejects", kadm.OpDescribe, `grant Describe on topic "rejects"`},
	} {
		t.Run(c.topic, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := guarded(t)
				s := r.start(nil)
				time.Sleep(10 * time.Second)
				r.report(5, 10, "a", 1)
				time.Sleep(time.Second)
				s.On(kafkatest.Rule{Key: kmsg.EndTxn, Do: kafkatest.AnswerCode(47)})
				r.deny(c.topic, c.op)
				r.report(15, 20, "b", 1)
				if err := s.Ended(); !errors.Is(err, broker.ErrDenied) || !strings.Contains(err.Error(), c.grant) {
					t.Errorf("error %v, want one that says: %s", err, c.grant)
				}
			})
		})
	}
}

// TestEveryLookUpThatIsRefusedStopsTheSink: each of the questions that a sink asks again until it is answered, met by
// the one answer that no time mends.
func TestEveryLookUpThatIsRefusedStopsTheSink(t *testing.T) {
	for _, c := range []struct {
		name   string
		rule   kafkatest.Rule
		change func(*Settings)
		grant  string
	}{
		{"the log of partials before it is read", kafkatest.Rule{Key: kmsg.ListOffsets, Do: kafkatest.AnswerCode(29), Match: of("partials")}, nil,
			`grant Describe and Read on topic "partials"`},
		{"what the group has committed", kafkatest.Rule{Key: kmsg.OffsetFetch, Nth: 3, Do: kafkatest.AnswerCode(30)}, nil, `Read on group "sink"`},
		{"whether results were published", kafkatest.Rule{Key: kmsg.ListOffsets, Do: kafkatest.AnswerCode(29), Match: of("results")}, nil,
			`grant Describe on topic "results"`},
		{"the same when starting over", kafkatest.Rule{Key: kmsg.ListOffsets, Do: kafkatest.AnswerCode(29), Match: of("results")},
			func(s *Settings) { s.StartOver = true }, `grant Describe on topic "results"`},
		{"where the logs of quiet sources end", kafkatest.Rule{Key: kmsg.ListOffsets, Do: kafkatest.AnswerCode(29), Match: of("records")},
			func(s *Settings) { s.IdleAfter, s.CloseIdleAfter = time.Second, time.Second }, `grant Describe on topic "records"`},
		{"how far a run to the end must come", kafkatest.Rule{Key: kmsg.ListOffsets, Do: kafkatest.AnswerCode(29), Match: of("records")},
			func(s *Settings) { s.ExitAtEnd = true }, `grant Describe on topic "records"`},
		{"where sources were started over", kafkatest.Rule{Key: kmsg.ListOffsets, Nth: 3, Do: kafkatest.AnswerCode(29), Match: of("partials")},
			func(s *Settings) { s.StartOver = true }, `grant Describe and Read on topic "partials"`},
		{"the reports of sources that were started over", kafkatest.Rule{Key: kmsg.Fetch, Do: kafkatest.AnswerCode(29)},
			func(s *Settings) { s.StartOver = true }, `grant Describe and Read on topic "partials"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.report(5, 10, "a", 1)
				c.rule.Times = -1
				armed := r.cluster.On(c.rule)
				s := r.start(c.change)
				if err := s.Ended(); !errors.Is(err, broker.ErrDenied) || !strings.Contains(err.Error(), c.grant) {
					t.Errorf("error %v, want one that says: %s", err, c.grant)
				}
				if armed.Hits() > 2 { // a log has two bounds
					t.Errorf("it asked %d times", armed.Hits())
				}
			})
		})
	}
}

// of matches requests for the bounds of a topic's logs.
func of(topic string) func(kafkatest.Request) bool {
	return func(q kafkatest.Request) bool {
		req, err := q.Parse()
		if err != nil {
			return false
		}
		for _, t := range req.(*kmsg.ListOffsetsRequest).Topics {
			if t.Topic == topic {
				return true
			}
		}
		return false
	}
}
