package sim

import (
	"math/rand/v2"
	"time"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/test/oracle"
)

// flow sends records for so long, drawn from the seed: several a second to changing partitions, most of them in time,
// some late, some filtered, some not fit to count. One partition is left alone for a while, so that it goes quiet.
func (r *river) flow(seed uint64, lasting time.Duration) {
	r.t.Helper()
	random := rand.New(rand.NewPCG(seed, 7))
	places := r.places()
	begin := time.Now()
	for time.Since(begin) < lasting {
		p := places[random.IntN(len(places))]
		if quiet := time.Since(begin); p == places[sources-1] && quiet > lasting/4 && quiet < lasting*3/4 {
			p = places[0]
		}
		if random.IntN(20) == 0 {
			// A late one, of a partition that is awake: where one has slept, an old record is not late but dropped at the
			// sink, which the oracle, who knows no clock, can't foresee.
			r.put(r.client, p, r.shape.Plain(time.Now(), 1, "A"))
			r.put(r.client, p, r.shape.Plain(time.Now().Add(-time.Duration(random.IntN(60))*time.Second), random.Float64()*100, "B"))
		}
		r.put(r.client, p, r.shape.Some(random, time.Now()))
		time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
	}
}

// settle waits until every window has closed and been published: records end, partitions go quiet, the idle rule
// closes what is left.
func settle() { time.Sleep(40 * time.Second) }

// judge compares what was published with what the oracle says, and the ledger in the partials with both.
func (r *river) judge() {
	r.t.Helper()
	want := r.outcome()
	var got []oracle.Published
	for _, m := range r.cluster.ReadCommitted(resultsTopic) {
		got = append(got, oracle.Published{Partition: m.Partition, Key: m.Key, Value: m.Value})
	}
	if err := oracle.Compare(want, got); err != nil {
		r.t.Error(err)
	}
	if len(want.Results) == 0 {
		r.t.Error("the oracle expects nothing: this test can't fail")
	}
	r.ledger(want, want.Read())
}

// outcome is what the oracle says of all records, by the rules of those who have committed them.
func (r *river) outcome() oracle.Outcome {
	r.t.Helper()
	var records []oracle.Record
	for _, topic := range r.topics {
		for _, m := range r.cluster.ReadCommitted(topic) {
			rec := oracle.Record{Source: oracle.Source{Topic: topic, Partition: m.Partition}, Offset: m.Offset, Value: m.Value, Key: m.Key, Time: m.Time.UnixMilli()}
			if sent, lied := r.honest[spot{broker.TopicPartition{Topic: topic, Partition: m.Partition}, m.Offset}]; lied {
				rec.Sent = sent.UnixMilli()
			}
			for _, h := range m.Headers {
				rec.Headers = append(rec.Headers, oracle.Header(h))
			}
			records = append(records, rec)
		}
	}
	return oracle.JudgeEach(records, r.ruleOf())
}

// ledger adds up the counts in each partition of partials: every one carries all of them.
func (r *river) ledger(want oracle.Outcome, read int64) {
	r.t.Helper()
	sums := make([]partial.Source, outputs)
	for _, m := range r.cluster.ReadCommitted(partialsTopic) {
		p, err := partial.Decode(m.Value)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, s := range p.Sources {
			sums[m.Partition].Kept += s.Kept
			sums[m.Partition].Filtered += s.Filtered
			sums[m.Partition].Late += s.Late
			sums[m.Partition].Rejected += s.Rejected
		}
	}
	for i, s := range sums {
		if s.Kept != want.Kept || s.Filtered != want.Filtered || s.Late != want.Late || s.Rejected != want.Rejected {
			r.t.Errorf("partials/%d: %d kept, %d filtered, %d late, %d rejected; the oracle counts %d, %d, %d, %d",
				i, s.Kept, s.Filtered, s.Late, s.Rejected, want.Kept, want.Filtered, want.Late, want.Rejected)
		}
		if sum := s.Kept + s.Filtered + s.Late + s.Rejected; sum != read {
			r.t.Errorf("partials/%d account for %d records, %d were there to be read", i, sum, read)
		}
	}
}
