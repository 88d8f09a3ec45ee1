package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// Level is how bad a finding is.
type Level int8

// The levels of findings.
const (
	Fine Level = iota
	Warning
	Bad
)

// String is how a line of findings begins.
func (l Level) String() string { return [...]string{"ok", "warning", "wrong"}[l] }

// Need is what a service needs of a cluster.
type Need struct {
	Topics   []NewTopic
	Uses     []Use // of the topics
	Create   bool  // missing topics are made
	Group    string
	Progress string // another group, whose commits are read; ""
}

// clockApart is how far two clocks may be apart without a word.
const clockApart = 2 * time.Second

// Examine looks whether a cluster gives a service what it needs, without changing anything, and writes a line for each
// finding; false if one is bad. What can't be looked at for want of a right that the service itself does not need is a
// warning.
func (c *Client) Examine(ctx context.Context, need Need, out io.Writer) bool {
	x := &examination{Client: c, need: &need, out: out, topics: map[string]Topic{}}
	if !x.connect(ctx) || !x.version(ctx) {
		return false
	}
	x.findTopics(ctx)
	x.settings(ctx)
	if need.Group != "" {
		x.group(ctx)
		x.transactions(ctx)
	}
	x.clock(ctx)
	return !x.bad
}

type examination struct {
	*Client
	need   *Need
	out    io.Writer
	topics map[string]Topic // those that are there
	stamps map[string]settings
	bad    bool
}

