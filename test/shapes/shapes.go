// Package shapes has kinds of messages as teams have them in their topics, each with the settings by which the river reads
// them and with the oracle's own idea of the same.
package shapes

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/pkg/record"
	"github.com/meanstream/meanstream/test/oracle"
)

// Shape is a kind of messages: the settings by which they are read, what the oracle is told in their place, and somebody
// who writes such messages.
type Shape struct {
	Name    string
	Mapping record.Mapping
	Fields  *oracle.Fields
	Keeps   []Keep
	write   func(m measured) *kgo.Record
	odd     func(random *rand.Rand, at time.Time) *kgo.Record // one that can't count
	varies  bool                                              // there is more in a message than the three
	Lines   bool                                              // a message may be a line of a file
	Reasons []string                                          // for rejections that enough messages of this kind must meet
}

// Keep is a rule over the messages of a shape; for %d stands the setting's bound of the value.
type Keep struct {
	text string
	// holds is the same in the oracle's hands, nil: the value is below the bound. It is not ok where it can't be judged.
	holds func(r map[string]any, value float64, category string, below float64) (keep, ok bool)
}

// Rule is the expression, as a user writes it, with a bound of the value.
func (k Keep) Rule(below int) string { return fmt.Sprintf(k.text, below) }

// Tell puts the same into the oracle's rule.
func (k Keep) Tell(rule *oracle.Rule, below int) {
	if k.holds == nil {
		rule.Keep = func(v float64) bool { return v < float64(below) }
		return
	}
	rule.KeepRecord = func(r map[string]any, value float64, category string) (keep, ok bool) {
		return k.holds(r, value, category, float64(below))
	}
}

// measured is what a message is to say. What else it says varies with extra; at 0 all of it is as every rule wants it.
type measured struct {
	at       time.Time
	value    float64
	category string
	extra    int
}

// pick takes one of a few by what is drawn, mostly the first.
func (m *measured) pick(all ...string) string {
	if m.extra < len(all) {
		return all[m.extra]
	}
	return all[0]
}

// Plain is an ordinary message that no rule has anything against, but for the value.
func (s *Shape) Plain(at time.Time, value float64, category string) *kgo.Record {
	return s.write(measured{at: at, value: value, category: category})
}

// Some draws a message as most of the traffic is: in time, now and then to be filtered, or not fit to count.
func (s *Shape) Some(random *rand.Rand, now time.Time) *kgo.Record {
	m := measured{at: now, category: string(rune('A' + random.IntN(5)))}
	switch random.IntN(20) {
	case 1:
		return s.odd(random, now)
	case 2:
		m.value = 90 + random.Float64()*10
	default:
		m.at = now.Add(-time.Duration(random.IntN(1500)) * time.Millisecond)
		m.value = random.Float64()*100 - 5
	}
	if s.varies {
		m.extra = random.IntN(12)
	}
	return s.write(m)
}

// Flags are how a user says what the mapping is.
func (s *Shape) Flags() (args []string) {
	m := s.Mapping
	for flag, value := range map[string]string{"value-field": m.ValueField, "category-field": m.CategoryField, "category-separator": m.CategorySeparator,
		"time-field": m.TimeField, "time-format": m.TimeFormat, "value": m.Value} {
		if value != "" {
			args = append(args, "--"+flag, value)
		}
	}
	if m.LenientNumbers {
		args = append(args, "--lenient-numbers")
	}
	return args
}

// All are those that a run can be drawn from; the first is that of a river nobody has configured.
func All() []Shape {
	return []Shape{usualShape(), devices(), trades(), renamed(), labelled(), bare(), stamped()}
}

// below is the rule that looks at nothing but the value.
func below() Keep { return Keep{text: "value < %d"} }

func usualShape() Shape {
	return Shape{
		Name: "usual", Lines: true, Reasons: []string{"value-type"},
		Keeps: []Keep{below(), {`value < %d && category != "C"`, func(_ map[string]any, value float64, category string, below float64) (bool, bool) {
			return value < below && category != "C", true
		}}},
		write: func(m measured) *kgo.Record {
			return valued(`{"timestamp":%d.%03d,"value":%g,"category":%q}`, m.at.Unix(), m.at.Nanosecond()/1e6, m.value, m.category)
		},
		odd: func(_ *rand.Rand, at time.Time) *kgo.Record {
			return valued(`{"timestamp":%d,"value":"x"}`, at.Unix())
		},
	}
}

