package sim

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestABackfillOfDaysAroundAChangeOfClocks: days of 23 and of 25 hours, and such as begin behind a midnight that there was
// not, read by processors and sinks that die at their commits, in windows of a day and of two.
func TestABackfillOfDaysAroundAChangeOfClocks(t *testing.T) {
	for seed, c := range []struct{ zone, near string }{
		{"Europe/Berlin", "1999-02-01"},     // forward, in the night
		{"Europe/Berlin", "1999-09-01"},     // back
		{"America/Havana", "1999-09-01"},    // back over midnight: its day begins when it is shown first
		{"America/Sao_Paulo", "1999-09-01"}, // forward over midnight, which is skipped
		{"Australia/Lord_Howe", "1999-06-01"},
	} {
		for days := range 2 {
			s := usual()
			s.window, s.zone = time.Duration(1+days)*24*time.Hour, c.zone
			if days > 0 {
				s.hop, s.aggregates = 24*time.Hour, "count,first,last,mean"
			}
			t.Run(fmt.Sprintf("%s after %s, windows of %s", c.zone, c.near, s.window), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { backfillDays(t, uint64(2*seed+days), s, c.near) })
			})
		}
	}
}

// backfillDays loads some days on both sides of the first change of a zone's clocks after a date, and has them averaged by
// processes that are killed.
func backfillDays(t *testing.T, seed uint64, s setting, near string) {
	r := start(t, options{exitAtEnd: true, two: seed%2 == 0})
	r.setting = s
	zone, err := s.location()
	if err != nil {
		t.Fatal(err)
	}
	from, err := time.ParseInLocation(time.DateOnly, near, zone)
	if err != nil {
		t.Fatal(err)
	}
	_, change := from.ZoneBounds()
	random := rand.New(rand.NewPCG(seed, 17))
	r.days(random, change)
	p, sink := r.processor("p1"), r.sink("s1")
	killAt(p, kmsg.EndTxn, 1+random.IntN(3), random.IntN(2) == 0)
	killAt(sink, kmsg.EndTxn, 1+random.IntN(3), random.IntN(2) == 0)
	time.Sleep(15 * time.Second)
	p.Crash()
	sink.Crash()
	all := []*process{r.processor("p2"), r.processor("p3"), r.sink("s2")}
	wait(all...)
	r.end(all...)
	r.judge()
	odd := false // a day that is not of 24 hours
	for _, w := range r.outcome().Results {
		odd = odd || time.Duration(w.End-w.Start)%(24*time.Hour) != 0
	}
	if !odd {
		t.Error("all days have 24 hours: this test proves nothing")
	}
}

// days puts records of the three days before and after a change of clocks into all partitions, in the order of time: every
// half hour one at its very beginning, one just before that, and one in between.
func (r *river) days(random *rand.Rand, change time.Time) {
	r.t.Helper()
	const step = 30 * time.Minute
	var all []*kgo.Record
	places := r.places()
	for at := change.Add(-72 * time.Hour); at.Before(change.Add(72 * time.Hour)); at = at.Add(step) {
		for _, after := range []time.Duration{-time.Millisecond, 0, time.Duration(random.Int64N(int64(step)))} {
			to := places[random.IntN(len(places))]
			rec := r.shape.Plain(at.Add(after), random.Float64()*100, string(rune('A'+random.IntN(3))))
			rec.Topic, rec.Partition, rec.Timestamp = to.Topic, to.Partition, time.Now()
			all = append(all, rec)
		}
	}
	if err := r.client.ProduceSync(r.t.Context(), all...).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}
