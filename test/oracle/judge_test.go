package oracle

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// below90 is the rule of a river nobody has configured, without its limits.
func below90() Rule {
	return Rule{Window: 10 * time.Second, Lateness: 2 * time.Second, Keep: func(v float64) bool { return v < 90 }}
}

// measured are records of one partition, one for each "SECONDS VALUE CATEGORY".
func measured(partition int32, lines ...string) []Record {
	var records []Record
	for i, line := range lines {
		var at, value, category string
		if _, err := fmt.Sscan(line, &at, &value, &category); err != nil {
			panic(err)
		}
		value = fmt.Sprintf(`{"timestamp":%s,"value":%s,"category":%q}`, at, value, category)
		records = append(records, Record{Source: Source{Partition: partition}, Offset: int64(i), Value: []byte(value), Time: -1})
	}
	return records
}

func verdicts(o Outcome) []Verdict {
	var all []Verdict
	for _, j := range o.Verdicts {
		all = append(all, j.Verdict)
	}
	return all
}

func TestVerdictsFollowTheWatermark(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  []Verdict
	}{
		"nothing is late before the first record":              {[]string{"-5000000000 1 A"}, []Verdict{Kept}},
		"the end below the watermark is late":                  {[]string{"9 1 A", "12.000000001 1 A", "9 1 A"}, []Verdict{Kept, Kept, Late}},
		"the end at the watermark is late":                     {[]string{"9 1 A", "12 1 A", "9 1 A"}, []Verdict{Kept, Kept, Late}},
		"the end above the watermark is in time":               {[]string{"9 1 A", "11.999999999 1 A", "0 1 A"}, []Verdict{Kept, Kept, Kept}},
		"a record is judged before it moves the watermark":     {[]string{"9 1 A", "100 1 A"}, []Verdict{Kept, Kept}},
		"a filtered record moves the watermark":                {[]string{"12 95 A", "9 1 A"}, []Verdict{Filtered, Late}},
		"late comes before filtered":                           {[]string{"12 1 A", "9 95 A"}, []Verdict{Kept, Late}},
		"a late record never turns the watermark back":         {[]string{"22 1 A", "9 1 A", "19 1 A"}, []Verdict{Kept, Late, Late}},
		"an earlier record in time does not turn it back":      {[]string{"22 1 A", "21 1 A", "19 1 A"}, []Verdict{Kept, Kept, Late}},
		"a rejected record does not move the watermark":        {[]string{"100 1e999 A", "9 1 A"}, []Verdict{Rejected, Kept}},
		"lateness is the partition's, not the category's":      {[]string{"12 1 A", "9 1 B"}, []Verdict{Kept, Late}},
		"a window before the epoch ends where the next begins": {[]string{"-0.000000001 1 A", "2 1 A", "-10 1 A"}, []Verdict{Kept, Kept, Late}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := verdicts(Judge(measured(0, c.lines...), below90())); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestSourcesAreJudgedApartAndInTheOrderOfTheirOffsets(t *testing.T) {
	records := append(measured(1, "12 1 A", "9 1 A"), measured(0, "9 1 A", "12 1 A")...)
	for _, r := range measured(1, "9 1 A") { // the same number of another topic is another source
		r.Topic = "other"
		records = append(records, r)
	}
	slices.Reverse(records)
	o := Judge(records, below90())
	if want := []Verdict{Kept, Kept, Kept, Late, Kept}; !slices.Equal(verdicts(o), want) {
		t.Errorf("got %v, want %v", verdicts(o), want)
	}
	if want := map[Source]Counts{{"", 0}: {Kept: 2}, {"", 1}: {Kept: 1, Late: 1}, {"other", 1}: {Kept: 1}}; !reflect.DeepEqual(o.PerSource, want) {
		t.Errorf("counts by source are %v, want %v", o.PerSource, want)
	}
	if want := (Counts{Kept: 4, Late: 1}); o.Counts != want || o.Read() != 5 {
		t.Errorf("counts are %v of %d, want %v", o.Counts, o.Read(), want)
	}
	if j, ok := o.Verdict(Source{Partition: 1}, 1); !ok || j != (Judgement{Source{Partition: 1}, 1, Late, ""}) {
		t.Errorf("partition 1 at 1 was judged %v (%v), want late", j, ok)
	}
	if j, ok := o.Verdict(Source{Partition: 1}, 2); ok {
		t.Errorf("partition 1 at 2 does not exist and was judged %v", j)
	}
}

func TestTheFutureIsReckonedFromTheRecordsOwnTime(t *testing.T) {
	rule := below90()
	for name, c := range map[string]struct {
		seconds string
		time    int64
		max     time.Duration
		want    string
	}{
		"at the limit it counts":                      {"301", 1000, 5 * time.Minute, ""},
		"a nanosecond beyond it is rejected":          {"301.000000001", 1000, 5 * time.Minute, "future"},
		"without a limit it counts":                   {"9000000000", 1000, 0, ""},
		"without a time of its own it counts":         {"9000000000", -1, 5 * time.Minute, ""},
		"a time beyond all years is no future":        {"9000000000", math.MaxInt64, 1, ""},
		"another reason comes before it":              {"1e99", 1000, 5 * time.Minute, "timestamp-range"},
		"the past is never rejected, however distant": {"-9000000000", 1000, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rule.MaxFuture = c.max
			records := measured(0, c.seconds+" 1 A")
			records[0].Time = c.time
			if j := Judge(records, rule).Verdicts[0]; j.Reason != c.want || (j.Verdict == Rejected) != (c.want != "") {
				t.Errorf("judged %v, want reason %q", j, c.want)
			}
		})
	}
}

func TestResultsAreThoseWorkedOutByHand(t *testing.T) {
	o := Judge(measured(0, "-1 7 é<&>", "9.9 2 B", "1 4 B", "10 0.1 A", "10 0.2 A", "10 0.3 A", "10 90 A", "11 95 C", "20 -1e308 A", "20 -1e308 A"), below90())
	want := []string{
		`{"category":"é<&>","window_start":"1969-12-31T23:59:50Z","window_end":"1970-01-01T00:00:00Z","count":1,"filtered":0,"sum":7,"mean":7,"min":7,"max":7,"stddev":0}`,
		`{"category":"B","window_start":"1970-01-01T00:00:00Z","window_end":"1970-01-01T00:00:10Z","count":2,"filtered":0,"sum":6,"mean":3,"min":2,"max":4,"stddev":1}`,
		`{"category":"A","window_start":"1970-01-01T00:00:10Z","window_end":"1970-01-01T00:00:20Z","count":3,"filtered":1,"sum":0.6,"mean":0.2,"min":0.1,"max":0.3,"stddev":0.0816496580927726}`,
		`{"category":"C","window_start":"1970-01-01T00:00:10Z","window_end":"1970-01-01T00:00:20Z","count":0,"filtered":1,"sum":0}`,
		`{"category":"A","window_start":"1970-01-01T00:00:20Z","window_end":"1970-01-01T00:00:30Z","count":2,"filtered":0,"sum":null,"mean":-1e+308,"min":-1e+308,"max":-1e+308,"stddev":0}`,
	}
	var got []string
	for _, r := range o.Results {
		got = append(got, r.JSON())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// stated are the results, each as its window in seconds and what it says behind that.
func stated(o Outcome) (all []string) {
	for _, r := range o.Results {
		_, says, _ := strings.Cut(r.JSON(), `Z",`)
		_, says, _ = strings.Cut(says, `Z",`)
		all = append(all, fmt.Sprintf("%d-%d %s", r.Start/1e9, r.End/1e9, strings.TrimSuffix(says, "}")))
	}
	return all
}

func TestHoppingWindowsAreThoseWorkedOutByHand(t *testing.T) {
	rule := below90()
	rule.Hop, rule.Aggregates = 4*time.Second, []string{"sum", "first", "count", "last"}
	// The watermark is 10 when the third comes: of its windows, one has ended. Of the fourth's both have.
	o := Judge(measured(0, "1 1 A", "12 2 A", "9 4 A", "3 8 A"), rule)
	if got, want := verdicts(o), []Verdict{Kept, Kept, Kept, Late}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	want := []string{
		`-8-2 "sum":1,"first":1,"count":1,"filtered":0,"last":1`,
		`-4-6 "sum":1,"first":1,"count":1,"filtered":0,"last":1`,
		`0-10 "sum":1,"first":1,"count":1,"filtered":0,"last":1`,
		`4-14 "sum":6,"first":4,"count":2,"filtered":0,"last":2`,
		`8-18 "sum":6,"first":4,"count":2,"filtered":0,"last":2`,
		`12-22 "sum":2,"first":2,"count":1,"filtered":0,"last":2`,
	}
	if got := stated(o); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestDaysAreThoseOfTheZonesCalendar(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	rule := below90()
	rule.Window, rule.Zone = 24*time.Hour, berlin
	at := func(s string) int64 {
		u, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return u.Unix()
	}
	// Clocks go forward on the 29th, which has 23 hours.
	o := Judge(measured(0, fmt.Sprint(at("2026-03-28T22:59:59Z"), " 1 A"), fmt.Sprint(at("2026-03-28T23:00:00Z"), " 2 A"),
		fmt.Sprint(at("2026-03-29T21:59:59Z"), " 4 A"), fmt.Sprint(at("2026-03-29T22:00:00Z"), " 8 A")), rule)
	var got []string
	for _, r := range o.Results {
		got = append(got, fmt.Sprintf("%gh: %g", time.Duration(r.End-r.Start).Hours(), r.Sum))
	}
	if want := []string{"24h: 1", "23h: 6", "24h: 8"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAWindowStatesWhatTheRulesOfAllItsRecordsAskFor(t *testing.T) {
	some, others := below90(), below90()
	some.Aggregates, others.Aggregates = []string{"mean", "count", "last"}, []string{"last", "max", "count"}
	o := JudgeEach(measured(0, "1 1 A", "2 2 B", "3 3 A", "11 95 A", "12 4 A"), func(_ Source, offset int64) Rule {
		if offset < 2 {
			return some
		}
		return others
	})
	want := []string{`0-10 "count":2,"filtered":0,"last":3`, `0-10 "mean":2,"count":1,"filtered":0,"last":2`, `10-20 "last":4,"max":4,"count":1,"filtered":1`}
	if got := stated(o); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestOfRecordsOfOneTimeTheFirstIsThatOfTheFirstTopic(t *testing.T) {
	rule := below90()
	rule.Aggregates = []string{"first", "last"}
	records := append(measured(0, "1 1 A", "1 2 A"), measured(3, "1 4 A", "1 8 A")...)
	for i := range records {
		records[i].Topic = []string{"readings", "alarms"}[i/2]
	}
	if got, want := stated(Judge(records, rule)), []string{`0-10 "filtered":0,"first":4,"last":2`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWithoutAKeepRuleAllIsKept(t *testing.T) {
	rule := below90()
	rule.Keep = nil
	if o := Judge(measured(0, "1 95 A"), rule); o.Kept != 1 || o.Results[0].Sum != 95 {
		t.Errorf("got %+v, want the record kept", o)
	}
}

func TestEachRecordGoesByItsOwnRule(t *testing.T) {
	records := measured(0, "9 95 A", "12 1 A", "9 95 A", "14 1 A", "9 95 A", "17.9 1 A", "11 1 A")
	longer := below90()
	longer.Window, longer.Lateness, longer.Keep = 5*time.Second, 4*time.Second, nil
	o := JudgeEach(records, func(_ Source, offset int64) Rule {
		if offset < 3 {
			return below90()
		}
		return longer
	})
	// At offset 3 the watermark is 10, and stays there although 14 - 4 is not more; 17.9 lets it rise to 13.9.
	if got, want := verdicts(o), []Verdict{Filtered, Kept, Late, Kept, Late, Kept, Kept}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var windows []string
	for _, r := range o.Results {
		windows = append(windows, fmt.Sprintf("%d-%d: %d", r.Start/1e9, r.End/1e9, r.Count))
	}
	if want := []string{"0-10: 0", "10-15: 2", "10-20: 1", "15-20: 1"}; !slices.Equal(windows, want) {
		t.Errorf("got windows %v, want %v", windows, want)
	}
}

func TestAWatermarkNeverFalls(t *testing.T) {
	longer := below90()
	longer.Lateness = time.Minute
	o := JudgeEach(measured(0, "22 1 A", "23 1 A", "19 1 A"), func(_ Source, offset int64) Rule {
		if offset == 0 {
			return below90()
		}
		return longer
	})
	if got, want := verdicts(o), []Verdict{Kept, Kept, Late}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: a longer lateness reopened what was over", got, want)
	}
}
