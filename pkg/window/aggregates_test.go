package window

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAggregatesAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]Aggregates{
		"count,sum,mean,min,max,stddev":            Default,
		"count":                                    "\x01",
		" last , first ":                           "\x08\x07",
		"sum,count,mean,min,max,stddev":            "\x02\x01\x03\x04\x05\x06",
		"count,sum,mean,min,max,stddev,first,last": "\x01\x02\x03\x04\x05\x06\x07\x08",
	} {
		var a Aggregates
		if err := a.UnmarshalText([]byte(text)); err != nil || a != want {
			t.Errorf("%q is read as %q, error %v, want %q", text, string(a), err, string(want))
		}
		if again := a.String(); again != strings.ReplaceAll(text, " ", "") {
			t.Errorf("%q is written as %q", text, again)
		}
	}
	for text, want := range map[string]string{
		"":             `names no aggregate by "": write some of count,sum,mean,min,max,stddev,first,last`,
		"count,median": `names no aggregate by "median": write some of count,sum,mean,min,max,stddev,first,last`,
		"count,,sum":   `names no aggregate by "": write some of count,sum,mean,min,max,stddev,first,last`,
		"sum,sum":      `names sum twice: write each once`,
	} {
		a := Aggregates("kept")
		if err := a.UnmarshalText([]byte(text)); err == nil || err.Error() != want || a != "kept" {
			t.Errorf("%q gives %q and the error %v, want %s", text, string(a), err, want)
		}
	}
}

func genAggregates(t *rapid.T, label string) Aggregates {
	all := rapid.Permutation([]Kind{Count, Sum, Mean, Min, Max, StdDev, First, Last}).Draw(t, label)
	return AggregatesOf(all[:rapid.IntRange(0, len(all)).Draw(t, label+" how many")]...)
}

// TestWhatPartialsHaveInCommonDoesNotDependOnTheirOrder: nor on how they are grouped.
func TestWhatPartialsHaveInCommonDoesNotDependOnTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := genAggregates(t, "a"), genAggregates(t, "b"), genAggregates(t, "c")
		if rapid.Bool().Draw(t, "alike") {
			c = a
		}
		if x, y := a.And(b), b.And(a); x != y {
			t.Fatalf("%s and %s have %s in common, or %s", a, b, x, y)
		}
		if x, y := a.And(b).And(c), a.And(b.And(c)); x != y {
			t.Fatalf("%s, %s and %s have %s in common, or %s", a, b, c, x, y)
		}
		for _, k := range []Kind{Count, Sum, Mean, Min, Max, StdDev, First, Last} {
			if a.And(b).Has(k) != (a.Has(k) && b.Has(k)) || a.Has(k) != slices.Contains(a.Kinds(), k) || a.needs().has(k) != a.Has(k) {
				t.Fatalf("%s and %s have %s in common: %v", a, b, k, a.And(b).Has(k))
			}
		}
	})
}

// TestMergedInAnyOrderItIsTheSame: points tie, and what is carried differs from one aggregate to the next.
func TestMergedInAnyOrderItIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := [2]Aggregates{genAggregates(t, "one list"), genAggregates(t, "another")}
		var parts []*Aggregate
		var points []Point
		for range rapid.IntRange(1, 6).Draw(t, "parts") {
			a := NewAggregate(rapid.SampledFrom(lists[:]).Draw(t, "list"))
			for range rapid.IntRange(0, 3).Draw(t, "points") {
				p := Point{
					Time: rapid.Int64Range(0, 2).Draw(t, "time"), Topic: rapid.SampledFrom([]string{"alarms", "readings"}).Draw(t, "topic"), Partition: rapid.Int32Range(0, 1).Draw(t, "partition"),
					Offset: rapid.Int64Range(0, 1).Draw(t, "offset"), Value: rapid.Float64Range(-9, 9).Draw(t, "value") + 0,
				}
				points = append(points, p)
				a.KeepPoint(p)
			}
			a.Filter()
			parts = append(parts, &a)
		}
		once, again := merged(parts), merged(rapid.Permutation(parts).Draw(t, "order"))
		carried := parts[0].Carried()
		for _, p := range parts {
			carried = carried.And(p.Carried())
		}
		if once.Carried() != carried || again.Carried() != carried || once.Count != int64(len(points)) || once.Filtered != int64(len(parts)) {
			t.Fatalf("%d points come to %+v and %+v, want %s of them", len(points), once, again, carried)
		}
		if len(points) == 0 {
			return
		}
		slices.SortFunc(points, func(a, b Point) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
		for _, a := range []*Aggregate{once, again} {
			switch {
			case carried.Has(First) && a.Chosen.First != points[0]:
				t.Fatalf("the first is %+v, want %+v", a.Chosen.First, points[0])
			case carried.Has(Last) && a.Chosen.Last != points[len(points)-1]:
				t.Fatalf("the last is %+v, want %+v", a.Chosen.Last, points[len(points)-1])
			case carried.Has(Min) && a.Min != once.Min, carried.Has(Max) && a.Max != once.Max,
				carried.NeedSum() && a.Sum.Float64() != once.Sum.Float64(), carried.Has(StdDev) && a.Squares.Float64() != once.Squares.Float64():
				t.Fatalf("%+v or %+v", a, once)
			}
		}
	})
}

// merged leaves the parts as they are.
func merged(parts []*Aggregate) *Aggregate {
	a := parts[0].Clone()
	for _, p := range parts[1:] {
		a.Merge(p)
	}
	return &a
}

func TestWhatIsNotCarriedIsNotComputed(t *testing.T) {
	a := NewAggregate(AggregatesOf(Count, Last))
	for i := range 5 {
		a.KeepPoint(Point{Time: int64(i), Value: float64(i) + 0.5})
	}
	if !a.Sum.IsZero() || !a.Squares.IsZero() || a.Min != 0 || a.Max != 0 || a.Count != 5 || a.Chosen.Last.Value != 4.5 {
		t.Errorf("count and last come to %+v", a)
	}
	b := NewAggregate(AggregatesOf(Mean))
	if b.KeepPoint(Point{Value: 3}); b.Sum.IsZero() || !b.Squares.IsZero() {
		t.Errorf("a mean comes to %+v, want a sum alone", b)
	}
}
