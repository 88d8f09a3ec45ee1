package worker

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/record"
	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/window"
	"github.com/meanstream/meanstream/test/oracle"
)

// feed is a kind of messages that is not of the default shape: the settings for it, and the oracle's own idea of them.
type feed struct {
	name    string
	mapping record.Mapping
	keep    string
	oracle  oracle.Rule
	draw    func(t *rapid.T, at time.Time) string
}

func feeds() []feed {
	return []feed{{
		name:    "nested measurements of devices",
		mapping: record.Mapping{ValueField: "readings.1.v", CategoryField: "device.site,metric", TimeField: "ts", TimeFormat: "unix_ms"},
		keep:    `value < 90 && device.battery > 0.2 && (device?.state ?? "ok") != "test"`,
		oracle: oracle.Rule{
			Fields: &oracle.Fields{Time: []string{"ts"}, TimeFormat: "unix_ms", Value: []string{"readings", "1", "v"},
				Category: [][]string{{"device", "site"}, {"metric"}}, Separator: "/"},
			KeepRecord: keepDevice,
		},
		draw: drawReading,
	}, {
		name:    "trades",
		mapping: record.Mapping{Value: "price * quantity", CategoryField: "symbol", TimeField: "time", TimeFormat: "auto"},
		keep:    `side in ["buy", "sell"] && value > 10`,
		oracle: oracle.Rule{
			Fields: &oracle.Fields{Time: []string{"time"}, TimeFormat: "auto", Category: [][]string{{"symbol"}}, Compute: func(r map[string]any) (float64, bool) {
				price, ok := r["price"].(float64)
				quantity, ok2 := r["quantity"].(float64)
				return price * quantity, ok && ok2
			}},
			KeepRecord: func(r map[string]any, value float64, _ string) (keep, ok bool) {
				side, ok := r["side"]
				return (side == "buy" || side == "sell") && value > 10, ok && side != nil
			},
		},
		draw: drawTrade,
	}}
}

// keepDevice is the rule of the devices once more. What decides already leaves the rest unread.
func keepDevice(r map[string]any, value float64, _ string) (keep, ok bool) {
	if value >= 90 {
		return false, true
	}
	device := r["device"].(map[string]any)
	battery, ok := device["battery"].(float64)
	if !ok || battery <= 0.2 {
		return false, ok
	}
	return device["state"] != "test", true
}

func drawReading(t *rapid.T, at time.Time) string {
	battery := rapid.SampledFrom([]string{`"battery":0.9,`, `"battery":0.2,`, `"battery":"full",`, `"battery":null,`, ``}).Draw(t, "battery")
	state := rapid.SampledFrom([]string{``, `,"state":"test"`, `,"state":"ok"`, `,"state":null`, `,"state":{"a":[1,"\n"]}`}).Draw(t, "state")
	site := rapid.SampledFrom([]string{`"S"`, `"S"`, `"\u0053"`, `""`, `7`}).Draw(t, "site")
	readings := rapid.SampledFrom([]string{`[{"v":1},{"u":"C","v":%g}]`, `[{},{"v":%g},{"v":9}]`, `{"1":{"v":%g}}`, `[{"v":%g}]`, `{"1":{"v":"%g"}}`}).Draw(t, "readings")
	value := fmt.Sprintf(readings, float64(rapid.IntRange(-400, 800).Draw(t, "quarters"))/4)
	return fmt.Sprintf(`{"device":{"id":[1,{"site":"no"}],%s"site":%s%s},"metric":"temp","readings":%s,"ts":%d}`, battery, site, state, value, at.UnixMilli())
}

func drawTrade(t *rapid.T, at time.Time) string {
	stamp := rapid.SampledFrom([]string{
		strconv.FormatInt(at.Unix(), 10), strconv.FormatInt(at.UnixMilli(), 10), strconv.FormatInt(at.UnixMicro(), 10),
		strconv.FormatInt(at.UnixNano(), 10), strconv.Quote(at.UTC().Format(time.RFC3339Nano)), `"noon"`, `null`,
	}).Draw(t, "stamp")
	price := rapid.SampledFrom([]string{"2.5", "0.1", "-7", "1e300", `"2.5"`, "null"}).Draw(t, "price")
	quantity := rapid.SampledFrom([]string{"3", "0", "17", "1e300"}).Draw(t, "quantity")
	side := rapid.SampledFrom([]string{`"side":"buy",`, `"side":"sell",`, `"side":"cancel",`, `"side":7,`, `"side":null,`, ``}).Draw(t, "side")
	return fmt.Sprintf(`{%s"symbol":"ACME","price":%s,"quantity":%s,"time":%s}`, side, price, quantity, stamp)
}

// TestMappedFeedsAgreeWithTheOracle: what a partition makes of messages of another shape is what the oracle, which knows
// neither our paths nor our expressions, makes of them.
func TestMappedFeedsAgreeWithTheOracle(t *testing.T) {
	for _, f := range feeds() {
		t.Run(f.name, func(t *testing.T) {
			seen := map[string]int{}
			rapid.Check(t, func(t *rapid.T) { agreeWithOracle(t, f, seen) })
			for _, kind := range []string{"kept", "filtered", "late", "rejected missing-value", "rejected keep-failed", "rejected value-failed",
				"rejected timestamp-format", "rejected timestamp-type", "rejected category-type", "rejected category-empty", "rejected value-type"} {
				computed := f.mapping.Value != ""
				if seen[kind] == 0 && computed == (strings.Contains(kind, "timestamp") || strings.Contains(kind, "failed")) && (computed || !strings.Contains(kind, "value-failed")) {
					t.Errorf("nothing drawn was %s: %v", kind, seen)
				}
			}
		})
	}
}

