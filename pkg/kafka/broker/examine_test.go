package broker

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"
)

// watched is an imitation of Kafka whose users may do what is granted, and a client of it that may do everything.
func watched(t *testing.T, grants ...kfake.ACL) (user *Client, admin *kadm.Client) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "in", "out"), kfake.EnableACLs(), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "admin", "admin"), kfake.User("PLAIN", "user", "user", grants...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	at := func(name string) *Client {
		c := New(Config{Brokers: cluster.ListenAddrs(), Timeout: 2 * time.Second, Security: Security{SASL: Plain, User: name, Password: name}})
		t.Cleanup(c.Close)
		return c
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.SASL(plain.Auth{User: "admin", Pass: "admin"}.AsMechanism()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return at("user"), kadm.NewClient(client)
}

func allow(what kmsg.ACLResourceType, name string, pattern kmsg.ACLResourcePatternType, op kmsg.ACLOperation) kfake.ACL {
	return kfake.ACL{Resource: what, Name: name, Pattern: pattern, Operation: op, Allow: true}
}

// enough are the rights that need of the tests takes.
func enough() []kfake.ACL {
	literal, prefixed := kmsg.ACLResourcePatternTypeLiteral, kmsg.ACLResourcePatternTypePrefixed
	return []kfake.ACL{
		allow(kmsg.ACLResourceTypeTopic, "in", literal, kmsg.ACLOperationRead),
		allow(kmsg.ACLResourceTypeTopic, "out", literal, kmsg.ACLOperationWrite),
		allow(kmsg.ACLResourceTypeGroup, "g", literal, kmsg.ACLOperationRead),
		allow(kmsg.ACLResourceTypeGroup, "other", literal, kmsg.ACLOperationDescribe),
		allow(kmsg.ACLResourceTypeTransactionalId, "g/", prefixed, kmsg.ACLOperationWrite),
	}
}

func someNeed() Need {
	return Need{Topics: []NewTopic{{Name: "in", Partitions: 2}, {Name: "out", Partitions: 2}}, Group: "g", Progress: "other",
		Uses: []Use{{Topic: "in", Right: Read, Sender: "clocks differ"}, {Topic: "out", Right: Write}}}
}

func TestWhatIsEnoughIsFoundToBe(t *testing.T) {
	user, admin := watched(t, enough()...)
	var out strings.Builder
	if !user.Examine(t.Context(), someNeed(), &out) {
		t.Errorf("found wrong:\n%s", &out)
	}
	for _, line := range []string{`ok       topic "in": 2 partitions; Describe and Read allowed`, `ok       group "g": `, `ok       transactions: Write`, "warning  settings of the topics in, out are not looked at"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("no line %q in:\n%s", line, &out)
		}
	}
	groups, err := admin.ListGroups(t.Context())
	if err != nil || len(groups) > 0 {
		t.Errorf("groups %v were made, %v", groups.Groups(), err)
	}
	ids, err := admin.ListTransactions(t.Context(), nil, nil)
	if err != nil || len(ids) > 0 {
		t.Errorf("transactions %v were begun, %v", ids.TransactionalIDs(), err)
	}
}

func TestEachLackIsFound(t *testing.T) {
	for i, lacking := range enough() {
		grants := enough()
		user, _ := watched(t, append(grants[:i], grants[i+1:]...)...)
		var out strings.Builder
		if user.Examine(t.Context(), someNeed(), &out) {
			t.Errorf("without %v on %q all is found well:\n%s", lacking.Operation, lacking.Name, &out)
		}
		named := false
		for line := range strings.Lines(out.String()) {
			named = named || strings.HasPrefix(line, "wrong ") && strings.Contains(line, `"`+lacking.Name+`"`) && strings.Contains(line, "grant")
		}
		if !named {
			t.Errorf("without %v on %q nothing says so:\n%s", lacking.Operation, lacking.Name, &out)
		}
	}
}

func TestATopicThatIsNotThere(t *testing.T) {
	user, admin := watched(t, append(enough(), allow(kmsg.ACLResourceTypeTopic, "new", kmsg.ACLResourcePatternTypeLiteral, kmsg.ACLOperationDescribe))...)
	need := someNeed()
	need.Topics = append(need.Topics, NewTopic{Name: "new", Partitions: 5, Replication: 1})
	for _, c := range []struct {
		create bool
		want   string
	}{
		{false, `wrong    topic "new" does not exist, and --create-topics=false`},
		{true, `wrong    make topic "new": not allowed: grant Create on topic "new"`},
	} {
		need.Create = c.create
		var out strings.Builder
		if user.Examine(t.Context(), need, &out) || !strings.Contains(out.String(), c.want) {
			t.Errorf("want %q in:\n%s", c.want, &out)
		}
	}
	topics, err := admin.ListTopics(t.Context())
	if err != nil || topics.Has("new") {
		t.Errorf("the topic was made, or: %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	c := New(Config{Brokers: []string{"127.0.0.1:1"}, Timeout: time.Second})
	defer c.Close()
	var out strings.Builder
	if c.Examine(t.Context(), someNeed(), &out) || !strings.Contains(out.String(), "wrong    broker 127.0.0.1:1: ") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("found:\n%s", &out)
	}
}
