package merger

import (
	"fmt"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/partial"
)

// noticed says what has changed, in one line for each thing.
func (w *worker) noticed(offset int64, p *partial.Partial, c Changed) {
	at := []zap.Field{zap.Int32("partition", w.topic.Partition), zap.Int64("offset", offset)}
	w.noticedRule(c.Rule, p.Rule, at)
	w.noticedLost(c.Lost, at)
	if c.Dropped == nil {
		return
	}
	w.dropped = append(w.dropped, *c.Dropped)
	kept, filtered := c.Dropped.Records()
	w.shift.conf.Log.Warn("a source that was left out as quiet brought records for windows that are closed; they are counted and published to rejects",
		append(at, zap.Int64("kept", kept), zap.Int64("filtered", filtered))...)
}

// noticedRule tells from where on records of sources go by another rule. Every partition of partials carries the same, so
// one speaks for all. Windows end as they began: what was merged into them stays.
func (w *worker) noticedRule(sources []partial.Source, rule uint64, at []zap.Field) {
	if len(sources) == 0 || w.topic.Partition != 0 {
		return
	}
	var from []string
	for _, s := range sources {
		from = append(from, fmt.Sprintf("%d from %d", s.Partition, s.From))
		w.shift.conf.Metrics.ruleFrom(s.Partition, s.From)
	}
	w.shift.conf.Log.Info("another rule counts from here on",
		append(at, zap.String("rule", fmt.Sprintf("%016x", rule)), zap.Strings("source offsets", from))...)
}

// noticedLost tells of records that were deleted before a processor read them. Every partition of partials carries the
// same, so one speaks for all. Which windows they belonged to nobody knows, so no result is marked.
func (w *worker) noticedLost(lost []partial.Source, at []zap.Field) {
	if len(lost) == 0 || w.topic.Partition != 0 {
		return
	}
	var who []string
	for _, s := range lost {
		w.lost += s.Lost
		who = append(who, fmt.Sprintf("%d: %d of the offsets from %d to %d", s.Partition, s.Lost, s.From, s.To))
	}
	w.shift.conf.Log.Warn("records were deleted before a processor read them: results of their windows may lack them",
		append(at, zap.Strings("source offsets lost", who))...)
}
