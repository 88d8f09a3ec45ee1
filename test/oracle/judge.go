package oracle

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Source is a partition of a source topic.
type Source struct {
	Topic     string // may be empty if there is one topic only
	Partition int32
}

func (s Source) compare(o Source) int {
	return cmp.Or(strings.Compare(s.Topic, o.Topic), cmp.Compare(s.Partition, o.Partition))
}

// Record is one message of a source topic. Its source and offset are its identity: each pair comes once.
type Record struct {
	Source
	Offset int64
	Value  []byte // nil is a tombstone, which Kafka tells from an empty value
	Time   int64  // Kafka's time of the record in milliseconds since the Unix epoch; negative if it has none
	Sent   int64  // when it was sent, where Time is what a sender with a wrong clock says; 0: at Time

	Key     []byte // nil if it has none
	Headers []Header
}

// Header is one header of a record.
type Header struct {
	Key   string
	Value []byte // nil counts as none
}

// Rule is what the user of the river has set.
type Rule struct {
	Window     time.Duration                                                               // positive, at most 90 days, so that every bound fits int64
	Lateness   time.Duration                                                               // not negative
	Keep       func(float64) bool                                                          // of finite values; nil keeps all
	KeepRecord func(record map[string]any, value float64, category string) (keep, ok bool) // in place of Keep; not ok: it can't be judged
	Fields     *Fields                                                                     // nil: timestamp, value and category
	MaxFuture  time.Duration                                                               // how far an event may lie ahead of its record's Kafka time; 0 or less switches it off
	MaxBytes   int                                                                         // greatest length of a value; 0 or less means any

	Hop        time.Duration  // from the beginning of one window to that of the next, at most Window; 0 is Window
	Zone       *time.Location // windows are whole days that begin at its midnights; nil: they begin with the epoch
	Aggregates []string       // that a result states, in this order; nil: count, sum, mean, min, max, stddev
}

// Verdict is what became of one record.
type Verdict string

// The verdicts; every record has exactly one.
const (
	Kept     Verdict = "kept"
	Filtered Verdict = "filtered"
	Late     Verdict = "late"
	Rejected Verdict = "rejected"
)

// Judgement is the verdict on one record.
type Judgement struct {
	Source
	Offset  int64
	Verdict Verdict
	Reason  string // of a rejection, in the words of the package's comment; otherwise empty
}

// Counts says how many records had which verdict.
type Counts struct{ Kept, Filtered, Late, Rejected int64 }

// Read returns the number of all records.
func (c Counts) Read() int64 { return c.Kept + c.Filtered + c.Late + c.Rejected }

func (c *Counts) add(v Verdict) {
	switch v {
	case Kept:
		c.Kept++
	case Filtered:
		c.Filtered++
	case Late:
		c.Late++
	case Rejected:
		c.Rejected++
	default:
		panic("unreachable: verdict " + string(v))
	}
}

// Outcome is everything that follows from the records of the source topics.
type Outcome struct {
	Counts                      // over all sources
	PerSource map[Source]Counts // of each source that has a record
	Verdicts  []Judgement       // one for each record, by source and offset
	Results   []Result          // sorted by window end, bytes of the category, window start
}

// Verdict returns the judgement on one record; ok is false if there was no such record.
func (o *Outcome) Verdict(source Source, offset int64) (j Judgement, ok bool) {
	i, ok := slices.BinarySearchFunc(o.Verdicts, Judgement{Source: source, Offset: offset}, func(a, b Judgement) int {
		return cmp.Or(a.Source.compare(b.Source), cmp.Compare(a.Offset, b.Offset))
	})
	if !ok {
		return Judgement{}, false
	}
	return o.Verdicts[i], true
}

// Judge returns what the records, in any order, lead to under one rule. Each source is judged in the order of its
// offsets; all windows are taken to be closed in the end.
func Judge(records []Record, rule Rule) Outcome {
	return JudgeEach(records, func(Source, int64) Rule { return rule })
}

