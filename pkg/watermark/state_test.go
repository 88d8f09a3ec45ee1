package watermark_test

import (
	"slices"
	"testing"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/watermark"
	"github.com/meanstream/meanstream/pkg/window"
)

func apply(t *testing.T, s *watermark.Sources, now int64, reports ...partial.Source) {
	t.Helper()
	for _, src := range reports {
		if err := s.Apply(src, now); err != nil {
			t.Fatal(err)
		}
	}
}

// count tells how many partitions the only topic has.
func count(s *watermark.Sources, n int32) { s.Topics([]watermark.Topic{{Partitions: n}}) }

func TestNothingHappensBeforeThePartitionsAreCounted(t *testing.T) {
	s := watermark.New(5, 30)
	apply(t, s, 0, partial.Source{First: true, To: 5, Kept: 5, Watermark: 8, Ended: true})
	apply(t, s, 0, partial.Source{Partition: 1, First: true, To: 5, Kept: 5, Watermark: 9})
	if got := s.Candidate(0); got != window.NoWatermark {
		t.Errorf("candidate %d before the partitions are counted", got)
	}
	apply(t, s, 1, partial.Source{Partition: 1, From: 5, To: 5, Ended: true, Watermark: 9})
	if _, all := s.Ended(); all {
		t.Error("all are ended before the partitions are counted")
	}
	if s.AllQuiet(100) {
		t.Error("all are quiet before the partitions are counted")
	}
	count(s, 2)
	if _, all := s.Ended(); !all || !s.AllQuiet(100) {
		t.Error("with two partitions counted, both ended, they are not all ended and quiet")
	}
}

func TestThereAreAsManyPartitionsAsTheMostThatWereTold(t *testing.T) {
	s := watermark.New(0, 0)
	count(s, 3)
	count(s, 1)
	if ends, _ := s.Ended(); len(ends) != 3 {
		t.Errorf("%d partitions, want 3", len(ends))
	}
}

func TestOnlyKnownSourcesAreExportedAndTheirWatermarksDoNotFall(t *testing.T) {
	s := watermark.New(5, 30)
	count(s, 4)
	s.Watermark(0)
	topic := [16]byte{7}
	apply(t, s, 0,
		partial.Source{TopicID: topic, Partition: 1, First: true, From: 3, To: 5, Kept: 2, Watermark: 8},
		partial.Source{TopicID: topic, Partition: 1, From: 5, To: 6, Kept: 1, Watermark: 7},
		partial.Source{TopicID: topic, Partition: 3, First: true, Watermark: window.NoWatermark, Ended: true},
	)
	want := []watermark.State{
		{Partition: 1, Known: true, To: 6, Watermark: 8},
		{Partition: 3, Known: true, Ended: true, Watermark: window.NoWatermark},
	}
	if topics, got := s.Export(); len(topics) != 1 || topics[0].ID != topic || !slices.Equal(got, want) {
		t.Errorf("exported %v of %v, want %v of %x", got, topics, want, topic)
	}
}

func TestAnImportedSourceThatIsNotKnownBeginsWithFirst(t *testing.T) {
	s := watermark.New(5, 30)
	s.Import([]watermark.Topic{{ID: [16]byte{7}}}, []watermark.State{{Partition: 0, To: 9, Watermark: 9}}, 4, 0)
	if to, known := s.Known(watermark.Source{TopicID: [16]byte{7}}); known || to != 0 {
		t.Errorf("source 0 is known %v up to %d", known, to)
	}
	// Nothing is known of any topic either.
	apply(t, s, 0, partial.Source{TopicID: [16]byte{8}, First: true, From: 2, To: 3, Kept: 1, Watermark: 6})
}

func TestWhatWasEmittedOtherwiseRaisesTheFloor(t *testing.T) {
	s := watermark.New(5, 30)
	count(s, 1)
	apply(t, s, 0, partial.Source{First: true, To: 5, Kept: 5, Watermark: 8})
	s.Emitted(20)
	s.Emitted(10)
	if got, _ := s.Watermark(0); got != 20 || s.Candidate(0) != 20 {
		t.Errorf("watermark %d and candidate %d, want 20", got, s.Candidate(0))
	}
}
