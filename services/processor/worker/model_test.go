package worker

import (
	"encoding/json"
	"math/big"
	"time"

	"github.com/meanstream/meanstream/pkg/window"
)

// model judges a log by the definitions, slowly: encoding/json, rationals, and a list of everything.
type model struct {
	rule      Rule
	watermark int64
	counts    [4]int64 // kept, filtered, late, rejected
	cells     map[cell]*tally
	refused   []refused
}

type cell struct {
	bounds   window.Bounds
	category string
}

type tally struct {
	kept        []float64
	filtered    int64
	first, last spot // of those kept
}

type spot struct{ time, offset int64 }

// refused is what a message in rejects must say.
type refused struct {
	sent
	reason string
}

func newModel(rule Rule) *model {
	return &model{rule: rule, watermark: window.NoWatermark, cells: map[cell]*tally{}}
}

// read judges what a read_committed consumer sees of the log below until.
func (m *model) read(l *partitionLog, until, now int64) {
	for _, r := range l.records {
		if r.offset < until && !r.aborted {
			m.judge(r, now)
		}
	}
}

func (m *model) judge(r sent, now int64) {
	at, value, category, reason := m.decode(r.value)
	limit := int64(m.rule.MaxFuture)
	if reason == "" && limit > 0 {
		future := at-r.time*int64(time.Millisecond) > limit
		if !r.logAppend {
			future = future || at-now > limit
		}
		if future {
			reason = "future"
		}
	}
	if reason != "" {
		m.counts[3]++
		m.refused = append(m.refused, refused{r, reason})
		return
	}
	size, hop := m.rule.Window.Size, m.rule.Window.Hop
	if hop == 0 {
		hop = size
	}
	verdict := 2
	start := new(big.Int).Div(big.NewInt(at), big.NewInt(hop)).Int64() * hop // Euclidean: floored for a positive hop
	for ; start+size > at; start -= hop {
		if start+size <= m.watermark {
			continue
		}
		verdict = 1
		bounds := window.Bounds{Start: start, End: start + size}
		c := m.cells[cell{bounds, category}]
		if c == nil {
			c = &tally{}
			m.cells[cell{bounds, category}] = c
		}
		if value < 90 {
			verdict = 0
			c.keep(value, spot{at, r.offset})
		} else {
			c.filtered++
		}
	}
	m.watermark = max(m.watermark, at-m.rule.Window.Lateness)
	if m.counts[verdict]++; verdict == 2 {
		m.refused = append(m.refused, refused{r, "late"})
	}
}

func (c *tally) keep(value float64, at spot) {
	if len(c.kept) == 0 || at.time < c.first.time {
		c.first = at
	}
	if len(c.kept) == 0 || at.time >= c.last.time {
		c.last = at
	}
	c.kept = append(c.kept, value)
}

// decode knows the mistakes that drawRecord makes, in the order in which they are judged.
func (m *model) decode(value []byte) (at int64, v float64, category, reason string) {
	switch {
	case len(value) > m.rule.MaxBytes:
		return 0, 0, "", "too-large"
	case value == nil:
		return 0, 0, "", "tombstone"
	case len(value) == 0:
		return 0, 0, "", "empty"
	case !json.Valid(value):
		return 0, 0, "", "not-json"
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(value, &fields) != nil {
		return 0, 0, "", "not-object"
	}
	seconds, ok := new(big.Rat).SetString(string(fields["timestamp"]))
	if !ok {
		return 0, 0, "", "missing-timestamp"
	}
	ns := new(big.Rat).Mul(seconds, big.NewRat(1e9, 1))
	floor := new(big.Int).Div(ns.Num(), ns.Denom())
	if !floor.IsInt64() {
		return 0, 0, "", "timestamp-range"
	}
	if fields["value"] == nil {
		return 0, 0, "", "missing-value"
	}
	if fields["value"][0] == '"' {
		return 0, 0, "", "value-type"
	}
	if json.Unmarshal(fields["value"], &v) != nil {
		return 0, 0, "", "value-range"
	}
	if json.Unmarshal(fields["category"], &category); category == "" {
		return 0, 0, "", "category-empty"
	}
	return floor.Int64(), v, category, ""
}
