package watermark_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/watermark"
	"github.com/meanstream/meanstream/pkg/window"
	"pgregory.net/rapid"
)

const (
	idleAfter      = 5
	closeIdleAfter = 12
)

// world is the logs as they really are, with everything that happened since the beginning remembered, so that each
// answer can be worked out from the definition alone.
type world struct {
	s       *watermark.Sources
	topics  []watermark.Topic // the sources are theirs in turn
	now     int64
	ends    []int64   // of the logs
	atRead  []int64   // ends of the logs when the last report was read
	reports []arrived // all of them
	lookUps map[int32]lookUp
	emitted int64
}

type arrived struct {
	partial.Source
	of int32
	at int64
}

type lookUp struct{ end, at int64 }

// TestEveryAnswerFollowsFromTheHistory compares the state machine with the definition, over random histories of logs
// that grow, owners that lag, look-ups that are made or fail, and time that passes.
func TestEveryAnswerFollowsFromTheHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "sources")
		w := &world{
			topics: topics(n, rapid.IntRange(1, min(n, 3)).Draw(t, "topics")), s: watermark.New(idleAfter, closeIdleAfter), ends: make([]int64, n), atRead: make([]int64, n),
			lookUps: map[int32]lookUp{}, emitted: window.NoWatermark,
		}
		w.s.Topics(w.topics)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			w.step(t)
			w.check(t)
		}
	})
}

// topics are of n partitions together.
func topics(n, topics int) (all []watermark.Topic) {
	for i := range topics {
		all = append(all, watermark.Topic{ID: [16]byte{byte(i)}, Name: fmt.Sprint("t", i), Partitions: int32((n + topics - 1 - i) / topics)})
	}
	return all
}

// source is the p-th one.
func (w *world) source(p int32) watermark.Source {
	n := int32(len(w.topics))
	return watermark.Source{TopicID: w.topics[p%n].ID, Partition: p / n}
}

func (w *world) step(t *rapid.T) {
	p := rapid.Int32Range(0, int32(len(w.ends)-1)).Draw(t, "partition")
	switch rapid.SampledFrom([]string{"append", "report", "report", "tick", "look up", "look up all", "long"}).Draw(t, "step") {
	case "append":
		w.ends[p]++
	case "report":
		w.report(t, p)
	case "tick":
		w.now++
	case "long":
		w.now += rapid.SampledFrom([]int64{idleAfter, closeIdleAfter}).Draw(t, "time")
	case "look up":
		w.lookUp(p)
	case "look up all":
		need := append(w.s.Need(w.now), w.s.NeedIdle(w.now)...)
		for p := range w.ends {
			if slices.Contains(need, w.source(int32(p))) {
				w.lookUp(int32(p))
			}
		}
	}
}

func (w *world) lookUp(p int32) {
	w.lookUps[p] = lookUp{w.ends[p], w.now}
	w.s.LogEnd(w.source(p), 0, w.ends[p], w.now)
}

func (w *world) report(t *rapid.T, p int32) {
	to, wm := int64(0), window.NoWatermark
	last := w.last(p)
	if last != nil {
		to, wm = last.To, last.Watermark
	}
	at := w.source(p)
	src := partial.Source{Topic: w.s.Name(at), TopicID: at.TopicID, Partition: at.Partition, First: last == nil, From: to, Watermark: wm}
	src.To = rapid.Int64Range(to, w.ends[p]).Draw(t, "to")
	if n := src.To - src.From; n > 0 && rapid.Bool().Draw(t, "valid") {
		src.Kept = n
		src.Watermark = max(wm, rapid.Int64Range(0, 50).Draw(t, "watermark"))
	} else {
		src.Rejected = n
	}
	src.Ended = rapid.IntRange(0, 5).Draw(t, "ended") == 0
	if err := w.s.Apply(src, w.now); err != nil {
		t.Fatal(err)
	}
	w.reports = append(w.reports, arrived{src, p, w.now})
	w.lookUps = map[int32]lookUp{}
	copy(w.atRead, w.ends)
}

// last returns the newest report of a source, nil before the first.
func (w *world) last(p int32) (last *arrived) {
	for i := range w.reports {
		if w.reports[i].of == p {
			last = &w.reports[i]
		}
	}
	return last
}