func agreeWithOracle(t *rapid.T, f feed, seen map[string]int) {
	rule := testRule(t)
	mapping, errs := f.mapping.Compile()
	keep, err := record.ParseKeep(f.keep)
	if errs != nil || err != nil {
		t.Fatal(errs, err)
	}
	rule.Mapping, rule.Keep, rule.MaxFuture, rule.MaxBytes = mapping, keep, 0, 0
	want := f.oracle
	want.Window, want.Lateness = time.Duration(rule.Window.Size), time.Duration(rule.Window.Lateness)

	l := &partitionLog{open: map[int64]int64{}}
	var records []oracle.Record
	for i := range rapid.IntRange(1, 30).Draw(t, "records") {
		at := time.Unix(testBase, 0).Add(time.Duration(rapid.IntRange(-20_000, 20_000).Draw(t, "at")) * time.Millisecond)
		value := []byte(f.draw(t, at))
		l.append([]sent{{time: testBase * 1000, value: value}}, true, -1, batch.None, 0)
		records = append(records, oracle.Record{Offset: int64(i), Value: value, Time: testBase * 1000})
	}
	o := oracle.Judge(records, want)
	p := NewPartition(rule, Resume{Topic: "records", Watermark: window.NoWatermark}, testLimit)
	var w batch.Walker
	bytes, aborted := l.fetch(0, len(l.pieces), 0)
	w.Reset(bytes, 0, aborted, true)
	if err := p.Read(&w, noTarget, 0); err != nil {
		t.Fatal(err)
	}
	h, _ := p.HandOver()
	if s := h.Source; s.Kept != o.Kept || s.Filtered != o.Filtered || s.Late != o.Late || s.Rejected != o.Rejected {
		t.Fatalf("%+v, the oracle counts %+v", s, o.Counts)
	}
	var published []oracle.Published
	h.Set.All(func(b window.Bounds, category string, a *window.Aggregate) bool {
		r := result.Of(category, b, a)
		published = append(published, oracle.Published{Key: []byte(category), Value: r.AppendJSON(nil)})
		return true
	})
	if err := oracle.Compare(o, published); err != nil {
		t.Fatal(err)
	}
	for _, v := range o.Verdicts {
		seen[strings.TrimSpace(string(v.Verdict)+" "+v.Reason)]++
	}
}

// TestARejectNamesTheMapping: whoever reads the rejects sees the names of the settings, and a failed rule's own words.
func TestARejectNamesTheMapping(t *testing.T) {
	f := feeds()[0]
	rule := testRule(t)
	mapping, errs := f.mapping.Compile()
	if errs != nil {
		t.Fatal(errs)
	}
	rule.Mapping, rule.MaxFuture = mapping, 0
	var err error
	if rule.Keep, err = record.ParseKeep(f.keep); err != nil {
		t.Fatal(err)
	}
	p := NewPartition(rule, Resume{Topic: "records", Watermark: window.NoWatermark}, testLimit)
	h := judged(t, p, plainLog(t, true,
		sent{value: []byte(`{"ts":1764000000000,"metric":"m","device":{"site":"S"},"readings":[]}`)},
		sent{value: []byte(`{"ts":1764000000000,"metric":"m","device":{"site":"S"},"readings":[0,{"v":1}]}`)}), noTarget, 0)
	var w batch.Walker
	var got []string
	for _, b := range h.Rejects {
		w.Reset(b, 0, nil, true)
		var m batch.Record
		for w.Next() {
			for w.Record(&m) {
				for header := range m.Raw.All() {
					if strings.HasPrefix(header.Key, "meanstream-reason") || strings.HasPrefix(header.Key, "meanstream-explanation") {
						got = append(got, string(header.Value))
					}
				}
			}
		}
	}
	want := []string{
		"missing-value", `The field "readings.1.v" is missing (names are case-sensitive): give the measurement as a number, such as 53.214.`,
		"keep-failed", `The rule could not be judged (--keep): the field "device.battery" is missing or null.`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestHeadersAndKeysReachTheDecoder: the last header of a name counts, and what one record had is not the next one's.
func TestHeadersAndKeysReachTheDecoder(t *testing.T) {
	mapping, errs := record.Mapping{ValueField: "@header:v", CategoryField: "@topic,@key", TimeField: "@timestamp"}.Compile()
	if errs != nil {
		t.Fatal(errs)
	}
	rule := testRule(t)
	rule.Mapping, rule.MaxFuture = mapping, 0
	p := NewPartition(rule, Resume{Topic: "records", Watermark: window.NoWatermark}, testLimit)
	h := judged(t, p, plainLog(t, true,
		sent{time: testBase * 1000, key: []byte("K"), headers: []batch.Header{{Key: "v", Value: []byte("1")}, {Key: "x"}, {Key: "v", Value: []byte("2.5")}}},
		sent{time: testBase * 1000, key: []byte("K")}), noTarget, 0)
	if h.Source.Kept != 1 || h.Source.Rejected != 1 {
		t.Fatalf("kept %d, rejected %d", h.Source.Kept, h.Source.Rejected)
	}
	h.Set.All(func(b window.Bounds, category string, a *window.Aggregate) bool {
		r := result.Of(category, b, a)
		if r.Category != "records/K" || r.Sum != 2.5 {
			t.Errorf("%s", r.AppendJSON(nil))
		}
		return true
	})
}
