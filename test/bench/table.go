package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// sample is one run of a program.
type sample struct {
	used
	mallocs uint64
}

// row is one program's runs.
type row struct {
	name, does string
	records    int
	samples    []sample
}

// figures are what the table says of a program.
type figures struct {
	rate    float64 // millions of records a second
	cpu     float64 // seconds for a million records
	mallocs float64 // for a record
	peak    float64 // MB
}

// median of each figure, by itself.
func (r row) median() figures {
	millions := float64(r.records) / 1e6
	return figures{
		rate:    millions / median(r.samples, func(s sample) time.Duration { return s.wall }).Seconds(),
		cpu:     median(r.samples, func(s sample) time.Duration { return s.cpu }).Seconds() / millions,
		mallocs: float64(median(r.samples, func(s sample) uint64 { return s.mallocs })) / float64(r.records),
		peak:    float64(median(r.samples, func(s sample) int64 { return s.peak })) / 1e6,
	}
}

// median of what of gives of each sample: of an even number the lower one of the middle. There is at least one.
func median[S any, T cmp.Ordered](all []S, of func(S) T) T {
	var values []T
	for _, s := range all {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// table is Markdown. The first row is what the others are compared with, by CPU time; the floors are added up below.
func table(rows []row) string {
	var b strings.Builder
	b.WriteString("| | | M records/s | CPU-s per M | against ours | allocations per record | peak MB | runs |\n|---|---|---|---|---|---|---|---|\n")
	us := rows[0].median().cpu
	var floors float64
	for _, r := range rows {
		f := r.median()
		peak := "–"
		if f.peak > 0 && r.name != floorDecode { // what that holds are mostly records
			peak = fmt.Sprintf("%.0f", f.peak)
		}
		rate := fmt.Sprintf("%.2f", f.rate)
		if r.name == floorDecode { // one core, in memory
			rate = "–"
		}
		mallocs := "–" // a program in Go makes some: nobody has counted
		if f.mallocs > 0 {
			mallocs = fmt.Sprintf("%.4f", f.mallocs)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %.3f | %.2f | %s | %s | %d |\n", r.name, r.does, rate, f.cpu, f.cpu/us, mallocs, peak, len(r.samples))
		if r.name == floorFetch || r.name == floorDecode {
			floors += f.cpu
		}
	}
	if floors > 0 {
		fmt.Fprintf(&b, "\nOurs takes %.2f times the floors' sum of %.3f.\n", us/floors, floors)
	}
	return b.String()
}
