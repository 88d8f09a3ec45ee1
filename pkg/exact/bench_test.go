package exact

import (
	"math/rand/v2"
	"testing"
)

// measurements are what the river mostly sees: 0 … 100 with three decimals. They
// fit the first-level cache, so that the sums are measured and not the memory.
func measurements() []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	xs := make([]float64, 1024)
	for i := range xs {
		xs[i] = float64(r.IntN(100_000)) / 1000
	}
	return xs
}

// plainSum keeps its sum in a register, as a hand-written average would.
func plainSum(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum
}

// BenchmarkAdd sets the exact sums beside plain float64 addition, which rounds at
// every step; ns/value is the number to compare.
func BenchmarkAdd(b *testing.B) {
	xs := measurements()
	perValue := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(xs)), "ns/value")
	}
	b.Run("plain float64", func(b *testing.B) {
		for b.Loop() {
			if plainSum(xs) == 0 {
				b.Fatal("the sum is 0")
			}
		}
		perValue(b)
	})
	b.Run("Add", func(b *testing.B) {
		var s Sum
		for b.Loop() {
			for _, x := range xs {
				s.Add(x)
			}
		}
		perValue(b)
	})
	b.Run("AddSquare", func(b *testing.B) {
		var s Sum
		for b.Loop() {
			for _, x := range xs {
				s.AddSquare(x)
			}
		}
		perValue(b)
	})
}

func BenchmarkMerge(b *testing.B) {
	var s, o Sum
	for _, x := range measurements() {
		o.AddSquare(x)
	}
	for b.Loop() {
		s.Merge(&o)
	}
}

func BenchmarkChunks(b *testing.B) {
	var s Sum
	for _, x := range measurements() {
		s.AddSquare(x)
	}
	n := 0
	for b.Loop() {
		for range s.Chunks {
			n++
		}
	}
}

func BenchmarkRound(b *testing.B) {
	var sum, squares Sum
	xs := measurements()
	for _, x := range xs {
		sum.Add(x)
		squares.AddSquare(x)
	}
	n := int64(len(xs))
	b.Run("Float64", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sum.Float64()
		}
	})
	b.Run("Mean", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sum.Mean(n)
		}
	})
	b.Run("StdDev", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			StdDev(&sum, &squares, n)
		}
	})
}
