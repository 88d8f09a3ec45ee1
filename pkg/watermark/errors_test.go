package watermark_test

import (
	"errors"
	"testing"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/watermark"
)

func TestEachFaultOfAReportHasItsName(t *testing.T) {
	other := [16]byte{1}
	for name, c := range map[string]struct {
		src       partial.Source
		startOver bool
		want      error
	}{
		"a span that joins is none":                      {src: partial.Source{From: 5, To: 9}},
		"an empty span that joins is none":               {src: partial.Source{From: 5, To: 5}},
		"a hole is a gap":                                {src: partial.Source{From: 6, To: 9}, want: watermark.ErrGap},
		"a hole is a gap even when starting over":        {src: partial.Source{From: 6, To: 9}, startOver: true, want: watermark.ErrGap},
		"an overlap is a repeat":                         {src: partial.Source{From: 4, To: 9}, want: watermark.ErrRepeat},
		"the whole span again is a repeat":               {src: partial.Source{From: 0, To: 5}, want: watermark.ErrRepeat},
		"a second first is out of place":                 {src: partial.Source{From: 5, To: 9, First: true}, want: watermark.ErrFirst},
		"a second first re-bases when starting over":     {src: partial.Source{From: 2, To: 9, First: true}, startOver: true},
		"a new source without first is out of place":     {src: partial.Source{Partition: 1, From: 5, To: 9}, want: watermark.ErrFirst},
		"so it is when starting over":                    {src: partial.Source{Partition: 1, From: 5, To: 9}, startOver: true, want: watermark.ErrFirst},
		"a new source begins with first, anywhere":       {src: partial.Source{Partition: 1, From: 40, To: 41, First: true}},
		"another topic id is named":                      {src: partial.Source{TopicID: other, From: 5, To: 9}, want: watermark.ErrTopicID},
		"another topic id of a new source is named":      {src: partial.Source{TopicID: other, Partition: 1, First: true}, want: watermark.ErrTopicID},
		"starting over needs first for another topic id": {src: partial.Source{TopicID: other, From: 5, To: 9}, startOver: true, want: watermark.ErrTopicID},
		"a first of another topic starts over":           {src: partial.Source{TopicID: other, First: true}, startOver: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := watermark.New(5, 30)
			s.Topics([]watermark.Topic{{Partitions: 2}})
			if err := s.Apply(partial.Source{First: true, To: 5, Kept: 5, Watermark: 8}, 0); err != nil {
				t.Fatal(err)
			}
			s.StartOver(c.startOver)
			at := watermark.Source{TopicID: c.src.TopicID, Partition: c.src.Partition}
			before, _ := s.Known(at)
			err := s.Apply(c.src, 1)
			if !errors.Is(err, c.want) {
				t.Fatalf("got error %v, want %v", err, c.want)
			}
			if to, _ := s.Known(at); err == nil && to != c.src.To || err != nil && to != before {
				t.Errorf("span end is %d after %d and error %v", to, before, err)
			}
		})
	}
}
