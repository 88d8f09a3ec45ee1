package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/meanstream/meanstream/test/oracle"
)

// TestTheBytesSayWhatIsCounted holds the tally of drawn records to the judge's reading of their bytes, at both spellings.
func TestTheBytesSayWhatIsCounted(t *testing.T) {
	for _, numbers := range []Numbers{Short, Long} {
		load := Load{Seed: 7, Partitions: 2, Records: 12_000, Numbers: numbers}
		if err := load.Check(); err != nil {
			t.Fatal(err)
		}
		tally := oracle.NewTally(Window)
		var records []oracle.Record
		for number := range load.Partitions {
			p := load.Partition(number)
			for r, ok := p.Next(); ok; r, ok = p.Next() {
				Count(tally, r)
				records = append(records, oracle.Record{Source: oracle.Source{Partition: int32(number)}, Offset: int64(len(records)), Value: p.Append(nil, r), Time: -1})
			}
		}
		got := tally.Outcome()
		want := oracle.Judge(records, oracle.Rule{Window: Window, Keep: func(v float64) bool { return v < Limit }})
		if diff := cmp.Diff(want.Results, got.Results, cmpopts.IgnoreFields(oracle.Result{}, "First", "Last")); diff != "" || got.Counts != want.Counts {
			t.Errorf("%s: counts %+v, want %+v (-judge +tally):\n%s", numbers, got.Counts, want.Counts, diff)
		}
	}
}

func TestRecordsAreAsLongAsTheTableSays(t *testing.T) {
	for _, c := range []struct {
		numbers     Numbers
		least, most int
	}{{Short, 53, 54}, {Long, 64, 67}} {
		p := Load{Seed: 1, Partitions: 1, Records: 10_000, Numbers: c.numbers}.Partition(0)
		other := 0
		for r, ok := p.Next(); ok; r, ok = p.Next() {
			if n := len(p.Append(nil, r)); n < c.least || n > c.most {
				other++
			}
		}
		if other > 500 {
			t.Errorf("%s: %d of 10000 records are not of %d to %d bytes", c.numbers, other, c.least, c.most)
		}
	}
}
