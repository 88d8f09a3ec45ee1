package load

import (
	"errors"
	"fmt"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/txn"
)

// What ends a load for good.
var (
	// ErrTakenOver means that another load of this name has begun: it goes on from where this one was.
	ErrTakenOver = errors.New("another load of this name has taken over")
	// ErrGone means that what was committed of this load is not there any more.
	ErrGone = errors.New("the progress of the load, or the topic, was deleted under it")
)

// explain adds to a refusal what would help against it.
func (l *Load) explain(err error) error {
	var code broker.Code
	if !errors.As(err, &code) {
		return err
	}
	grant := fmt.Sprintf("Write on topic %q", l.Topic.Name)
	switch code {
	case 30:
		grant = fmt.Sprintf("Read on group %q", l.id)
	case 31, 53:
		grant = fmt.Sprintf("Write and Describe on transactional id %q", l.id)
	}
	if denied := broker.Denied("load files", err, grant); denied != nil {
		return denied
	}
	hint := "see docs/operating.md"
	switch code {
	case 22, 25, 27, 82:
		hint = fmt.Sprintf("consumers have joined group %q, in which the load keeps its progress: end them, or take another --load-name", l.id)
	case 50:
		hint = fmt.Sprintf("raise transaction.max.timeout.ms of the brokers to %d at least", txn.Timeout.Milliseconds())
	case 12:
		hint = "raise offset.metadata.max.bytes of the brokers to its default of 4096 at least"
	case 10, 18:
		hint = fmt.Sprintf("raise max.message.bytes of topic %q to its default of 1048588 at least", l.Topic.Name)
	case 32:
		hint = fmt.Sprintf("set message.timestamp.type=LogAppendTime on topic %q, or put this machine's clock right", l.Topic.Name)
	case 87:
		hint = fmt.Sprintf("topic %q must be without cleanup.policy=compact, or start with --key category: records without a key are refused", l.Topic.Name)
	}
	return fmt.Errorf("%w; %s", err, hint)
}
