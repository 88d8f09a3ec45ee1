package oracle_test

import (
	"bytes"
	"cmp"
	"fmt"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meanstream/meanstream/pkg/exact"
	"github.com/meanstream/meanstream/pkg/record"
	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/window"
	"github.com/meanstream/meanstream/test/oracle"
)

// TestTheOracleStandsAlone: an oracle that imported what it judges would repeat its faults and see none.
func TestTheOracleStandsAlone(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("look for the package's files: found %v, error %v", files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if first, _, _ := strings.Cut(i.Path.Value, "/"); strings.Contains(first, ".") {
				t.Errorf("%s imports %s, want the standard library alone", name, i.Path.Value)
			}
		}
	}
}

// river is the product's own rooms in a row, without Kafka between them; records come by source and offset.
func river(records []oracle.Record, rule oracle.Rule) (verdicts []oracle.Judgement, published []oracle.Published) {
	windows := window.Windows{Size: int64(rule.Window), Hop: int64(rule.Hop), Zone: rule.Zone}
	var carry window.Aggregates
	if rule.Aggregates != nil {
		if err := carry.UnmarshalText([]byte(strings.Join(rule.Aggregates, ","))); err != nil {
			panic(err)
		}
	}
	all := window.NewSet(window.Setting{Windows: windows, Carry: carry})
	judges, sets := map[oracle.Source]*window.Judge{}, map[oracle.Source]*window.Set{}
	decoder := record.Decoder{MaxBytes: rule.MaxBytes}
	for _, r := range records {
		if judges[r.Source] == nil {
			judges[r.Source] = &window.Judge{Windows: windows, Lateness: int64(rule.Lateness), Watermark: window.NoWatermark}
			sets[r.Source] = window.NewSet(window.Setting{Windows: windows, Carry: carry, Topic: r.Topic, Partition: r.Partition})
		}
		at := window.Place{Watermark: judges[r.Source].Watermark, Offset: r.Offset}
		v := oracle.Judgement{Source: r.Source, Offset: r.Offset}
		var m record.Record
		reason := decoder.Decode(&record.Message{Value: r.Value}, &m)
		if reason == record.None && r.Time >= 0 && record.Future(m.Time, r.Time*1e6, int64(rule.MaxFuture)) {
			reason = record.InFuture
		}
		at.Time = m.Time
		switch {
		case reason != record.None:
			v.Verdict, v.Reason = oracle.Rejected, reason.String()
		case judges[r.Source].Late(m.Time):
			v.Verdict = oracle.Late
		case !rule.Keep(m.Value):
			v.Verdict = oracle.Filtered
			sets[r.Source].Filter(at, m.Category)
		default:
			v.Verdict = oracle.Kept
			sets[r.Source].Keep(at, m.Category, m.Value)
		}
		verdicts = append(verdicts, v)
	}
	for _, s := range sets { // in any order, as partials come
		all.Merge(s)
	}
	all.All(func(b window.Bounds, category string, a *window.Aggregate) bool {
		r := result.Of(category, b, a)
		published = append(published, oracle.Published{Key: []byte(category), Value: r.AppendJSON(nil)})
		return true
	})
	return verdicts, published
}

// spelled is a float64 written in one of many ways that mean the same or, for the last ones, do not count.
func spelled(t *rapid.T, v float64, label string) string {
	shortest := fmt.Sprint(v)
	switch rapid.IntRange(0, 9).Draw(t, label+" spelling") {
	case 0:
		return fmt.Sprintf("%.30e", v)
	case 1:
		return fmt.Sprintf("%E", v)
	case 2:
		return fmt.Sprintf("%.20f", v)
	case 3:
		return rapid.SampledFrom([]string{"-0", "1e-400000", "-1e-400000", "1e999", `"1"`, "null", "0e99999999999", "01", "NaN"}).Draw(t, label+" oddity")
	default:
		return shortest
	}
}