// devices are messages of things: nested, the category joined of two fields, the time in milliseconds.
func devices() Shape {
	return Shape{
		Name: "devices", Lines: true, varies: true,
		Reasons: []string{"keep-failed", "missing-value", "value-type", "missing-category", "category-type", "timestamp-type"},
		Mapping: record.Mapping{ValueField: "readings.1.v", CategoryField: "device.site,metric", CategorySeparator: "|", TimeField: "ts", TimeFormat: "unix_ms"},
		Fields: &oracle.Fields{Time: []string{"ts"}, TimeFormat: "unix_ms", Value: []string{"readings", "1", "v"},
			Category: [][]string{{"device", "site"}, {"metric"}}, Separator: "|"},
		Keeps: []Keep{below(), {`value < %d && device.battery > 0.2`, func(r map[string]any, value float64, _ string, below float64) (bool, bool) {
			battery, ok := r["device"].(map[string]any)["battery"].(float64)
			return value < below && battery > 0.2, ok || value >= below // what decides leaves the rest unread
		}}, {`(device?.battery ?? 1) > 0.2 && value < %d`, func(r map[string]any, value float64, _ string, below float64) (bool, bool) {
			battery, there := r["device"].(map[string]any)["battery"]
			charge, ok := battery.(float64)
			return (battery == nil || charge > 0.2) && value < below, !there || battery == nil || ok
		}}},
		write: func(m measured) *kgo.Record {
			battery := m.pick(`"battery":0.9,`, `"battery":0.1,`, `"battery":null,`, `"battery":"full",`, ``)
			return valued(`{"device":{"id":[1,{"site":"no"}],%s"site":%q},"metric":"temp","readings":[{"v":1},{"u":"C","v":%g}],"ts":%d}`,
				battery, m.category, m.value, m.at.UnixMilli())
		},
		odd: func(random *rand.Rand, at time.Time) *kgo.Record {
			return valued([]string{
				`{"device":{"battery":1,"site":"A"},"metric":"temp","readings":[{"v":1}],"ts":%d}`,
				`{"device":{"battery":1,"site":"A"},"metric":"temp","readings":[0,{"v":"1"}],"ts":%d}`,
				`{"device":{"battery":1},"metric":"temp","readings":[0,{"v":1}],"ts":%d}`,
				`{"device":{"battery":1,"site":"A"},"metric":7,"readings":[0,{"v":1}],"ts":%d}`,
				`{"device":{"battery":1,"site":"A"},"metric":"temp","readings":[0,{"v":1}],"ts":"%d"}`,
			}[random.IntN(5)], at.UnixMilli())
		},
	}
}

// trades have a value that is computed, and a time spelled as whoever sends it likes.
func trades() Shape {
	side := func(r map[string]any) (side any, ok bool) {
		side = r["side"]
		return side, side != nil
	}
	return Shape{
		Name: "trades", Lines: true, varies: true, Reasons: []string{"keep-failed", "value-failed", "timestamp-format"},
		Mapping: record.Mapping{Value: "price * quantity", CategoryField: "symbol", TimeField: "time", TimeFormat: "auto"},
		Fields: &oracle.Fields{Time: []string{"time"}, TimeFormat: "auto", Category: [][]string{{"symbol"}}, Compute: func(r map[string]any) (float64, bool) {
			price, ok := r["price"].(float64)
			quantity, ok2 := r["quantity"].(float64)
			return price * quantity, ok && ok2
		}},
		Keeps: []Keep{below(), {`side in ["buy", "sell"] && value < %d`, func(r map[string]any, value float64, _ string, below float64) (bool, bool) {
			side, ok := side(r)
			return (side == "buy" || side == "sell") && value < below, ok
		}}, {`value < %d || side == "sell"`, func(r map[string]any, value float64, _ string, below float64) (bool, bool) {
			side, ok := side(r)
			return value < below || side == "sell", ok || value < below
		}}},
		write: func(m measured) *kgo.Record {
			side := m.pick(`"side":"buy",`, `"side":"sell",`, `"side":"cancel",`, `"side":7,`, `"side":null,`, ``)
			stamp := []string{fmt.Sprint(m.at.UnixNano()), fmt.Sprintf("%q", m.at.UTC().Format(time.RFC3339Nano)), fmt.Sprint(m.at.UnixMicro()),
				fmt.Sprintf(`"%d"`, m.at.UnixMilli())}[m.extra%4]
			return valued(`{%s"symbol":%q,"price":%g,"quantity":%d,"time":%s}`, side, m.category, m.value/4, 4, stamp)
		},
		odd: func(random *rand.Rand, at time.Time) *kgo.Record {
			return valued([]string{
				`{"side":"buy","symbol":"A","price":"1","quantity":1,"time":%d}`,
				`{"side":"buy","symbol":"A","price":1e300,"quantity":1e300,"time":%d}`,
				`{"side":"buy","symbol":"A","quantity":1,"time":%d}`,
				`{"side":"buy","symbol":"A","price":1,"quantity":1,"time":"noon","was":%d}`,
			}[random.IntN(4)], at.UnixMilli())
		},
	}
}

// renamed has the three fields under other names, which is read by a pass of its own unless the rule looks further.
func renamed() Shape {
	return Shape{
		Name: "renamed", Lines: true, varies: true, Reasons: []string{"missing-category", "value-range", "not-json", "keep-failed"},
		Mapping: record.Mapping{ValueField: "v", CategoryField: "c", TimeField: "t"},
		Fields:  &oracle.Fields{Time: []string{"t"}, Value: []string{"v"}, Category: [][]string{{"c"}}},
		Keeps: []Keep{below(), {`value < %d && note > 0`, func(r map[string]any, value float64, _ string, below float64) (bool, bool) {
			note, ok := r["note"].(float64)
			return value < below && note > 0, ok || value >= below
		}}, {`category in ["A", "B", "waited for"] && value < %d`, func(_ map[string]any, value float64, category string, below float64) (bool, bool) {
			return (category == "A" || category == "B" || category == "waited for") && value < below, true
		}}},
		write: func(m measured) *kgo.Record {
			note := m.pick(`,"note":1`, `,"note":-1`, `,"note":"x"`, ``)
			return valued(`{"t":%d.%03d,"value":7,"v":%g,"c":%q%s}`, m.at.Unix(), m.at.Nanosecond()/1e6, m.value, m.category, note)
		},
		odd: func(random *rand.Rand, at time.Time) *kgo.Record {
			return valued([]string{`{"t":%d,"v":1,"category":"A","note":1}`, `{"t":%d,"v":1e999,"c":"A","note":1}`, `{"t":%d,"v":1,"c":"A"`}[random.IntN(3)], at.Unix())
		},
	}
}

// valued is a message of a value alone.
func valued(format string, args ...any) *kgo.Record {
	return &kgo.Record{Value: fmt.Appendf(nil, format, args...)}
}
