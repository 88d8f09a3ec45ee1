package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// NewTopic is a topic that a service needs.
type NewTopic struct {
	Name        string
	Partitions  int
	Replication int
}

// Pauses between two looks for a topic that isn't there yet, and between two lines about errors of one kind.
const (
	lookAgain = 250 * time.Millisecond
	sayAgain  = 10 * time.Second
)

// EnsureTopics waits until all topics are there with a leader for every partition, and makes those that are missing
// if create is set. Several replicas may do it at once: who comes second finds the topic there. It keeps trying while
// brokers can't be reached, saying so once for each thing that changes; an error is one that a person must act on.
func (c *Client) EnsureTopics(ctx context.Context, topics []NewTopic, create bool, log *zap.Logger) error {
	e := &ensurer{Client: c, create: create, log: log}
	for _, t := range topics {
		for {
			done, err := e.ensure(ctx, t)
			if err != nil || ctx.Err() != nil {
				return err
			}
			if done {
				break
			}
			pause(ctx, lookAgain)
		}
	}
	return nil
}

// Find looks up a topic that must be there. What is waited for is empty if it is; an error is one that no time mends.
func (c *Client) Find(ctx context.Context, name string) (t Topic, waiting string, err error) {
	t, err = c.LookUp(ctx, name)
	switch {
	case err != nil:
		return t, fmt.Sprintf("an answer about topic %q", name), nil
	case t.Code == OK && t.Partitions() > 0:
		return t, "", nil
	case t.Code == 3:
		return t, fmt.Sprintf("topic %q, which does not exist", name), nil
	}
	if denied := Denied(fmt.Sprintf("look up topic %q", name), t.Code, fmt.Sprintf("Describe on topic %q", name)); denied != nil {
		return t, "", denied
	}
	return t, fmt.Sprintf("topic %q: %v", name, t.Code), nil
}

type ensurer struct {
	*Client
	create bool
	log    *zap.Logger
	said   string // what was last said, without its error
	text   string // the same with it
	told   time.Time
}

// say logs what is waited for once. Texts of network errors differ in nothing but a port, four times a second: an error
// that changes is told again every few seconds at most.
func (e *ensurer) say(what string, err error) {
	text := what
	if err != nil {
		text = fmt.Sprintf("%s: %v", what, err)
	}
	if text == e.text || what == e.said && time.Since(e.told) < sayAgain {
		return
	}
	e.said, e.text, e.told = what, text, time.Now()
	e.log.Warn(text)
}

func (e *ensurer) ensure(ctx context.Context, want NewTopic) (bool, error) {
	if err := e.CheckVersions(ctx); err != nil {
		var old *ErrTooOld
		if errors.As(err, &old) {
			return false, old
		}
		if ctx.Err() != nil {
			return false, nil
		}
		var refused *ErrSecurity
		if hungUp(err) {
			_ = errors.As(e.wantsSASL(ctx), &refused)
		}
		if refused != nil || errors.As(err, &refused) {
			return false, refused
		}
		e.say(fmt.Sprintf("can't reach Kafka at %s, trying again", e.addr), err)
		return false, nil
	}
	t, err := e.LookUp(ctx, want.Name)
	if err != nil {
		if ctx.Err() != nil {
			return false, nil
		}
		e.say(fmt.Sprintf("can't look up topic %q, trying again", want.Name), err)
		return false, nil
	}
	switch t.Code {
	case OK:
		if !e.whole(t, want) {
			return false, nil
		}
		return e.reached(ctx, t)
	case 3:
	case 29:
		return false, Denied(fmt.Sprintf("look up topic %q", want.Name), t.Code, fmt.Sprintf("Describe on topic %q", want.Name))
	case 17:
		return false, fmt.Errorf("look up topic %q: no such name is possible: use letters, digits, dot, underscore and hyphen: %w", want.Name, t.Code)
	default:
		e.say(fmt.Sprintf("can't look up topic %q, trying again", want.Name), t.Code)
		return false, nil
	}
	if !e.create {
		e.say(fmt.Sprintf("topic %q does not exist, and --create-topics=false: waiting until somebody makes it (or is its name another?)", want.Name), nil)
		return false, nil
	}
	return false, e.make(ctx, want)
}

// whole tells whether every partition has a leader, and says once what an existing topic differs in.
func (e *ensurer) whole(t Topic, want NewTopic) bool {
	for p, leader := range t.Leaders {
		if leader < 0 {
			e.say(fmt.Sprintf("partition %d of topic %q has no leader, waiting", p, t.Name), nil)
			return false
		}
	}
	if int(t.Partitions()) != want.Partitions {
		e.log.Info("using a topic as it is", zap.String("topic", t.Name), zap.Int32("partitions", t.Partitions()))
	}
	return true
}

// reached tells whether the leaders of a topic, at the addresses that the brokers themselves gave, take secured
// connections: a certificate may be for the name in --brokers and not for these.
func (e *ensurer) reached(ctx context.Context, t Topic) (bool, error) {
	if !e.conf.Security.On() {
		return true, nil
	}
	for _, leader := range slices.Compact(slices.Sorted(slices.Values(t.Leaders))) {
		_, err := e.send(ctx, &call{node: leader, key: keyAPIVersions, version: 2})
		var refused *ErrSecurity
		if errors.As(err, &refused) {
			return false, refused
		}
		if err != nil {
			e.say(fmt.Sprintf("can't reach broker %d, which leads partitions of topic %q, trying again", leader, t.Name), err)
			return false, nil
		}
	}
	return true, nil
}

// make creates a topic whose record times are the broker's: with event times as record times a backfill of last
// year's data would be deleted at the next retention check, and times an hour ahead refused.
func (e *ensurer) make(ctx context.Context, want NewTopic) error {
	ctx, cancel := context.WithTimeout(ctx, e.conf.Timeout)
	defer cancel()
	res, err := e.admin().CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic: want.Name, NumPartitions: want.Partitions, ReplicationFactor: want.Replication,
		ConfigEntries: []kafka.ConfigEntry{{ConfigName: "message.timestamp.type", ConfigValue: "LogAppendTime"}},
	}}})
	if err == nil {
		err = res.Errors[want.Name]
	}
	var code kafka.Error
	ok := errors.As(err, &code)
	switch {
	case err == nil:
		e.log.Info("topic made", zap.String("topic", want.Name), zap.Int("partitions", want.Partitions))
	case ok && code == 36: // another replica was faster
	case ok && (code == 29 || code == 31):
		return Denied(fmt.Sprintf("make topic %q", want.Name), code, fmt.Sprintf("Create on topic %q (or start with --create-topics=false when somebody else has made it)", want.Name))
	case ok && code == 38 && want.Replication > 1: // no cluster has fewer than one: its brokers are fenced for the moment
		return fmt.Errorf("make topic %q with replication factor %d: there are fewer brokers: set --replication-factor: %w", want.Name, want.Replication, err)
	case ok && (code == 37 || code == 44 || code == 40):
		return fmt.Errorf("make topic %q with %d partitions: the cluster refuses it: %w", want.Name, want.Partitions, err)
	default:
		e.say(fmt.Sprintf("can't make topic %q, trying again", want.Name), err)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