// drawn is the records of a topic or two: times that wander about, a few categories, values of one kind or of every magnitude.
func drawn(t *rapid.T) []oracle.Record {
	var records []oracle.Record
	base := rapid.SampledFrom([]float64{0, 1764000000, -9214559990, 9214646380}).Draw(t, "base")
	values := rapid.Float64Range(0, 100)
	if rapid.Bool().Draw(t, "wild") {
		values = rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64)
	}
	whole := rapid.Bool().Draw(t, "whole seconds") // so that times are alike
	second := rapid.Int32Range(1, 4).Draw(t, "sources of the first topic")
	for i := range int32(rapid.IntRange(1, 4).Draw(t, "sources")) {
		source := oracle.Source{Topic: fmt.Sprint("t", i/second), Partition: i % second}
		for offset := range rapid.IntRange(0, 40).Draw(t, "records") {
			seconds := base + rapid.Float64Range(-15, 30).Draw(t, "time")
			if whole {
				seconds = math.Floor(seconds)
			}
			category := rapid.SampledFrom([]string{"A", "B", "\\u0041", "é<&>", "\\ud83c\\udf0a", "\\ud83c", "", "\xff", "\\u2028"}).Draw(t, "category")
			value := fmt.Sprintf(`{"timestamp":%s,"value":%s,"category":"%s"}`, spelled(t, seconds, "time"),
				spelled(t, values.Draw(t, "value"), "value"), category)
			r := oracle.Record{Source: source, Offset: int64(offset) * 3, Value: []byte(value)}
			r.Time = int64(base*1e3) + rapid.Int64Range(0, 20_000).Draw(t, "record time")
			switch rapid.IntRange(0, 30).Draw(t, "kind") {
			case 0:
				r.Value = nil
			case 1:
				r.Value = []byte{}
			case 2:
				r.Value = r.Value[:len(r.Value)/2]
			case 3:
				r.Value = append(r.Value, bytes.Repeat([]byte(" "), 300)...)
			}
			records = append(records, r)
		}
	}
	return records
}

// other draws what few rules have: hops, zones, aggregates.
func other(t *rapid.T, rule *oracle.Rule) {
	if rapid.Bool().Draw(t, "hops") && rule.Window >= time.Second {
		rule.Hop = rule.Window / time.Duration(rapid.IntRange(1, 7).Draw(t, "windows"))
	}
	if rapid.IntRange(0, 3).Draw(t, "zone") == 0 {
		name := rapid.SampledFrom([]string{"Europe/Berlin", "Asia/Kathmandu", "America/Havana", "Pacific/Apia"}).Draw(t, "name")
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		rule.Zone = zone
		days := rapid.Int64Range(1, 3).Draw(t, "days")
		rule.Window, rule.Hop = time.Duration(days)*24*time.Hour, time.Duration(rapid.Int64Range(1, days).Draw(t, "hop"))*24*time.Hour
	}
	if rapid.Bool().Draw(t, "chooses") {
		names := rapid.Permutation([]string{"count", "sum", "mean", "min", "max", "stddev", "first", "last"}).Draw(t, "aggregates")
		rule.Aggregates = names[:rapid.IntRange(1, len(names)).Draw(t, "how many")]
	}
}

