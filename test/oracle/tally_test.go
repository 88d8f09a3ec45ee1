package oracle

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestATallySaysWhatTheJudgeSays gives the same records to both: usual ones, and values at the ends of what float64 holds.
func TestATallySaysWhatTheJudgeSays(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	values := []float64{0, 5e-324, 2.5e-310, 1e-300, math.MaxFloat64, -math.MaxFloat64, -5e-324, 89.99999999999999, 90}
	tally := NewTally(10 * time.Second)
	var records []Record
	for i := range 3000 {
		v := math.Round(random.Float64()*1e5) / 1e3
		switch i % 3 {
		case 0:
			v = random.Float64() * 100
		case 1:
			if i < 300 {
				v = values[i/3%len(values)]
			}
		}
		second, category := 1764000000+int64(i/100), string(rune('A'+random.IntN(3)))
		records = append(records, Record{Offset: int64(i), Time: -1, Value: fmt.Appendf(nil, `{"timestamp":%d,"value":%v,"category":%q}`, second, v, category)})
		if v < 90 {
			tally.Keep(second*1e9, category, v)
		} else {
			tally.Filter(second*1e9, category)
		}
	}
	want := Judge(records, Rule{Window: 10 * time.Second, Keep: func(v float64) bool { return v < 90 }})
	got := tally.Outcome()
	if diff := cmp.Diff(want.Results, got.Results, cmpopts.IgnoreFields(Result{}, "First", "Last")); diff != "" || got.Counts != want.Counts {
		t.Errorf("counts %+v, want %+v; results (-judge +tally):\n%s", got.Counts, want.Counts, diff)
	}
}