// JudgeEach is Judge where the rule was changed on the way: ruleOf says which one counts for the record of a source
// at an offset. It is asked once for each record, in the order of offsets within a source.
func JudgeEach(records []Record, ruleOf func(source Source, offset int64) Rule) Outcome {
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b Record) int {
		return cmp.Or(a.Source.compare(b.Source), cmp.Compare(a.Offset, b.Offset))
	})
	o := Outcome{PerSource: map[Source]Counts{}}
	l := ledger{watermarks: map[Source]*big.Int{}, results: map[identity]*members{}, midnights: map[zoneDay]int64{}}
	for _, r := range records {
		verdict, reason := l.enter(r, ruleOf(r.Source, r.Offset))
		o.Verdicts = append(o.Verdicts, Judgement{r.Source, r.Offset, verdict, reason})
		o.add(verdict)
		c := o.PerSource[r.Source]
		c.add(verdict)
		o.PerSource[r.Source] = c
	}
	for id, m := range l.results {
		o.Results = append(o.Results, m.result(id))
	}
	slices.SortFunc(o.Results, func(a, b Result) int {
		return cmp.Or(cmp.Compare(a.End, b.End), strings.Compare(a.Category, b.Category), cmp.Compare(a.Start, b.Start))
	})
	return o
}

// identity names one result; the bounds are nanoseconds since the Unix epoch.
type identity struct {
	category   string
	start, end int64
}

// members is everything that one result speaks of.
type members struct {
	kept     []sighting
	filtered int64
	asked    [][]string // by the rules of the records in it, each list once
}

// ledger is what is known between two records.
type ledger struct {
	watermarks map[Source]*big.Int // absent before its first valid record. int64 might not hold one
	results    map[identity]*members
	midnights  map[zoneDay]int64 // those that were looked for
}

// enter judges the next record of its source and counts it where it belongs.
func (l *ledger) enter(r Record, rule Rule) (Verdict, string) {
	m, reason := rule.read(&r)
	if reason == "" && future(m.time, cmp.Or(r.Sent, r.Time), rule.MaxFuture) {
		reason = "future"
	}
	if reason != "" {
		return Rejected, reason
	}

	watermark := l.watermarks[r.Source]
	kept := !m.filtered
	late := true
	for _, w := range l.windows(m.time, rule) {
		if watermark != nil && big.NewInt(w.end).Cmp(watermark) <= 0 {
			continue // over, for this source
		}
		late = false
		l.count(identity{m.category, w.start, w.end}, sighting{m.time, r.Source, r.Offset, m.value}, kept, rule.Aggregates)
	}
	// It never falls, also where a longer lateness counts from here on.
	if reached := new(big.Int).Sub(big.NewInt(m.time), big.NewInt(int64(rule.Lateness))); watermark == nil || reached.Cmp(watermark) > 0 {
		l.watermarks[r.Source] = reached
	}
	switch {
	case late:
		return Late, ""
	case kept:
		return Kept, ""
	}
	return Filtered, ""
}

// count puts a record into one of its windows.
func (l *ledger) count(id identity, s sighting, kept bool, asked []string) {
	m := l.results[id]
	if m == nil {
		m = &members{}
		l.results[id] = m
	}
	if asked == nil {
		asked = usual()
	}
	if !slices.ContainsFunc(m.asked, func(a []string) bool { return slices.Equal(a, asked) }) {
		m.asked = append(m.asked, asked)
	}
	if kept {
		m.kept = append(m.kept, s)
	} else {
		m.filtered++
	}
}

// future says whether an event, in nanoseconds, lies too far ahead of its record's time in milliseconds. Both are made
// a time.Time, which has room for any sum of the two.
func future(event, record int64, most time.Duration) bool {
	if most <= 0 || record < 0 {
		return false
	}
	return time.Unix(0, event).After(time.UnixMilli(record).Add(most))
}
