package txn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// Err tells what went wrong, in words for a log line; nil after Committed.
func (o Outcome) Err(c Commit) error {
	if o.Verdict == Committed {
		return nil
	}
	what := o.Step.String()
	if o.Step == Produce && o.Batch < len(c.Batches) {
		what = fmt.Sprintf("Produce to %s/%d", c.Batches[o.Batch].Topic, c.Batches[o.Batch].Partition)
	}
	if o.Last.Silent {
		return fmt.Errorf("commit of %d partitions of %s is %s: %s got no answer", len(c.Offsets), c.topics(), o.Verdict, what)
	}
	return fmt.Errorf("commit of %d partitions of %s is %s: %s answered %w", len(c.Offsets), c.topics(), o.Verdict, what, broker.Code(o.Last.Code))
}

// topics names the topics whose offsets are committed, each once.
func (c *Commit) topics() string {
	var names []string
	for _, o := range c.Offsets {
		if !slices.Contains(names, o.Topic) {
			names = append(names, o.Topic)
		}
	}
	return strings.Join(names, ", ")
}