func (x *examination) say(l Level, format string, args ...any) {
	x.bad = x.bad || l == Bad
	_, _ = fmt.Fprintf(x.out, "%-8s %s\n", l, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; "))
}

// connect tries each address; one that answers is enough.
func (x *examination) connect(ctx context.Context) bool {
	reached, level := false, Warning
	failed := map[string]error{}
	for _, addr := range x.conf.Brokers {
		tryCtx, cancel := context.WithTimeout(ctx, dialTimeout)
		conn, err := x.conf.Dial(tryCtx, "tcp", addr)
		cancel()
		if err != nil {
			failed[addr] = err
			continue
		}
		_ = conn.Close()
		reached = true
		x.say(Fine, "broker %s: connected by %s", addr, x.conf.Security.String())
	}
	if !reached {
		level = Bad
	}
	for _, addr := range x.conf.Brokers {
		if err := failed[addr]; err != nil {
			text := err.Error()
			var named *ErrSecurity
			if !errors.As(err, &named) {
				text += ": is Kafka up, and is --brokers right?"
			}
			x.say(level, "broker %s: %s", addr, strings.TrimPrefix(text, "connect to "+addr+": "))
		}
	}
	return reached
}

// version tells whether the brokers can be spoken with; if not, nothing else can be looked at.
func (x *examination) version(ctx context.Context) bool {
	if err := x.CheckVersions(ctx); err != nil {
		var named *ErrSecurity
		if hungUp(err) && errors.As(x.wantsSASL(ctx), &named) {
			err = named
		}
		x.say(Bad, "version: %v", err)
		return false
	}
	levels, err := x.features(ctx)
	if err != nil {
		x.say(Warning, "version: Kafka 4.0 or newer; its features can't be asked for: %v", err)
		return true
	}
	x.say(Fine, "version: %s (metadata.version %d), every request version that is needed", release(levels["metadata.version"]), levels["metadata.version"])
	return true
}

// release is the Kafka release that first had a level of metadata.version: the protocol tells no other version. Brokers
// may be newer than what their cluster has finalized.
func release(level int16) string {
	switch {
	case level >= 31:
		return "newer than Kafka 4.3"
	case level == 30:
		return "Kafka 4.3"
	case level >= 28:
		return "Kafka 4.2"
	case level >= 26:
		return "Kafka 4.1"
	}
	return "Kafka 4.0 or newer"
}

func (x *examination) findTopics(ctx context.Context) {
	right := map[string]Right{}
	for _, u := range x.need.Uses {
		right[u.Topic] = u.Right
	}
	for _, want := range x.need.Topics {
		t, err := x.lookUp(ctx, want.Name, true)
		switch {
		case err != nil:
			x.say(Bad, "topic %q: %v", want.Name, err)
		case t.Code == OK:
			x.found(ctx, t, Use{Topic: want.Name, Right: right[want.Name]})
		case t.Code == 3 && !x.need.Create:
			x.say(Bad, "topic %q does not exist, and --create-topics=false: have it made, or is its name another?", want.Name)
		case t.Code == 3:
			x.couldMake(ctx, want)
		default:
			if err := x.checkRight(ctx, Use{Topic: want.Name, Right: right[want.Name]}); err != nil {
				x.say(Bad, "%v", err)
				continue
			}
			x.say(Bad, "topic %q: %v", want.Name, t.Code)
		}
	}
}

func (x *examination) found(ctx context.Context, t Topic, u Use) {
	x.topics[t.Name] = t
	for p, leader := range t.Leaders {
		if leader < 0 {
			x.say(Bad, "topic %q: partition %d has no leader: is a broker down?", t.Name, p)
		}
	}
	if ok, err := (&ensurer{Client: x.Client, log: zap.NewNop()}).reached(ctx, t); err != nil || !ok {
		if err == nil {
			err = errors.New("a leader can't be reached at the address that the brokers give (advertised.listeners)")
		}
		x.say(Bad, "topic %q: %v", t.Name, err)
	}
	if err := x.checkRight(ctx, u); err != nil {
		x.say(Bad, "%v", err)
		return
	}
	allowed := Describe.String()
	if u.Right != Describe {
		allowed += " and " + u.Right.String()
	}
	x.say(Fine, "topic %q: %d partitions; %s allowed", t.Name, t.Partitions(), allowed)
}

// couldMake asks the brokers whether they would make a topic.
func (x *examination) couldMake(ctx context.Context, want NewTopic) {
	res, err := x.admin().CreateTopics(ctx, &kafka.CreateTopicsRequest{ValidateOnly: true, Topics: []kafka.TopicConfig{{
		Topic: want.Name, NumPartitions: want.Partitions, ReplicationFactor: want.Replication,
	}}})
	if err == nil {
		err = res.Errors[want.Name]
	}
	denied := Denied(fmt.Sprintf("make topic %q", want.Name), err, fmt.Sprintf("Create on topic %q (or have somebody else make it)", want.Name))
	switch {
	case err == nil:
		x.say(Fine, "topic %q does not exist yet: it will be made with %d partitions", want.Name, want.Partitions)
	case denied != nil:
		x.say(Bad, "%v", denied)
	default:
		x.say(Bad, "topic %q does not exist, and can't be made: %v", want.Name, err)
	}
}

// settings looks at those of the topics that are there.
func (x *examination) settings(ctx context.Context) {
	var uses []Use
	for _, u := range x.need.Uses {
		if _, ok := x.topics[u.Topic]; ok {
			uses = append(uses, u)
		}
	}
	if len(uses) == 0 {
		return
	}
	all, err := x.describe(ctx, uses)
	x.stamps = all
	if err != nil {
		var unseen []string
		for _, u := range uses {
			if all[u.Topic] == nil {
				unseen = append(unseen, u.Topic)
			}
		}
		why := fmt.Sprintf("can't be looked at: %v", err)
		if Denied("", err, "") != nil {
			why = "are not looked at (times, retention, limits): grant DescribeConfigs on them to this user; the service itself does not need it"
		}
		x.say(Warning, "settings of the topics %s %s", strings.Join(unseen, ", "), why)
	}
	for _, u := range uses {
		s := all[u.Topic]
		if s == nil {
			continue
		}
		wrong := u.misfits(s)
		for _, m := range wrong {
			x.say(Warning, "topic %q has %s: %s; right would be %s", u.Topic, m.found, m.harm, m.right)
		}
		if u.Sender != "" && s[timestampType] == "CreateTime" {
			x.say(Warning, "topic %q has %s=CreateTime: %s; right would be %s=LogAppendTime", u.Topic, timestampType, u.Sender, timestampType)
			continue
		}
		if len(wrong) == 0 {
			x.say(Fine, "topic %q: %s=%s, %s=%s, %s=%s, %s=%s", u.Topic, timestampType, s[timestampType],
				cleanupPolicy, s[cleanupPolicy], retention, kept(s), maxMessage, s[maxMessage])
		}
	}
}

// kept is a retention as a person reads it.
func kept(s settings) string {
	if d, ok := s.millis(retention); ok && d >= 0 {
		return fmt.Sprintf("%s (%s)", s[retention], d)
	}
	return s[retention] + " (for ever)"
}

// group looks at the rights on our group, and on the one whose progress is read.
func (x *examination) group(ctx context.Context) {
	g, code, err := x.describeGroup(ctx, x.need.Group)
	grant := fmt.Sprintf("Read on group %q", x.need.Group)
	switch denied := Denied(fmt.Sprintf("use group %q", x.need.Group), code, grant); {
	case err != nil:
		x.say(Bad, "group %q: %v", x.need.Group, err)
	case denied != nil:
		x.say(Bad, "%v", denied)
	case code != OK:
		x.say(Bad, "group %q: %v", x.need.Group, code)
	case g.operations != notGiven && g.operations&(1<<Read) == 0:
		x.say(Bad, "%v", Denied(fmt.Sprintf("use group %q", x.need.Group), Code(30), grant))
	default:
		x.say(Fine, "group %q: %s, %d members; Read allowed", x.need.Group, state(g), g.Members)
	}
	if x.need.Progress == "" {
		return
	}
	g, code, err = x.describeGroup(ctx, x.need.Progress)
	switch denied := Denied(fmt.Sprintf("see how far group %q is", x.need.Progress), code, fmt.Sprintf("Describe on group %q", x.need.Progress)); {
	case err != nil:
		x.say(Bad, "group %q: %v", x.need.Progress, err)
	case denied != nil:
		x.say(Bad, "%v (or start with --max-ahead 0)", denied)
	default:
		x.say(Fine, "group %q: %s, %d members; Describe allowed", x.need.Progress, state(g), g.Members)
	}
}

func state(g groupState) string {
	if g.State == "Dead" || g.State == "" {
		return "not there yet"
	}
	return g.State
}

// transactions asks for a place in a transaction that nobody has begun: the brokers look at our rights first, and then
// find no such transactional id, so that nothing is written.
func (x *examination) transactions(ctx context.Context) {
	id := x.need.Group + "/check"
	code, err := x.AddOffsets(ctx, Producer{TxnID: id, ID: 0}, x.need.Group)
	denied := Denied("use transactions", code, fmt.Sprintf("Write and Describe on transactional ids with the prefix %q", x.need.Group+"/"))
	switch {
	case err != nil:
		x.say(Bad, "transactions: %v", err)
		return
	case code == 30: // said of the group
		return
	case denied != nil:
		x.say(Bad, "%v", denied)
		return
	case code != kafka.InvalidProducerIDMapping:
		x.say(Warning, "transactions: whether they are allowed can't be told: %v", code)
	}
	version, code, err := x.TransactionVersion(ctx, id)
	if err != nil || code != OK {
		x.say(Warning, "transactions: allowed; which version the cluster has can't be told: %v", errors.Join(err, code))
		return
	}
	x.say(Fine, "transactions: Write and Describe allowed on ids with the prefix %q; %s", x.need.Group+"/", version)
}
