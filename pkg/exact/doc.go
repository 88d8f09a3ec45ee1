// Package exact adds float64 values without rounding error, so that neither
// order nor grouping ever changes a result.
//
// A [Sum] is a small superaccumulator as Radford Neal describes it ("Fast exact
// summation using small and large superaccumulators", 2015): a very long
// fixed-point number, cut into chunks of 32 bits that are held in 64, so that
// carries can wait for hundreds of additions. Chunk i counts units of
//
//	2^(32·i − 2176)
//
// and the 134 chunks of the range reach from 2^-2176 up to 2^2112: below the
// square of the smallest float64 (2^-2148), and 64 bits above the square of the
// largest (2^2048), more than any int64 count of squares can fill. Only the
// chunks between the lowest and the highest in use are kept: two to five for
// measurements of one kind, where the whole range would take a kilobyte.
//
// Rounding happens once, when somebody asks: [Sum.Float64], [Sum.Mean] and
// [StdDev] give the float64 nearest to the exact value, ties to even.
//
// Think of it as a till that takes coins of every size and is counted only when
// the shop closes.
package exact
