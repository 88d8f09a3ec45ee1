package broker

import (
	"context"
	"errors"
	"fmt"
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

// lookAgain is the pause between two looks for a topic that isn't there yet.
const lookAgain = 250 * time.Millisecond

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

type ensurer struct {
	*Client
	create bool
	log    *zap.Logger
	said   string
}

// say logs a text once.
func (e *ensurer) say(text string) {
	if text != e.said {
		e.said = text
		e.log.Warn(text)
	}
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
		e.say(fmt.Sprintf("can't reach Kafka at %s, trying again: %v", e.addr, err))
		return false, nil
	}
	t, err := e.LookUp(ctx, want.Name)
	if err != nil {
		e.say(fmt.Sprintf("can't look up topic %q, trying again: %v", want.Name, err))
		return false, nil
	}
	switch t.Code {
	case OK:
		return e.whole(t, want), nil
	case 3:
	case 29:
		return false, fmt.Errorf("look up topic %q: grant Describe on it to this user: %w", want.Name, t.Code)
	case 17:
		return false, fmt.Errorf("look up topic %q: no such name is possible: use letters, digits, dot, underscore and hyphen: %w", want.Name, t.Code)
	default:
		e.say(fmt.Sprintf("can't look up topic %q, trying again: %v", want.Name, t.Code))
		return false, nil
	}
	if !e.create {
		e.say(fmt.Sprintf("topic %q does not exist, and --create-topics=false: waiting until somebody makes it", want.Name))
		return false, nil
	}
	return false, e.make(ctx, want)
}

// whole tells whether every partition has a leader, and says once what an existing topic differs in.
func (e *ensurer) whole(t Topic, want NewTopic) bool {
	for p, leader := range t.Leaders {
		if leader < 0 {
			e.say(fmt.Sprintf("partition %d of topic %q has no leader, waiting", p, t.Name))
			return false
		}
	}
	if int(t.Partitions()) != want.Partitions {
		e.log.Info("using a topic as it is", zap.String("topic", t.Name), zap.Int32("partitions", t.Partitions()))
	}
	return true
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
		return fmt.Errorf("make topic %q: grant Create on it to this user, or make it by hand and start with --create-topics=false: %w", want.Name, err)
	case ok && code == 38:
		return fmt.Errorf("make topic %q with replication factor %d: there are fewer brokers: set --replication-factor: %w", want.Name, want.Replication, err)
	case ok && (code == 37 || code == 44 || code == 40):
		return fmt.Errorf("make topic %q with %d partitions: the cluster refuses it: %w", want.Name, want.Partitions, err)
	default:
		e.say(fmt.Sprintf("can't make topic %q, trying again: %v", want.Name, err))
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
