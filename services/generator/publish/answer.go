package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// answered takes the answer about one batch in; the lock is held. An error says why the batch is sent again.
func (s *sender) answered(o outgoing, a broker.Produced) error {
	text := ""
	if a.Text != "" {
		text = ": " + a.Text
	}
	err := fmt.Errorf("publish to %s/%d: %w%s", s.topic, o.part.number, a.Code, text)
	switch a.Code {
	case broker.OK, 46: // 46: it was there already
		o.part.sealed = o.part.sealed[1:]
		o.part.next = batch.NextSequence(o.part.next, int32(o.batch.count))
		s.unacked -= o.batch.count
		s.acked.Add(o.batch.count)
		return nil
	case 7, -1, 20, 13, 3, 6, 56:
		// Perhaps appended, and then the same sequence again is recognised. 3, 6 and 56 come also from a leader that
		// was deposed while it waited for its followers, with the batch in its log and maybe in theirs.
		o.batch.silent = true
	case 2, 5, 8, 9, 14, 15, 16, 19, 51, 72, 74, 75, 89: // surely not appended
	case 45, 47, 49, 59, 90:
		if o.batch.silent {
			s.failed = fmt.Errorf("publish to %s/%d: %w: check the topic's last records, then start again behind them: %w",
				s.topic, o.part.number, ErrInDoubt, a.Code)
			return nil
		}
		// All before it is acknowledged and it was refused, so another identity can't double anything.
		o.part.producer = nil
		return fmt.Errorf("%w: taking another producer id", err)
	default:
		act := fmt.Sprintf("publish to %s/%d", s.topic, o.part.number)
		if s.failed = broker.Denied(act, a.Code, fmt.Sprintf("Write on topic %q", s.topic)); s.failed == nil {
			s.failed = fmt.Errorf("%w%s", err, hint(o, a, s.topic))
		}
		return nil
	}
	return err
}

// hint says what would help against a refusal that stays.
func hint(o outgoing, a broker.Produced, topic string) string {
	switch a.Code {
	case 10, 18:
		return fmt.Sprintf(": raise max.message.bytes of topic %q to %d or more", topic, max(batchBytes, len(o.batch.bytes)))
	case 32:
		return fmt.Sprintf(": set message.timestamp.type=LogAppendTime on topic %q, or raise its message.timestamp.before.max.ms and message.timestamp.after.max.ms, or put this machine's clock right", topic)
	case 87:
		return fmt.Sprintf(": topic %q must be without cleanup.policy=compact, or start with --key category: records without a key are refused", topic)
	}
	return ""
}

// lookForPartitions takes partitions into use that were added to the topic.
func (s *sender) lookForPartitions(ctx context.Context) {
	if time.Since(s.looked) < lookAgain {
		return
	}
	s.looked = time.Now()
	t, err := s.client.LookUp(ctx, s.topic)
	if err != nil || t.Code != broker.OK {
		return // sending finds it too, and tells
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grow(t.Partitions())
}
