package record

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTheRangeOfTimesIsWholeYears(t *testing.T) {
	if got := time.Unix(minSecond, 0).UTC(); !got.Equal(time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("minSecond is %v", got)
	}
	if got := time.Unix(endSecond, 0).UTC(); !got.Equal(time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("endSecond is %v", got)
	}
}

func TestTimestampsAgreeWithRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawNumber(t, "timestamp")
		agree(t, []byte(`{"timestamp":`+s+`,"value":1,"category":"B"}`))
	})
}

// Both halves must round alike on numbers that lie exactly between two floats, or a hair beside.
func TestValuesBetweenTwoFloatsAreRoundedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := math.Float64frombits(rapid.Uint64Range(1, math.Float64bits(math.MaxFloat64)-1).Draw(t, "bits"))
		if e := rapid.IntRange(-3, 64).Draw(t, "exponent"); e >= 0 { // mostly of a size that has few digits
			v = math.Ldexp(1+float64(rapid.Uint64Range(0, 1<<52-1).Draw(t, "mantissa"))/(1<<52), e)
		}
		middle := new(big.Rat).SetFloat64(v)
		middle.Add(middle, new(big.Rat).SetFloat64(math.Nextafter(v, math.Inf(1))))
		middle.Quo(middle, big.NewRat(2, 1))
		digits, exact := middle.FloatPrec()
		if !exact {
			t.Fatal("a middle of two floats has a finite decimal expansion")
		}
		s := middle.FloatString(digits)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		for _, s := range []string{s, s + "1", "-" + s, strings.TrimSuffix(s, s[len(s)-1:]) + "0"} {
			agree(t, []byte(`{"timestamp":1,"value":`+s+`,"category":"B"}`))
		}
	})
}

// A sender cannot make one number cost more than its length: a quadratic or an exponent's worth of work would hang here.
func TestLongNumbersCostTheirLength(t *testing.T) {
	long := strings.Repeat("9", 1<<20)
	for _, s := range []string{long, "0." + long, "-1." + long + "e-999999999", "1e" + long, "1e-" + long, "0." + strings.Repeat("0", 1<<20) + "1e1048577"} {
		var d Decoder
		d.Decode(&Message{Value: []byte(`{"timestamp":` + s + `,"value":1,"category":"B"}`)}, new(Record))
		d.Decode(&Message{Value: []byte(`{"timestamp":1,"value":` + s + `,"category":"B"}`)}, new(Record))
	}
}