// quiet goes through the history for a report with a valid record that is young enough.
func (w *world) quiet(p int32, after int64) bool {
	for _, r := range w.reports {
		if r.of == p && r.Spoke() && r.at > w.now-after {
			return false
		}
	}
	return true
}

func (w *world) caughtUp(p int32, since int64) bool {
	l, ok := w.lookUps[p]
	if !ok || l.at < since {
		return false
	}
	if last := w.last(p); last != nil {
		return last.To >= l.end
	}
	return l.end == 0
}

func (w *world) check(t *rapid.T) {
	least, candidate, active := int64(math.MaxInt64), int64(math.MaxInt64), false
	allQuiet, spoke := true, int64(math.MinInt64)
	for i := range w.ends {
		p := int32(i)
		last, wm := w.last(p), window.NoWatermark
		if last != nil {
			wm = last.Watermark
		}
		ended := last != nil && last.Ended
		if !ended && !w.quiet(p, idleAfter) {
			active = true
			candidate = min(candidate, wm)
		}
		if !ended && !(w.quiet(p, idleAfter) && w.caughtUp(p, math.MinInt64)) {
			least = min(least, wm)
		}
		allQuiet = allQuiet && w.quiet(p, closeIdleAfter)
		for _, r := range w.reports {
			if r.Spoke() {
				spoke = max(spoke, r.at)
			}
		}
	}
	for i := range w.ends {
		last := w.last(int32(i))
		since := int64(math.MinInt64)
		if spoke != math.MinInt64 {
			since = spoke + closeIdleAfter
		}
		allQuiet = allQuiet && (last != nil && last.Ended || w.caughtUp(int32(i), since))
	}
	if got := w.s.AllQuiet(w.now); got != allQuiet {
		t.Fatalf("all quiet is %v, want %v", got, allQuiet)
	}
	if !active {
		if least == math.MaxInt64 { // all have ended or are left out
			least = w.emitted
		}
		candidate = least
	}
	if got, want := w.s.Candidate(w.now), max(candidate, w.emitted); got != want {
		t.Fatalf("candidate %d, want %d", got, want)
	}
	got, _ := w.s.Watermark(w.now)
	if want := max(least, w.emitted); got != want {
		t.Fatalf("watermark %d, want %d", got, want)
	}
	w.checkSafe(t, got)
	w.emitted = got
}

// checkSafe is the promise itself: the watermark never rises past that of a source (but an ended one) for which
// something unreported had been appended before the last partial was read.
func (w *world) checkSafe(t *rapid.T, got int64) {
	for i, end := range w.atRead {
		last := w.last(int32(i))
		switch {
		case got == w.emitted || last != nil && (last.Ended || last.To >= end) || last == nil && end == 0:
		case last == nil || got > last.Watermark:
			t.Fatalf("watermark rose from %d to %d past source %d, which has records waiting up to %d", w.emitted, got, i, end)
		}
	}
}

// TestNeedIsEnoughAndNoMore answers every look-up that is asked for and finds the candidate reached, and leaves one of
// them out and finds it missed.
func TestNeedIsEnoughAndNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		build := func() *watermark.Sources {
			s := watermark.New(idleAfter, closeIdleAfter)
			s.Topics(topics(5, 1))
			return s
		}
		s, again := build(), build()
		for p := range int32(rapid.IntRange(0, 5).Draw(t, "reported")) {
			src := partial.Source{Partition: p, First: true, To: 3, Kept: 3, Watermark: rapid.Int64Range(0, 9).Draw(t, "watermark")}
			src.Ended = rapid.IntRange(0, 4).Draw(t, "ended") == 0
			at := rapid.Int64Range(0, 9).Draw(t, "at")
			for _, s := range []*watermark.Sources{s, again} {
				if err := s.Apply(src, at); err != nil {
					t.Fatal(err)
				}
			}
		}
		const now = 10
		need := s.Need(now)
		candidate := s.Candidate(now)
		for i, p := range need {
			s.LogEnd(p, 3, 3, now)
			if i > 0 {
				again.LogEnd(p, 3, 3, now)
			}
		}
		if got, _ := s.Watermark(now); got != candidate {
			t.Fatalf("watermark %d after looking up %v, want the candidate %d", got, need, candidate)
		}
		if got, holders := again.Watermark(now); len(need) > 0 && (got >= candidate || holders[0].Source != need[0]) {
			t.Fatalf("watermark %d with holders %v, though source %v was not looked up", got, holders, need[0])
		}
	})
}
