package worker

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

// deny takes one right away from everybody.
func (r *rig) deny(what func(*kadm.ACLBuilder) *kadm.ACLBuilder, op kadm.ACLOperation) {
	r.t.Helper()
	b := what(kadm.NewACLs().Deny("User:ANONYMOUS").Operations(op))
	got, err := r.adm.CreateACLs(r.t.Context(), b)
	for _, res := range got {
		err = errors.Join(err, res.Err)
	}
	if err != nil {
		r.t.Fatalf("deny: %v", err)
	}
}

func onTopic(name string) func(*kadm.ACLBuilder) *kadm.ACLBuilder {
	return func(b *kadm.ACLBuilder) *kadm.ACLBuilder {
		return b.Topics(name).ResourcePatternType(kadm.ACLPatternLiteral)
	}
}

func onGroup(name string) func(*kadm.ACLBuilder) *kadm.ACLBuilder {
	return func(b *kadm.ACLBuilder) *kadm.ACLBuilder {
		return b.Groups(name).ResourcePatternType(kadm.ACLPatternLiteral)
	}
}

func onTransactions(prefix string) func(*kadm.ACLBuilder) *kadm.ACLBuilder {
	return func(b *kadm.ACLBuilder) *kadm.ACLBuilder {
		return b.TransactionalIDs(prefix).ResourcePatternType(kadm.ACLPatternPrefixed)
	}
}

func TestALackingRightIsNamedAtTheStart(t *testing.T) {
	for _, c := range []struct {
		name  string
		on    func(*kadm.ACLBuilder) *kadm.ACLBuilder
		op    kadm.ACLOperation
		grant string
	}{
		{"to see records", onTopic("records"), kadm.OpDescribe, `grant Describe on topic "records"`},
		{"to read records", onTopic("records"), kadm.OpRead, `grant Read on topic "records"`},
		{"to see partials", onTopic("partials"), kadm.OpDescribe, `grant Describe on topic "partials"`},
		{"to write partials", onTopic("partials"), kadm.OpWrite, `grant Write on topic "partials"`},
		{"to write rejects", onTopic("rejects"), kadm.OpWrite, `grant Write on topic "rejects"`},
		{"to look at the sink", onGroup("sink"), kadm.OpDescribe, `grant Describe on group "sink" (or set --max-ahead 0)`},
		{"to be a member", onGroup("processor"), kadm.OpRead, `grant Read on`},
		{"to write in transactions", onTransactions("processor/"), kadm.OpWrite, `transactional ids with the prefix "processor/"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := guarded(t)
				r.deny(c.on, c.op)
				p := r.start("a", func(s *Settings) { s.MaxAhead = 1000 })
				began := time.Now()
				err := p.Ended()
				if err == nil || !strings.Contains(err.Error(), c.grant) {
					t.Errorf("error %v, want one that says: %s", err, c.grant)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("it took %s to say so", took)
				}
			})
		})
	}
}

// TestAProcessorNeedsNoRightMoreThanItSays: nobody has to grant what is not used.
func TestAProcessorNeedsNoRightMoreThanItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := guarded(t)
		for topic, ops := range map[string][]kadm.ACLOperation{
			"*": {kadm.OpCreate, kadm.OpDescribeConfigs, kadm.OpAlter, kadm.OpDelete}, "rejects": {kadm.OpRead},
		} {
			for _, op := range ops {
				r.deny(onTopic(topic), op)
			}
		}
		r.deny(onGroup("sink"), kadm.OpRead)
		r.send(5)
		p := r.start("a", func(s *Settings) { s.Create, s.MaxAhead = true, 1000 })
		time.Sleep(10 * time.Second)
		if err := p.End(); err != nil {
			t.Fatal(err)
		}
		if kept, _ := r.kept(0); kept != 5*rigSources {
			t.Errorf("%d kept", kept)
		}
	})
}

// TestWhatOnlyOneMemberAsksMeetsALackingRight: a member without partition 0 reads the pins in its owner's commit.
func TestWhatOnlyOneMemberAsksMeetsALackingRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.cluster.On(kafkatest.Rule{Key: kmsg.OffsetFetch, Times: -1, Do: kafkatest.AnswerCode(30), Match: func(q kafkatest.Request) bool {
			req, err := q.Parse()
			if err != nil {
				return false
			}
			ts := req.(*kmsg.OffsetFetchRequest).Topics
			return q.Version == 7 && len(ts) == 1 && len(ts[0].Partitions) == 1 && ts[0].Partitions[0] == 0
		}})
		a, b := r.start("a", nil), r.start("b", nil)
		var first error
		select {
		case first = <-a.done:
			b.stop()
			<-b.done
		case first = <-b.done:
			a.stop()
			<-a.done
		case <-time.After(time.Minute):
			t.Fatal(errors.Join(a.End(), b.End(), errors.New("neither ended by itself within a minute")))
		}
		if !errors.Is(first, broker.ErrDenied) || !strings.Contains(first.Error(), `Read on group "processor"`) {
			t.Errorf("error %v", first)
		}
	})
}

// TestARightThatIsTakenAwayStopsTheProcessor: a look-up that failed for ever would wait for ever. The next take-over,
// here after a commit in doubt, or the next fetch finds it.
func TestARightThatIsTakenAwayStopsTheProcessor(t *testing.T) {
	for _, c := range []struct {
		name  string
		on    func(*kadm.ACLBuilder) *kadm.ACLBuilder
		op    kadm.ACLOperation
		named error
		grant string
	}{
		{"to read records", onTopic("records"), kadm.OpRead, broker.ErrDenied, `grant Read on topic "records"`},
		{"to see partials", onTopic("partials"), kadm.OpDescribe, broker.ErrDenied, `grant Describe on topic "partials"`},
		{"to see rejects", onTopic("rejects"), kadm.OpDescribe, broker.ErrDenied, `grant Describe on topic "rejects"`},
		{"to write partials", onTopic("partials"), kadm.OpWrite, broker.Code(29), `grant Write and Describe on this topic`},
		{"to use the group", onGroup("processor"), kadm.OpRead, broker.Code(30), `grant Read on`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := guarded(t)
				p := r.start("a", nil)
				time.Sleep(10 * time.Second)
				r.deny(c.on, c.op)
				p.On(kafkatest.Rule{Key: kmsg.EndTxn, Do: kafkatest.AnswerCode(47)})
				r.send(1)
				if err := p.Ended(); !errors.Is(err, c.named) || !strings.Contains(err.Error(), c.grant) {
					t.Errorf("error %v, want %v that says: %s", err, c.named, c.grant)
				}
			})
		})
	}
}

// TestALookUpThatIsRefusedStopsTheProcessor: questions that are asked again until they are answered, met by the one
// answer that no time mends.
func TestALookUpThatIsRefusedStopsTheProcessor(t *testing.T) {
	for _, c := range []struct {
		name string
		key  kmsg.Key
		code int16
		from int
		exit bool
	}{
		{"where a partition begins", kmsg.ListOffsets, 29, 1, false},
		{"how far a run to the end goes", kmsg.ListOffsets, 29, 1, true},
		{"whether all have ended", kmsg.OffsetFetch, 30, 3, true}, // behind those of the take-over
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.send(3)
				a := r.start("a", func(s *Settings) { s.ExitAtEnd = c.exit })
				a.On(kafkatest.Rule{Key: c.key, Nth: c.from, Times: -1, Do: kafkatest.AnswerCode(c.code)})
				if err := a.Ended(); !errors.Is(err, broker.ErrDenied) || !strings.Contains(err.Error(), "grant ") {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}
