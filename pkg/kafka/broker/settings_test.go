package broker

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// checked calls CheckTopics and returns what it logged, a line each with its level.
func checked(ctx context.Context, c *Client, uses ...Use) (string, error) {
	core, logs := observer.New(zap.DebugLevel)
	err := c.CheckTopics(ctx, uses, zap.New(core))
	var b strings.Builder
	for _, l := range logs.All() {
		b.WriteString(l.Level.String() + " " + l.Message + "\n")
	}
	return b.String(), err
}

func TestASettingThatHarmsIsOneLineWithTheCommandThatMendsIt(t *testing.T) {
	bubble(t, func(t *testing.T, cluster *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
		req := kmsg.NewPtrIncrementalAlterConfigsRequest()
		topic := kmsg.NewIncrementalAlterConfigsRequestResource()
		topic.ResourceType, topic.ResourceName = kmsg.ConfigResourceTypeTopic, "in"
		limit := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		limit.Name, limit.Value = maxMessage, kmsg.StringPtr("1000")
		topic.Configs = append(topic.Configs, limit)
		req.Resources = append(req.Resources, topic)
		if _, err := req.RequestWith(t.Context(), cluster.Client()); err != nil {
			t.Fatal(err)
		}
		said, err := checked(t.Context(), c, Use{Topic: "in", Right: Write, Batch: 2000})
		want := `warn topic "in" has max.message.bytes=1000: batches of up to 2000 bytes are sent there, and a larger one than that is refused, which stops the service; ` +
			"right would be: kafka-configs.sh --bootstrap-server localhost:9092 --alter --entity-type topics --entity-name in --add-config max.message.bytes=1048588\n"
		if err != nil || said != want {
			t.Errorf("error %v, said:\n%swant:\n%s", err, said, want)
		}
		if said, err := checked(t.Context(), c, Use{Topic: "in", Right: Read}, Use{Topic: "in", Right: Write, Batch: 1000}); err != nil || said != "" {
			t.Errorf("uses that nothing harms: error %v, said:\n%s", err, said)
		}
	})
}

func TestSettingsThatCanNotBeSeenAreOneLineAndNoDelay(t *testing.T) {
	for _, c := range []struct {
		name string
		do   kafkatest.Action
		says string
		most time.Duration
		asks int
	}{
		{"a broker that does not answer", kafkatest.LoseAnswer(kafkatest.Silent), "no answer", 5 * time.Second, settingsTries},
		{"a broker that ends the connection", kafkatest.LoseAnswer(kafkatest.Break), "", 2 * time.Second, settingsTries},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, _ *kafkatest.Cluster, host *kafkatest.Host, client *Client) {
				host.On(kafkatest.Rule{Key: kmsg.DescribeConfigs, Times: -1, Do: c.do})
				began := time.Now()
				said, err := checked(t.Context(), client, Use{Topic: "in", Right: Write, Batch: 1 << 30})
				if err != nil || strings.Count(said, "\n") != 1 || !strings.Contains(said, "info going on without a look at the settings of the topics in (") {
					t.Errorf("error %v, said:\n%s", err, said)
				}
				if took := time.Since(began); took > c.most || host.Sent(kmsg.DescribeConfigs) > c.asks {
					t.Errorf("%d questions in %s", host.Sent(kmsg.DescribeConfigs), took)
				}
			})
		})
	}
	t.Run("a topic that the asked broker has not heard of", func(t *testing.T) {
		bubble(t, func(t *testing.T, _ *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
			said, err := checked(t.Context(), c, Use{Topic: "new", Right: Write, Batch: 1 << 30})
			if err != nil || strings.Count(said, "\n") != 1 || !strings.Contains(said, `topic "new": [3]`) {
				t.Errorf("error %v, said:\n%s", err, said)
			}
		})
	})
}

// permitted runs a test on brokers that ask an authorizer, which allows what the rights say.
func permitted(t *testing.T, rights map[string][]kmsg.ACLOperation, test func(*testing.T, *kafkatest.Host, *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var all []kfake.ACL
		for topic, ops := range rights {
			for _, op := range ops {
				all = append(all, kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: topic, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: true})
			}
		}
		cluster := kafkatest.Start(t, kafkatest.Options{Topics: map[string]int32{"in": 1, "out": 1, "hidden": 1},
			Kfake: []kfake.Opt{kfake.EnableACLs(), kfake.User("PLAIN", "ANONYMOUS", "-", all...)}})
		host := cluster.Host("us")
		c := New(Config{Brokers: cluster.Addrs(), Dial: host.Dial, Timeout: time.Second})
		t.Cleanup(c.Close)
		test(t, host, c)
	})
}

