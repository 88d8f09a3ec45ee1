package watermark_test

import (
	"testing"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/watermark"
)

// TestWhoWaitsForTheWatermarkIsNotWaitedFor plays a backfill in which two sources are held, for they are too far ahead,
// until they are quiet, and then the one that is behind ends. The watermark must come up to the held ones, or they are held
// for ever.
func TestWhoWaitsForTheWatermarkIsNotWaitedFor(t *testing.T) {
	s := watermark.New(idleAfter, closeIdleAfter)
	s.Topics([]watermark.Topic{{Partitions: 4}})
	apply := func(src partial.Source, now int64) {
		t.Helper()
		if err := s.Apply(src, now); err != nil {
			t.Fatal(err)
		}
	}
	apply(partial.Source{Partition: 0, First: true, To: 9, Kept: 9, Watermark: 10}, 0)
	apply(partial.Source{Partition: 1, First: true, To: 9, Kept: 9, Watermark: 500}, 0)
	apply(partial.Source{Partition: 2, First: true, To: 9, Kept: 9, Watermark: 400}, 0)
	apply(partial.Source{Partition: 3, First: true, Watermark: -1 << 63}, 0) // empty
	const later = 3 * idleAfter
	apply(partial.Source{Partition: 0, From: 9, To: 12, Kept: 3, Watermark: 600, Ended: true}, later)
	if got, _ := s.Watermark(later); got != -1<<63 {
		t.Errorf("watermark %d though nobody has looked whether source 3 has records", got)
	}
	s.LogEnd(watermark.Source{Partition: 3}, 0, 0, later)
	for range 2 {
		if got, _ := s.Watermark(later); got != 400 {
			t.Errorf("watermark %d, want 400, that of the least source that is held", got)
		}
	}
}
