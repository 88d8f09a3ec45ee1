package merger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/watermark"
	"github.com/meanstream/meanstream/pkg/window"
)

// one is a whole partial of source 0 with the span [from, to), and one record of category A in the window that ends at
// end.
func one(from, to, mark, end int64) *partial.Partial {
	return &partial.Partial{
		Group: "processor", Writer: "w0", Chunks: 1, SourcePartitions: 1, Placement: 3, Rule: 1, Lateness: 2,
		Sources: []partial.Source{{First: from == 0, From: from, To: to, Watermark: mark, Kept: 1}},
		Entries: []partial.Entry{entry(window.Bounds{Start: end - 10, End: end}, "A", 1)},
	}
}

func fresh() *State {
	s := NewState(1, checkpoint.Merge{Emitted: window.NoWatermark}, 0, 0, 0, 0)
	count(s.Sources, 1)
	return s
}

// count tells how many partitions the only topic has.
func count(s *watermark.Sources, n int32) { s.Topics([]watermark.Topic{{Partitions: n}}) }

// take reads partials at the offsets from at on; each must be taken without an error.
func take(t *testing.T, s *State, at int64, ps ...*partial.Partial) (changes []Changed) {
	t.Helper()
	for i, p := range ps {
		c, err := s.Partial(at+int64(i), p, 0)
		if err != nil {
			t.Fatal(err)
		}
		s.Passed(at + int64(i) + 1)
		changes = append(changes, c)
	}
	return changes
}

func TestTwoPlacementsAreNamed(t *testing.T) {
	other := one(1, 2, 0, 20)
	other.Placement, other.Group, other.Writer = 4, "other", "other/9"
	s := fresh()
	take(t, s, 0, one(0, 1, 0, 20))
	check := func(name string, s *State) {
		t.Helper()
		_, err := s.Partial(7, other, 0)
		if !errors.Is(err, ErrPlacement) {
			t.Fatalf("%s: error %v", name, err)
		}
		for _, part := range []string{"offset 7 of partition 1", "3 partitions", "other/9", "uses 4"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error does not tell %q: %v", name, part, err)
			}
		}
	}
	check("in one life", s)
	m := s.Remember()
	check("after a restart, before anything is read", NewState(1, m, 1, 0, 0, 0))
	again := NewState(1, m, 8, 0, 0, 0)
	check("while replaying", again)
}

func TestAChangedRuleIsNoticedOnce(t *testing.T) {
	changed := func(from int64, rule uint64) *partial.Partial {
		p := one(from, from+1, 0, 20)
		p.Rule = rule
		return p
	}
	s := fresh()
	all := []*partial.Partial{changed(0, 1), changed(1, 1), changed(2, 2), changed(3, 2)}
	for i, c := range take(t, s, 0, all...) {
		if (len(c.Rule) == 1) != (i == 2) {
			t.Errorf("partial %d: noticed %v", i, c.Rule)
		}
	}
	s = NewState(1, s.Remember(), 4, 0, 0, 0)
	for i, c := range take(t, s, 0, all[0], all[1], all[2], all[3], changed(4, 2), changed(5, 3)) {
		if (len(c.Rule) == 1) != (i == 5) {
			t.Errorf("partial %d after a restart: noticed %v", i, c.Rule)
		}
	}
}

// TestEachSourceChangesItsRuleOnce: in a rolling restart reports by the old rule and by the new one take turns.
func TestEachSourceChangesItsRuleOnce(t *testing.T) {
	s := fresh()
	s.Sources.Topics([]watermark.Topic{{Partitions: 2}})
	reached := [2]int64{}
	report := func(source int32, rule uint64) *partial.Partial {
		p := one(reached[source], reached[source]+1, 0, 20)
		p.Writer, p.Rule, p.Sources[0].Partition = fmt.Sprint("w", rule), rule, source
		reached[source]++
		return p
	}
	var got []string
	for i, c := range take(t, s, 0, report(0, 1), report(1, 1), report(0, 1), report(1, 2), report(0, 1), report(1, 2), report(0, 2), report(1, 2)) {
		for _, src := range c.Rule {
			got = append(got, fmt.Sprintf("at %d: %d from %d", i, src.Partition, src.From))
		}
	}
	if want := []string{"at 3: 1 from 1", "at 6: 0 from 3"}; !slices.Equal(got, want) {
		t.Errorf("noticed %q, want %q", got, want)
	}
}

func TestWhatMeetsAClosedWindowIsReportedOnce(t *testing.T) {
	s := fresh()
	take(t, s, 0, one(0, 1, 50, 20))
	s.Close(0)
	s.Open.Take(1 << 20)
	ps := []*partial.Partial{one(1, 2, 50, 60), one(2, 3, 50, 20)} // the first keeps the second in the replay
	c := take(t, s, 1, ps...)
	if c[0].Dropped != nil || c[1].Dropped == nil || c[1].Dropped.Offset != 2 || len(c[1].Dropped.Sources) != 1 {
		t.Fatalf("dropped %+v", c)
	}
	if kept, filtered := c[1].Dropped.Records(); kept != 1 || filtered != 0 {
		t.Errorf("dropped %d kept and %d filtered records", kept, filtered)
	}
	m := s.Remember()
	s = NewState(1, m, 3, 0, 0, 0)
	if m.ReplayFrom != 1 || s.Position() != 1 || !s.Replaying() {
		t.Fatalf("replay from %d, position %d", m.ReplayFrom, s.Position())
	}
	for _, c := range take(t, s, 1, one(1, 2, 50, 60), one(2, 3, 50, 20)) {
		if c.Dropped != nil {
			t.Errorf("reported again: %+v", c.Dropped)
		}
	}
	if s.Replaying() || s.Open.Aggregates() != 1 {
		t.Errorf("replaying %v, %d aggregates", s.Replaying(), s.Open.Aggregates())
	}
}

