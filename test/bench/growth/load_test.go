package growth

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/meanstream/meanstream/test/oracle"
)

// TestTheBytesSayWhatIsCounted holds the tally of drawn records to the judge's reading of their bytes, at every skew, and
// asks that the skew is what it is called.
func TestTheBytesSayWhatIsCounted(t *testing.T) {
	for skew, want := range map[Skew]struct {
		results             int
		partition, category float64 // the share of the first
	}{
		{}: {15, 1. / 2, 1. / 3}, {Category: 1}: {5, 1. / 2, 1}, {Partition: 1}: {15, 1, 1. / 3}, {1, 1}: {5, 1, 1},
		{Partition: 0.5}: {15, 3. / 4, 1. / 3}, {Category: 0.4}: {15, 1. / 2, 3. / 5},
	} {
		load := Load{Seed: 7, Partitions: 2, Records: 1_200, Categories: 3, Windows: 5, Unused: 2, Skew: skew}
		expected := Expect(3)
		var records []oracle.Record
		var first struct{ partition, category float64 }
		for number := range load.Partitions {
			p := load.Partition(number)
			for r, ok := p.Next(); ok; r, ok = p.Next() {
				expected.Count(r)
				if number == 0 {
					first.partition++
				}
				if r.Category == 0 {
					first.category++
				}
				records = append(records, oracle.Record{Source: oracle.Source{Partition: int32(number)}, Offset: int64(len(records)), Value: p.Append(nil, r), Time: -1})
			}
		}
		got := expected.tally.Outcome()
		judged := oracle.Judge(records, oracle.Rule{Window: Window, Keep: func(v float64) bool { return v < Limit }})
		if diff := cmp.Diff(judged.Results, got.Results, cmpopts.IgnoreFields(oracle.Result{}, "First", "Last")); diff != "" || got.Counts != judged.Counts {
			t.Errorf("%+v: counts %+v, want %+v (-judge +tally):\n%s", skew, got.Counts, judged.Counts, diff)
		}
		if len(records) != 1_200 || load.Sent() != 1_200 || len(got.Results) != want.results {
			t.Errorf("%+v: %d records, said to be %d, with %d results, want 1200 and %d", skew, len(records), load.Sent(), len(got.Results), want.results)
		}
		if first.partition != 1_200*want.partition || math.Abs(first.category/1_200-want.category) > 0.05 {
			t.Errorf("%+v: %v of the records are in the first partition, %v in the first category, want %+v of them", skew, first.partition, first.category, want)
		}
	}
}

func TestUnusedFieldsMakeRecordsLonger(t *testing.T) {
	size := func(unused int) int {
		p := Load{Seed: 1, Partitions: 1, Records: 1, Categories: 1, Windows: 1, Unused: unused}.Partition(0)
		r, _ := p.Next()
		return len(p.Append(nil, r))
	}
	if short, long := size(0), size(40); long-short != 40*25 {
		t.Errorf("40 unused fields take %d bytes, want 1000", long-short)
	}
}

// TestAWrongAnswerIsNoticed leaves out, doubles and changes results, of categories that the oracle holds and of others.
func TestAWrongAnswerIsNoticed(t *testing.T) {
	expected := Expect(3 * mostHeld) // every third
	var right []oracle.Published
	for category := range 6 {
		r := Record{Second: begin, Value: 50, Category: category}
		expected.Count(r)
		of := oracle.NewTally(Window)
		of.Keep(r.Second*1e9, Category(category), r.Value)
		right = append(right, oracle.Published{Key: []byte(Category(category)), Value: []byte(of.Outcome().Results[0].JSON())})
	}
	if err := expected.Check(right); err != nil {
		t.Fatalf("the right answer: %v", err)
	}
	changed := slices.Clone(right)
	changed[3].Value = bytes.Replace(changed[3].Value, []byte(`"mean":50`), []byte(`"mean":51`), 1)
	uncounted := slices.Clone(right)
	uncounted[4].Value = bytes.Replace(uncounted[4].Value, []byte(`"count":1`), []byte(`"count":2`), 1)
	for name, wrong := range map[string][]oracle.Published{
		"one that is held is missing": right[1:],
		"another is missing":          right[:5],
		"one came twice":              append(slices.Clone(right), right[1]),
		"another mean":                changed,
		"another count":               uncounted,
		"no result":                   append(slices.Clone(right[:5]), oracle.Published{Key: []byte("c5"), Value: []byte("no")}),
	} {
		if expected.Check(wrong) == nil {
			t.Errorf("%s: taken for right", name)
		}
	}
}
