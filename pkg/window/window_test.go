package window

import (
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// slowTumbling is the definition: the floored quotient, in integers that cannot overflow, clamped at the end.
func slowTumbling(t, size int64) Bounds {
	bigSize := big.NewInt(size)
	// Div is Euclidean, which for a positive divisor is the floor.
	start := new(big.Int).Mul(new(big.Int).Div(big.NewInt(t), bigSize), bigSize)
	end := new(big.Int).Add(start, bigSize)
	b := Bounds{Start: math.MinInt64, End: math.MaxInt64}
	if start.IsInt64() {
		b.Start = start.Int64()
	}
	if end.IsInt64() {
		b.End = end.Int64()
	}
	return b
}

func TestTumblingIsFlooredDivision(t *testing.T) {
	for _, c := range []struct {
		name    string
		t, size int64
		want    Bounds
	}{
		{"the epoch begins a window", 0, 10, Bounds{0, 10}},
		{"the last nanosecond belongs to the window", 9, 10, Bounds{0, 10}},
		{"the end belongs to the next", 10, 10, Bounds{10, 20}},
		{"a negative time rounds down, not towards zero", -1, 10, Bounds{-10, 0}},
		{"a negative start belongs to its window", -10, 10, Bounds{-10, 0}},
		{"a window of one nanosecond holds one time", -7, 1, Bounds{-7, -6}},
		{"a start before int64 is clamped", math.MinInt64, 10, Bounds{math.MinInt64, math.MinInt64 + 8}},
		{"an end beyond int64 is clamped", math.MaxInt64, 10, Bounds{math.MaxInt64 - 7, math.MaxInt64}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Tumbling(c.t, c.size); got != c.want {
				t.Errorf("Tumbling(%d, %d) = %v, want %v", c.t, c.size, got, c.want)
			}
		})
	}
}

func TestTumblingAgainstBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.Int64().Draw(t, "t")
		size := rapid.Int64Range(1, math.MaxInt64).Draw(t, "size")
		if got, want := Tumbling(at, size), slowTumbling(at, size); got != want {
			t.Fatalf("Tumbling(%d, %d) = %v, want %v", at, size, got, want)
		}
	})
}

func TestWindowsCloseByEndThenStart(t *testing.T) {
	rising := []Bounds{{0, 10}, {5, 10}, {0, 20}, {10, 20}}
	for i, a := range rising {
		for k, b := range rising {
			want := 0
			if i < k {
				want = -1
			} else if i > k {
				want = 1
			}
			if got := a.Compare(b); got != want {
				t.Errorf("%v.Compare(%v) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestFingerprintsNeverChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rule Rule
		want uint64
	}{
		{Rule{Size: 10e9, Lateness: 2e9, Keep: "value < 90"}, 0x110e0f2a40753f4a},
		{Rule{Size: 10e9, Lateness: 0, Keep: "value < 90"}, 0x0bc47ef50ca7436a},
		{Rule{Size: 60e9, Lateness: 2e9, Keep: "value >= -1.5"}, 0x23673a2cca4f46f8},
		{Rule{Size: 10e9, Lateness: 2e9, Keep: "value < 90", Mapping: "value-field temp\n"}, 0xfd2547d148ddf722},
		{Rule{Size: 10e9, Hop: 10e9, Lateness: 2e9, Keep: "value < 90"}, 0x110e0f2a40753f4a}, // a hop of a window is none
		{Rule{Size: 60e9, Hop: 10e9, Lateness: 2e9, Keep: "value < 90"}, 0xea0cc479ac4abe43},
		{Rule{Size: day, Lateness: 2e9, Keep: "value < 90", Zone: berlin}, 0xb5114057322b16e6},
		{Rule{Size: 10e9, Lateness: 2e9, Keep: "value < 90", Aggregates: AggregatesOf(Mean, Last)}, 0xa9605e475b99d8bd},
	} {
		if got := c.rule.Fingerprint(); got != c.want {
			t.Errorf("%+v: fingerprint %#016x, want %#016x: running groups would report a changed rule", c.rule, got, c.want)
		}
	}
}
