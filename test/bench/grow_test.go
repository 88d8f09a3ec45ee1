package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestASeriesIsShownWithoutTheStart: CPU time is beyond a start, the rate is of the whole run.
func TestASeriesIsShownWithoutTheStart(t *testing.T) {
	start := 60 * time.Millisecond
	got := seriesTable("partitions", []outcome{
		{label: "1", records: 500_000, results: 15, start: start, both: [2]used{
			{wall: 1200 * time.Millisecond, cpu: 90 * time.Millisecond, peak: 20e6}, {wall: 1500 * time.Millisecond, cpu: 30 * time.Millisecond, peak: 19e6}}},
		{label: "96", records: 500_000, results: 15, start: start, both: [2]used{{wall: 990 * time.Millisecond, cpu: 70 * time.Millisecond}, {wall: 480 * time.Millisecond}}},
	}).String()
	want := `| partitions | records | results | M records/s | CPU-s per M | sink, with its start | start of both, CPU-s | processor, peak MB | sink, peak MB |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
| 1 | 500000 | 15 | 0.33 | 0.120 | 0.060 | 0.060 | 20 | 19 |
| 96 | 500000 | 15 | 0.51 | 0.020 | 0.000 | 0.060 | 0 | 0 |
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAProcessorsWordsAreRead finds the metrics by their names with all labels.
func TestAProcessorsWordsAreRead(t *testing.T) {
	text := `process_cpu_seconds_total 1.25
meanstream_commits_total{service="processor",verdict="committed"} 42
meanstream_commits_total{service="processor",verdict="doubt"} 1
meanstream_commit_duration_seconds_sum{service="processor"} 0.5
meanstream_commit_bytes_sum{service="processor"} 4200
`
	if got, want := read(text, "processor"), (lived{cpu: 1.25, commits: 42, took: 0.5, bytes: 4200}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestReplicasAreComparedWithOne has two processors that use their shares, and one that waits for something else half of the
// time.
func TestReplicasAreComparedWithOne(t *testing.T) {
	got := spreadTable([]spread{
		{replicas: 1, records: 4_000_000, took: 8 * time.Second, cpu: 0.4, load: "1.50"},
		{replicas: 2, records: 4_000_000, took: 2500 * time.Millisecond, cpu: 0.5, load: "–"},
	}).String()
	want := `| processors | records | M records/s | to one | CPU-s per M | used of their shares | load average |
|---|--:|--:|--:|--:|--:|--:|
| 1 | 4000000 | 0.500 | 1.00 | 0.100 | 50 % | 1.50 |
| 2 | 4000000 | 1.600 | 3.20 | 0.125 | 100 % | – |
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