// TestNothingIsHeldOfWhatTheDecoderUsesAgain: neither what was opened nor what was dropped changes with the next partial.
func TestNothingIsHeldOfWhatTheDecoderUsesAgain(t *testing.T) {
	s := fresh()
	s.Open.Close(20)
	var d partial.Decoder
	var changes []Changed
	for i, p := range []*partial.Partial{one(0, 1, 15, 20), one(1, 2, 15, 30), one(2, 3, 15, 40)} {
		p.Entries[0].Keep(float64(i)) // as many values as before, and others
		for range i {
			p.Entries[0].Filter()
		}
		m, err := p.Encode(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := d.Decode(m[0])
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, take(t, s, int64(i), decoded)...)
	}
	if kept, filtered := changes[0].Dropped.Records(); kept != 2 || filtered != 0 {
		t.Errorf("dropped %d kept and %d filtered records, want 2 and 0", kept, filtered)
	}
	s.Open.Close(40)
	for i, r := range s.Open.Take(1 << 20) {
		if r.Sum != float64(i+2) || r.Filtered != int64(i+1) {
			t.Errorf("result %d: %+v, want the sum %d and %d filtered", i, r, i+2, i+1)
		}
	}
}

func TestReplayDoesNotPublishAgain(t *testing.T) {
	s := fresh()
	take(t, s, 0, one(0, 1, 15, 10), one(1, 2, 15, 30))
	s.Close(0)
	if got := s.Open.Take(1 << 20); len(got) != 1 || got[0].Window.End != 10 {
		t.Fatalf("published %+v", got)
	}
	m := s.Remember()
	m.ReplayFrom = 0 // more is replayed than is needed
	s = NewState(1, m, 2, 0, 0, 0)
	take(t, s, 0, one(0, 1, 15, 10), one(1, 2, 15, 30), one(2, 3, 40, 40))
	count(s.Sources, 1)
	s.Close(0)
	var ends []int64
	for _, r := range s.Open.Take(1 << 20) {
		ends = append(ends, r.Window.End)
	}
	if len(ends) != 2 || ends[0] != 30 || ends[1] != 40 {
		t.Errorf("published windows that end at %d", ends)
	}
}

func TestAnEndMarkAdvancesNoFartherThanTheLastWindow(t *testing.T) {
	s := fresh()
	last := one(0, 5, 15, 30)
	last.Sources[0].Ended = true
	take(t, s, 0, last)
	s.CloseEnded()
	if got := s.Open.Take(1 << 20); len(got) != 1 || s.Remember().Emitted != 30 {
		t.Errorf("%d results, emitted %d, want 1 and 30", len(got), s.Remember().Emitted)
	}
	s.Close(0) // no active source: it stands still
	if s.Remember().Emitted != 30 {
		t.Errorf("emitted %d after a look at the watermark", s.Remember().Emitted)
	}
}

func TestIdleClosingWaitsForEndAndLateness(t *testing.T) {
	s := NewState(1, checkpoint.Merge{Emitted: window.NoWatermark}, 0, 5, 10, 0)
	count(s.Sources, 1)
	if s.NeedIdle(1000) != nil {
		t.Error("sources are looked up though no window waits")
	}
	take(t, s, 0, one(0, 1, 15, 30))
	if got := s.NeedIdle(100); len(got) != 1 {
		t.Fatalf("sources to look up: %d", got)
	}
	for _, c := range []struct {
		name       string
		now, ahead int64
		closing    bool
	}{
		{"not before the window's end and the lateness are past", 32, 0, false},
		{"not while the source's log holds more", 33, 1, false},
		{"a nanosecond past both", 33, 0, true},
	} {
		s.Sources.LogEnd(watermark.Source{}, 0, 1+c.ahead, c.now)
		s.CloseIdle(c.now)
		if s.Open.Closing() != c.closing {
			t.Errorf("%s: closing %v", c.name, !c.closing)
		}
	}
}

func TestStartingOverRebasesOnTheNewestFirstOnly(t *testing.T) {
	s := fresh()
	take(t, s, 0, one(0, 9, 0, 20))
	m := s.Remember()
	restarted := func() *State {
		s := NewState(1, m, 1, 0, 0, 0)
		take(t, s, 0, one(0, 9, 0, 20))
		return s
	}
	older, newest := one(0, 4, 0, 20), one(0, 2, 0, 30)
	if _, err := restarted().Partial(1, older, 0); !errors.Is(err, watermark.ErrFirst) {
		t.Fatalf("without --start-over a first report of a known source: error %v", err)
	}
	s = restarted()
	s.bases = bases{{at: 3}}
	s.Sources.StartOver(true)
	take(t, s, 1, older, one(7, 8, 0, 20), newest, one(2, 5, 0, 30)) // what is older need not even join
	if to, _ := s.Sources.Known(watermark.Source{}); to != 5 {
		t.Errorf("the source is known up to %d, want 5", to)
	}
	if _, err := s.Partial(5, one(0, 1, 0, 30), 0); !errors.Is(err, watermark.ErrFirst) {
		t.Errorf("a first report after the newest: error %v", err)
	}
}