func TestALackingRightIsFoundWithoutDoingAnything(t *testing.T) {
	rights := map[string][]kmsg.ACLOperation{
		"in": {kmsg.ACLOperationRead, kmsg.ACLOperationDescribeConfigs}, "out": {kmsg.ACLOperationWrite, kmsg.ACLOperationDescribeConfigs},
	}
	permitted(t, rights, func(t *testing.T, host *kafkatest.Host, c *Client) {
		if said, err := checked(t.Context(), c, Use{Topic: "in", Right: Read}, Use{Topic: "in", Right: Describe}, Use{Topic: "out", Right: Write}); err != nil || said != "" {
			t.Errorf("with all rights: error %v, said:\n%s", err, said)
		}
		for _, w := range []struct {
			use   Use
			error string
		}{
			{Use{Topic: "in", Right: Write}, `use topic "in": not allowed: grant Write on topic "in" to this user: [29]`},
			{Use{Topic: "out", Right: Read}, `use topic "out": not allowed: grant Read on topic "out" to this user: [29]`},
			{Use{Topic: "hidden", Right: Describe}, `use topic "hidden": not allowed: grant Describe on topic "hidden" to this user: [29]`},
			{Use{Topic: "hidden", Right: Read}, `use topic "hidden": not allowed: grant Describe and Read on topic "hidden" to this user: [29]`},
		} {
			_, err := checked(t.Context(), c, w.use)
			if !errors.Is(err, ErrDenied) || !errors.Is(err, Code(29)) || !strings.Contains(err.Error(), w.error) {
				t.Errorf("error %v, want %s", err, w.error)
			}
		}
		if n := host.Sent(kmsg.Produce) + host.Sent(kmsg.Fetch) + host.Sent(kmsg.CreateTopics); n > 0 {
			t.Errorf("%d requests with an effect", n)
		}
	})
}

func TestWithoutTheRightToSeeSettingsWorkGoesOnAfterOneLine(t *testing.T) {
	rights := map[string][]kmsg.ACLOperation{"in": {kmsg.ACLOperationRead}, "out": {kmsg.ACLOperationWrite}, "hidden": {kmsg.ACLOperationWrite, kmsg.ACLOperationDescribeConfigs}}
	permitted(t, rights, func(t *testing.T, host *kafkatest.Host, c *Client) {
		said, err := checked(t.Context(), c, Use{Topic: "in", Right: Read}, Use{Topic: "out", Right: Write, Batch: 1 << 30}, Use{Topic: "hidden", Right: Write, Batch: 1 << 30})
		if err != nil || strings.Count(said, "\n") != 2 || !strings.HasPrefix(said, `warn topic "hidden" has max.message.bytes`) ||
			!strings.Contains(said, "topics in, out (") || !strings.Contains(said, "DescribeConfigs") {
			t.Errorf("error %v, said:\n%s", err, said)
		}
		if n := host.Sent(kmsg.DescribeConfigs); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestOnlyRefusalsOfTheAuthorizerAreDenials(t *testing.T) {
	for code := Code(-1); code < 130; code++ {
		want := code == 29 || code == 30 || code == 31 || code == 53
		if got := Denied("act", code, "grant"); (got != nil) != want || want && (!errors.Is(got, ErrDenied) || !errors.Is(got, code)) {
			t.Errorf("code %d: %v", code, got)
		}
	}
	if err := errors.Join(Denied("act", nil, "grant"), Denied("act", errors.New("other"), "grant")); err != nil {
		t.Error(err)
	}
}

func TestATopicThatMustBeThereIsWaitedForByItsReason(t *testing.T) {
	bubble(t, func(t *testing.T, _ *kafkatest.Cluster, host *kafkatest.Host, c *Client) {
		if got, waiting, err := c.Find(t.Context(), "in"); got.Partitions() != 6 || waiting != "" || err != nil {
			t.Errorf("%+v, waiting for %q, error %v", got, waiting, err)
		}
		if _, waiting, err := c.Find(t.Context(), "new"); waiting != `topic "new", which does not exist` || err != nil {
			t.Errorf("waiting for %q, error %v", waiting, err)
		}
		host.On(kafkatest.Rule{Key: kmsg.Metadata, Do: kafkatest.LoseAnswer(kafkatest.Break), Match: func(q kafkatest.Request) bool { return q.Version == 12 }})
		if _, waiting, err := c.Find(t.Context(), "in"); waiting != `an answer about topic "in"` || err != nil {
			t.Errorf("waiting for %q, error %v", waiting, err)
		}
	})
}
