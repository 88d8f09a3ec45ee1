package shapes

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/pkg/record"
	"github.com/meanstream/meanstream/test/oracle"
)

// Shapes of which a part stands outside of the message's value: in its key, its headers, its topic's name, Kafka's own
// time of it.

// labelled has the category in a header, behind the topic's name, and numbers in quotes.
func labelled() Shape {
	return Shape{
		Name: "labelled", varies: true, Reasons: []string{"missing-category", "timestamp-format", "value-type"},
		Mapping: record.Mapping{ValueField: "v", CategoryField: "@topic,@header:site", TimeField: "at", TimeFormat: "rfc3339", LenientNumbers: true},
		Fields: &oracle.Fields{Time: []string{"at"}, TimeFormat: "rfc3339", Value: []string{"v"}, Lenient: true,
			Category: [][]string{{"@topic"}, {"@header", "site"}}, Separator: "/"},
		Keeps: []Keep{below(), {`value < %d && category not in ["records/C", "more/C"]`, func(_ map[string]any, value float64, category string, below float64) (bool, bool) {
			return value < below && category != "records/C" && category != "more/C", true
		}}},
		write: func(m measured) *kgo.Record {
			value := []string{`%g`, `"%g"`}[m.extra%2]
			r := valued(`{"at":%q,"v":`+value+`}`, m.at.UTC().Format(time.RFC3339Nano), m.value)
			if m.extra > 6 { // of several of one name the last counts
				r.Headers = append(r.Headers, header("site", "overruled"), header("other", "x"))
			}
			r.Headers = append(r.Headers, header("site", m.category))
			return r
		},
		odd: func(random *rand.Rand, at time.Time) *kgo.Record {
			stamp := at.UTC().Format(time.RFC3339Nano)
			switch random.IntN(3) {
			case 0:
				return valued(`{"at":%q,"v":1}`, stamp)
			case 1:
				r := valued(`{"at":"noon","v":1}`)
				r.Headers = []kgo.RecordHeader{header("site", "A")}
				return r
			default:
				r := valued(`{"at":%q,"v":"+1"}`, stamp)
				r.Headers = []kgo.RecordHeader{header("site", "A")}
				return r
			}
		},
	}
}

// bare takes nothing from the value, which may be anything.
func bare() Shape {
	return Shape{
		Name: "bare", varies: true, Reasons: []string{"missing-category", "category-empty", "missing-value", "timestamp-type"},
		Mapping: record.Mapping{ValueField: "@header:v", CategoryField: "@key", TimeField: "@header:at"},
		Fields:  &oracle.Fields{Time: []string{"@header", "at"}, Value: []string{"@header", "v"}, Category: [][]string{{"@key"}}},
		Keeps:   []Keep{below()},
		write: func(m measured) *kgo.Record {
			r := &kgo.Record{Key: []byte(m.category), Value: []byte(m.pick("{}", "", "no JSON", "\xff"))}
			if m.extra > 8 {
				r.Value = nil
			}
			r.Headers = []kgo.RecordHeader{header("v", strconv.FormatFloat(m.value, 'g', -1, 64)), header("at", fmt.Sprintf("%d.%03d", m.at.Unix(), m.at.Nanosecond()/1e6))}
			return r
		},
		odd: func(random *rand.Rand, at time.Time) *kgo.Record {
			r := &kgo.Record{Key: []byte("A"), Headers: []kgo.RecordHeader{header("v", "1"), header("at", fmt.Sprint(at.Unix()))}}
			switch random.IntN(4) {
			case 0:
				r.Key = nil
			case 1:
				r.Key = []byte{}
			case 2:
				r.Headers = r.Headers[1:]
			default:
				r.Headers[1] = header("at", " 1")
			}
			return r
		},
	}
}

// stamped has the category in the key and Kafka's own time.
func stamped() Shape {
	return Shape{
		Name: "stamped", Lines: true, Reasons: []string{"missing-category", "value-type", "not-object"},
		Mapping: record.Mapping{CategoryField: "@key", TimeField: "@timestamp", LenientNumbers: true},
		Fields:  &oracle.Fields{Time: []string{"@timestamp"}, Value: []string{"value"}, Category: [][]string{{"@key"}}, Lenient: true},
		Keeps: []Keep{below(), {`value < %d && category != "C"`, func(_ map[string]any, value float64, category string, below float64) (bool, bool) {
			return value < below && category != "C", true
		}}},
		write: func(m measured) *kgo.Record {
			r := valued(`{"value":"%g","category":%q}`, m.value, m.category)
			r.Key, r.Timestamp = []byte(m.category), m.at
			return r
		},
		odd: func(random *rand.Rand, at time.Time) *kgo.Record {
			what := random.IntN(3)
			r := valued("%s", []string{`{"value":1}`, `{"value":"one","category":"A"}`, `[1]`}[what])
			if what > 0 {
				r.Key = []byte("A")
			}
			r.Timestamp = at
			return r
		},
	}
}

func header(key, value string) kgo.RecordHeader {
	return kgo.RecordHeader{Key: key, Value: []byte(value)}
}
