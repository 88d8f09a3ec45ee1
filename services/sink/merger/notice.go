package merger

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/watermark"
)

// noticed says what has changed, in one line for each thing.
func (w *worker) noticed(offset int64, p *partial.Partial, c Changed) {
	at := []zap.Field{zap.Int32("partition", w.topic.Partition), zap.Int64("offset", offset)}
	w.noticedRule(c.Rule, p.Rule, at)
	w.noticedTopics(c.Reads, at)
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
		from = append(from, fmt.Sprintf("%s from %d", sourceName(s), s.From))
		w.shift.conf.Metrics.ruleFrom(w.topicOf(s), s.Partition, s.From)
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
		who = append(who, fmt.Sprintf("%s: %d of the offsets from %d to %d", sourceName(s), s.Lost, s.From, s.To))
	}
	w.shift.conf.Log.Warn("records were deleted before a processor read them: results of their windows may lack them",
		append(at, zap.Strings("source offsets lost", who))...)
}

// noticedTopics tells, once of each list, that the processors read other topics than this sink waits for: it is so while
// a topic is added or taken off, and for ever by mistake.
func (w *worker) noticedTopics(reads []string, at []zap.Field) {
	list := strings.Join(reads, ",")
	if reads == nil || w.said[list] {
		return
	}
	if w.said == nil {
		w.said = map[string]bool{}
	}
	w.said[list] = true
	w.shift.conf.Log.Warn("the processors do not read all topics that this sink waits for: windows wait for the others once they hold records; give both the same --records-topic",
		append(at, zap.String("processors read", list), zap.String("sink waits for", strings.Join(w.shift.conf.RecordsFrom, ",")))...)
}

// topicOf is the name of a source's topic, also where its partial does not name it; empty if it is not known.
func (w *worker) topicOf(s partial.Source) string {
	name := cmp.Or(s.Topic, w.state.Sources.Name(watermark.Source{TopicID: s.TopicID}))
	if listed := w.shift.conf.RecordsFrom; name == "" && len(listed) == 1 {
		return listed[0]
	}
	return name
}

// sourceName is how a line names a source: by its topic, too, if there are several.
func sourceName(s partial.Source) string {
	if s.Topic == "" {
		return strconv.Itoa(int(s.Partition))
	}
	return fmt.Sprintf("%s/%d", s.Topic, s.Partition)
}