func TestTheRiversRoomsAgreeWithTheOracle(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		rule := oracle.Rule{
			Window:    rapid.SampledFrom([]time.Duration{time.Nanosecond * 7, time.Second, 10 * time.Second, 24 * time.Hour}).Draw(t, "window"),
			Lateness:  rapid.SampledFrom([]time.Duration{0, 2 * time.Second, time.Minute, math.MaxInt64}).Draw(t, "lateness"),
			Keep:      func(v float64) bool { return v < 90 },
			MaxFuture: rapid.SampledFrom([]time.Duration{0, 5 * time.Second, 5 * time.Minute}).Draw(t, "future"),
			MaxBytes:  rapid.SampledFrom([]int{0, 300}).Draw(t, "bytes"),
		}
		other(t, &rule)
		records := drawn(t)
		verdicts, published := river(records, rule)
		o := oracle.Judge(rapid.Permutation(records).Draw(t, "order"), rule)
		for i, v := range verdicts {
			seen[string(v.Verdict)+v.Reason]++
			if v != o.Verdicts[i] {
				t.Fatalf("%.200s is judged %+v, by the oracle %+v", records[i].Value, v, o.Verdicts[i])
			}
		}
		if err := oracle.Compare(o, published); err != nil {
			t.Fatal(err)
		}
		if int64(len(records)) != o.Read() {
			t.Fatalf("%d records have %d verdicts", len(records), o.Read())
		}
		sorted := slices.IsSortedFunc(o.Results, func(a, b oracle.Result) int {
			return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Start, b.Start))
		})
		if !sorted {
			t.Fatalf("results are not sorted: %v", o.Results)
		}
	})
	// A generator that never made a record of some kind would prove nothing about it.
	for _, kind := range []string{"kept", "filtered", "late", "rejectedtombstone", "rejectedempty", "rejectednot-json",
		"rejectedtoo-large", "rejectedtimestamp-type", "rejectedtimestamp-range", "rejectedvalue-type", "rejectedvalue-range",
		"rejectedcategory-utf8", "rejectedcategory-empty", "rejectedfuture"} {
		if seen[kind] == 0 {
			t.Errorf("no record drawn was %s: %v", kind, seen)
		}
	}
}

func TestStatisticsAgreeWithTheSuperaccumulator(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.Custom(func(t *rapid.T) float64 {
			v := math.Float64frombits(rapid.Uint64().Draw(t, "bits")) // of every magnitude, subnormals too
			if math.IsNaN(v) || math.IsInf(v, 0) || v == 0 {
				return 0
			}
			return v
		})
		values := rapid.SliceOfN(rapid.OneOf(bits, rapid.Float64Range(-1, 1), rapid.SampledFrom([]float64{1 << 53, -1, -3, 5e-324, 1e308})), 1, 12).Draw(t, "values")
		var sum, squares exact.Sum
		var records []oracle.Record
		for i, v := range values {
			sum.Add(v)
			squares.AddSquare(v)
			json := fmt.Sprintf(`{"timestamp":1,"value":%v,"category":"A"}`, v)
			records = append(records, oracle.Record{Offset: int64(i), Value: []byte(json)})
		}
		n := int64(len(values))
		r := oracle.Judge(records, oracle.Rule{Window: time.Second}).Results[0]
		if r.Count != n || r.Sum != sum.Float64() || r.Mean != sum.Mean(n) || r.StdDev != exact.StdDev(&sum, &squares, n) {
			t.Fatalf("%v: the oracle says %s, exact sum %v, mean %v, stddev %v", values, r.JSON(), sum.Float64(), sum.Mean(n), exact.StdDev(&sum, &squares, n))
		}
	})
}

// FuzzOneRecord holds the product's decoder and the oracle's to the same verdict and the same values.
func FuzzOneRecord(f *testing.F) {
	for _, s := range []string{
		`{"timestamp":1764000000,"value":53.214,"category":"B"}`,
		`{"category":"\ud83c\udf0a","x":[{"y":null}],"value":-0.0e-5,"timestamp":-1.0000000001}`,
		`{"value":1,"v\u0061lue":1e-400,"timestamp":9214646399.9999999999,"category":"\ufffd"}`,
		`{"timestamp":1e18446744073709551625,"value":1,"category":"\\\ud83c"}`, `null`, `[]`, ``, `{'timestamp': 1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		if value == nil {
			value = []byte{}
		}
		var d record.Decoder
		var m record.Record
		reason := d.Decode(&record.Message{Value: value}, &m)
		o := oracle.Judge([]oracle.Record{{Value: value}}, oracle.Rule{Window: 1})
		if got := o.Verdicts[0].Reason; got != reason.String() && (got != "" || reason != record.None) {
			t.Fatalf("%q is judged %v, by the oracle %q", value, reason, got)
		}
		if reason != record.None {
			return
		}
		r := o.Results[0] // a window of one nanosecond starts at the event itself
		if r.Start != m.Time || math.Float64bits(r.Min) != math.Float64bits(m.Value) || r.Category != string(m.Category) {
			t.Fatalf("%q is read as %+v, by the oracle as %+v", value, m, r)
		}
	})
}
