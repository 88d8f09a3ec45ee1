package publish

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

func TestSettingsThatHarmAGeneratorAreSaidOnceAtItsStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		alter := []kadm.AlterConfig{{Name: "cleanup.policy", Value: kadm.StringPtr("compact")}, {Name: "max.message.bytes", Value: kadm.StringPtr("300000")}}
		if _, err := kadm.NewClient(c.Client()).AlterTopicConfigs(t.Context(), alter, topic); err != nil {
			t.Fatal(err)
		}
		for _, w := range []struct {
			key   string
			bytes int
			lines []string
		}{
			{"none", 1000, []string{"has cleanup.policy=compact: records without a key are refused"}},
			{"category", 512 << 10, []string{"has max.message.bytes=300000: batches of up to 526336 bytes"}},
			{"category", 1000, nil},
		} {
			core, logs := observer.New(zap.WarnLevel)
			s := settings(c, Feed{Source: []string{"-"}, Key: w.key})
			s.Log, s.MaxRecordBytes, s.Stdin = zap.New(core), w.bytes, strings.NewReader("")
			if err := Serve(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			all := logs.All()
			if len(all) != len(w.lines) {
				t.Errorf("key %s, %d bytes: said %v, want %q", w.key, w.bytes, all, w.lines)
				continue
			}
			for i, want := range w.lines {
				if !strings.Contains(all[i].Message, want) {
					t.Errorf("key %s, %d bytes: said %q, want %q", w.key, w.bytes, all[i].Message, want)
				}
			}
		}
	})
}

// guarded is a cluster that asks an authorizer, which allows to see the topic and op besides.
func guarded(t *testing.T, op kmsg.ACLOperation) *kafkatest.Cluster {
	acl := kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: topic, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: true}
	alter := kfake.ACL{Resource: kmsg.ACLResourceTypeCluster, Name: "kafka-cluster", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationAlter, Allow: true}
	return kafkatest.Start(t, kafkatest.Options{Topics: map[string]int32{topic: 3}, Kfake: []kfake.Opt{kfake.EnableACLs(), kfake.User("PLAIN", "ANONYMOUS", "-", acl, alter)}})
}

func TestAGeneratorWithoutTheRightToWriteReadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := guarded(t, kmsg.ACLOperationDescribe)
		s := settings(c, Feed{Source: []string{"-"}})
		stdin := strings.NewReader("a line that would be lost\n")
		s.Stdin = stdin
		err := Serve(t.Context(), s)
		if !errors.Is(err, broker.ErrDenied) || !strings.Contains(err.Error(), `grant Write on topic "records"`) {
			t.Errorf("error %v", err)
		}
	})
}

// TestARightThatIsTakenAwayStopsAGenerator: with its leaders forgotten the topic can't even be looked up.
func TestARightThatIsTakenAwayStopsAGenerator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := guarded(t, kmsg.ACLOperationWrite)
		adm := kadm.NewClient(c.Client())
		done := publishing(t.Context(), c, settings(c, Feed{Source: []string{"synthetic"}, Rate: Rate{Set: true, PerSecond: 10}}), &numbers{})
		time.Sleep(5 * time.Second)
		c.Host("generator").On(kafkatest.Rule{Key: kmsg.Produce, Do: kafkatest.AnswerCode(6)}) // not the leader
		deny := kadm.NewACLs().Deny("User:ANONYMOUS").Operations(kadm.OpAll).Topics(topic).ResourcePatternType(kadm.ACLPatternLiteral)
		if _, err := adm.CreateACLs(t.Context(), deny); err != nil {
			t.Fatal(err)
		}
		if err := within(t, done); !errors.Is(err, broker.ErrDenied) || !strings.Contains(err.Error(), `grant Write on topic "records"`) {
			t.Errorf("error %v", err)
		}
	})
}

// TestATopicThatIsDeletedUnderAGeneratorIsWaitedFor: a line says what is missing and no loop runs hot. When the topic is
// made again, a person has to look.
func TestATopicThatIsDeletedUnderAGeneratorIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		core, logs := observer.New(zap.WarnLevel)
		s := settings(c, Feed{Source: []string{"synthetic"}, Count: 200, Rate: Rate{Set: true, PerSecond: 10}})
		s.Log = zap.New(core)
		host := c.Host("generator")
		adm := kadm.NewClient(c.Client())
		done := publishing(t.Context(), c, s, &numbers{limit: 200})
		time.Sleep(5 * time.Second)
		before := host.Sent(kmsg.Metadata) + host.Sent(kmsg.Produce)
		if _, err := adm.DeleteTopics(t.Context(), topic); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := host.Sent(kmsg.Metadata) + host.Sent(kmsg.Produce) - before; n > 600 {
			t.Errorf("%d requests in a minute of waiting", n)
		}
		all := logs.All()
		if n := len(all); n == 0 || n > 3 {
			t.Errorf("%d lines: %v", n, all)
		}
		found := false
		for _, l := range all {
			text, _ := l.ContextMap()["error"].(string)
			found = found || strings.Contains(text, "[3] Unknown Topic Or Partition")
		}
		if !found {
			t.Errorf("it does not say that the topic is not there: %v", all)
		}
		if _, err := adm.CreateTopics(t.Context(), 3, 1, nil, topic); err != nil {
			t.Fatal(err)
		}
		// Whether the batch that met the deletion was appended before it, nobody can tell any more.
		if err := within(t, done); !errors.Is(err, ErrInDoubt) || !strings.Contains(err.Error(), "check the topic's last records") {
			t.Errorf("error %v", err)
		}
	})
}
