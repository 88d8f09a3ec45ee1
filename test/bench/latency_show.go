package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/meanstream/meanstream/test/bench/growth"
	"github.com/meanstream/meanstream/test/latency/stopwatch"
)

// timing is the latencies of one measurement, in rising order.
type timing struct {
	name string
	took []time.Duration
}

// timingTable shows the quantiles.
func timingTable(all []timing) growth.Table {
	t := growth.Table{Head: []string{"", "windows", "median, ms", "90 %", "99 %", "worst"}}
	for _, s := range all {
		row := []string{s.name, fmt.Sprint(len(s.took))}
		for _, q := range []float64{0.5, 0.9, 0.99, 1} {
			row = append(row, fmt.Sprintf("%.0f", float64(stopwatch.Quantile(s.took, q).Microseconds())/1000))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// bucketsPerDouble is how fine a histogram is: so many buckets up to twice the latency.
const bucketsPerDouble = 2

// bound is the upper end of a bucket, in milliseconds.
func bound(bucket int) float64 {
	const first = 2
	low := float64(int(first) << (bucket / bucketsPerDouble))
	return low * (1 + float64(bucket%bucketsPerDouble)/bucketsPerDouble)
}

// buckets counts latencies by bucket, up to the last one that is not empty.
func buckets(took []time.Duration) (counts []int) {
	for _, d := range took {
		b := 0
		for ms := float64(d.Microseconds()) / 1000; ms > bound(b); {
			b++
		}
		for len(counts) <= b {
			counts = append(counts, 0)
		}
		counts[b]++
	}
	return counts
}

// histograms draws each measurement, a line a bucket, empty ones in front left out.
func histograms(all []timing) string {
	const width = 50
	var out strings.Builder
	for _, s := range all {
		fmt.Fprintf(&out, "%s\n", s.name)
		counts := buckets(s.took)
		shown := false
		for b, n := range counts {
			if shown = shown || n > 0; shown {
				fmt.Fprintf(&out, "  <= %5.0f ms  %4d  %s\n", bound(b), n, strings.Repeat("#", (n*width+len(s.took)-1)/len(s.took)))
			}
		}
		fmt.Fprintln(&out)
	}
	return out.String()
}
