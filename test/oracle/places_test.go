package oracle

import (
	"testing"
	"time"
)

// TestTheThreeMayStandOutsideOfTheValue: each case worked out by hand.
func TestTheThreeMayStandOutsideOfTheValue(t *testing.T) {
	site := []Header{{"site", []byte("X")}, {"site", []byte("S")}}
	outside := Fields{Time: []string{"@timestamp"}, Value: []string{"@header", "v"}, Category: [][]string{{"@topic"}, {"@key"}, {"@header", "site"}}, Separator: "/"}
	for name, c := range map[string]struct {
		record Record
		change func(f *Fields)
		want   measurement
		reason string
	}{
		"all of it, beside a tombstone": {Record{Key: []byte("K"), Time: 1500, Headers: append(site, Header{"v", []byte("2.5")})}, nil, measurement{time: 15e8, value: 2.5, category: "t/K/S"}, ""},
		"no key":                        {Record{Headers: append(site, Header{"v", []byte("1")})}, nil, measurement{}, "missing-category"},
		"an empty key":                  {Record{Key: []byte{}, Headers: append(site, Header{"v", []byte("1")})}, nil, measurement{}, "category-empty"},
		"a key that is no text":         {Record{Key: []byte("\xff"), Headers: append(site, Header{"v", []byte("1")})}, nil, measurement{}, "category-utf8"},
		"no header":                     {Record{Key: []byte("K"), Headers: site}, nil, measurement{}, "missing-value"},
		"a header that is null":         {Record{Key: []byte("K"), Headers: append(site, Header{"v", []byte("1")}, Header{"v", nil})}, nil, measurement{}, "missing-value"},
		"blanks around a number":        {Record{Key: []byte("K"), Headers: append(site, Header{"v", []byte(" 1")})}, nil, measurement{}, "value-type"},
		"no time of Kafka's":            {Record{Time: -1, Key: []byte("K"), Headers: append(site, Header{"v", []byte("1")})}, nil, measurement{}, "missing-timestamp"},
		"too much of what nobody reads": {Record{Value: make([]byte, 101)}, nil, measurement{}, "too-large"},
		"a time in the key":             {Record{Key: []byte("2"), Headers: append(site, Header{"v", []byte("1")})}, func(f *Fields) { f.Time = []string{"@key"} }, measurement{time: 2e9, value: 1, category: "t/2/S"}, ""},
		"text is no time in seconds":    {Record{Key: []byte("noon"), Headers: append(site, Header{"v", []byte("1")})}, func(f *Fields) { f.Time = []string{"@key"} }, measurement{}, "timestamp-type"},
		"in quotes, and allowed": {Record{Key: []byte("K"), Headers: site, Value: []byte(`{"x":["7"]}`)},
			func(f *Fields) { f.Value, f.Lenient = []string{"x", "0"}, true }, measurement{value: 7, category: "t/K/S"}, ""},
		"in quotes":                     {Record{Key: []byte("K"), Headers: site, Value: []byte(`{"x":"7"}`)}, func(f *Fields) { f.Value = []string{"x"} }, measurement{}, "value-type"},
		"the value is read for a field": {Record{Key: []byte("K"), Headers: site}, func(f *Fields) { f.Value = []string{"x"} }, measurement{}, "tombstone"},
	} {
		t.Run(name, func(t *testing.T) {
			f := outside
			if c.change != nil {
				c.change(&f)
			}
			c.record.Topic = "t"
			got, reason := (&Rule{Fields: &f, Window: time.Second, MaxBytes: 100}).read(&c.record)
			if reason != c.reason || reason == "" && got != c.want {
				t.Errorf("read %+v, %q; want %+v, %q", got, reason, c.want, c.reason)
			}
		})
	}
}

// TestASendersClockDoesNotVouchForItself: where it was wrong, the future is reckoned from when the record was sent.
func TestASendersClockDoesNotVouchForItself(t *testing.T) {
	rule := below90()
	rule.MaxFuture = 5 * time.Minute
	records := measured(0, "1000 1 A", "1000 1 A")
	records[0].Time, records[1].Time, records[1].Sent = 1_000_000, 1_000_000, 1_000
	if o := Judge(records, rule); o.Verdicts[0].Verdict != Kept || o.Verdicts[1].Reason != "future" {
		t.Errorf("judged %v, want the first kept, the second of the future", o.Verdicts)
	}
}
