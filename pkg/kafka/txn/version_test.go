package txn

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// v2Requests are the requests that differ, with their versions.
var v2Requests = map[kmsg.Key]int16{kmsg.Produce: 12, kmsg.TxnOffsetCommit: 5, kmsg.EndTxn: 5}

// spoken collects in which version each request that differs was sent, 1 or 2, or 3 for both, until it is asked for.
func (r *rig) spoken() func() map[kmsg.Key]int {
	var mu sync.Mutex
	seen := map[kmsg.Key]int{}
	r.host.Before(func(q kafkatest.Request) {
		v2, ok := v2Requests[q.Key]
		if !ok {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if q.Version == v2 {
			seen[q.Key] |= 2
		} else {
			seen[q.Key] |= 1
		}
	})
	return func() map[kmsg.Key]int {
		mu.Lock()
		defer mu.Unlock()
		out := seen
		seen = map[kmsg.Key]int{}
		return out
	}
}

// versions are those of a transaction that begins in one version and ends in another.
func versions(begin, end int) map[kmsg.Key]int {
	return map[kmsg.Key]int{kmsg.TxnOffsetCommit: begin, kmsg.Produce: begin, kmsg.EndTxn: end}
}

// TestEachTransactionEndsInTheVersionThatItsClusterOffers changes the level between transactions, in all ways.
func TestEachTransactionEndsInTheVersionThatItsClusterOffers(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		spoken := r.spoken()
		r.init()
		var done []int
		before := int(r.version)
		for i, level := range []int16{2, 2, 1, 1, 2, 0, 2, 1, 0, 1, 2} {
			r.c.FinalizeTxnVersion(level)
			r.mustCommit(i + 1)
			done = append(done, i+1)
			want := 1
			if level == 2 {
				want = 2
			}
			if got := spoken(); !maps.Equal(got, versions(before, want)) {
				t.Errorf("at level %d the requests were in the versions %v", level, got)
			}
			before = want
			if got := r.d.Version(); int(got) != want {
				t.Errorf("at level %d: %s", level, got)
			}
		}
		r.holds(done...)
		r.oncePerRecord()
		if n := r.host.Sent(kmsg.InitProducerID); n != 1 {
			t.Errorf("the changes cost %d InitProducerID", n-1)
		}
	})
}

// TestTheLevelChangesAmidATransaction: a level that falls before EndTxn is asked for is seen, and what was begun in
// version 2 ended in version 1: every broker that could finalize the one takes the other at any level, but EndTxn v5 at
// level 0 it must not be given.
func TestTheLevelChangesAmidATransaction(t *testing.T) {
	for _, key := range txnKeys[1:] {
		for _, to := range []int{0, 1, 2} {
			t.Run(fmt.Sprintf("to %d before %s", to, key.Name()), func(t *testing.T) {
				onBrokers(t, func(t *testing.T, r *rig) {
					r.init()
					r.mustCommit(1)
					spoken := r.spoken()
					r.before(key, func() { r.c.FinalizeTxnVersion(int16(to)) })
					r.mustCommit(2)
					// The change comes beside the question at Produce, and behind it at EndTxn.
					got, begin, end := spoken(), int(r.version), max(to, 1)
					if !maps.Equal(got, versions(begin, end)) && (key != kmsg.Produce && key != kmsg.EndTxn || !maps.Equal(got, versions(begin, begin))) {
						t.Errorf("this transaction's requests are in the versions %v", got)
					}
					r.mustCommit(3)
					if got := spoken(); got[kmsg.EndTxn] != end {
						t.Errorf("after the change the requests are in the versions %v", got)
					}
					r.mustCommit(4)
					if got := spoken(); !maps.Equal(got, versions(end, end)) {
						t.Errorf("then the requests are in the versions %v", got)
					}
					r.holds(1, 2, 3, 4)
				})
			})
		}
	}
}

// TestALateCopyAcrossAChangeOfVersion: what a doubtful transaction leaves behind is the business of its own version.
func TestALateCopyAcrossAChangeOfVersion(t *testing.T) {
	for _, s := range []struct{ late, until kmsg.Key }{
		{kmsg.EndTxn, kmsg.Produce}, {kmsg.TxnOffsetCommit, kmsg.EndTxn}, {kmsg.Produce, kmsg.Produce}, {kmsg.Produce, kmsg.EndTxn},
		{kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit}, {kmsg.AddPartitionsToTxn, kmsg.Produce},
	} {
		t.Run(fmt.Sprintf("%s before %s", s.late.Name(), s.until.Name()), func(t *testing.T) {
			onBrokers(t, func(t *testing.T, r *rig) {
				o, code := r.late(s.late, s.until, func() { r.c.FinalizeTxnVersion(int16(3 - r.version)) })
				if o.Verdict != Committed || r.broken(true) || code == 0 {
					t.Errorf("transaction 2 is %s, the late copy was answered %d, visible %v", describe(o), code, r.visible())
				}
			})
		})
	}
}

// TestWithoutAnAnswerAboutTheVersionItIsTheFirst: version 1 is right everywhere.
func TestWithoutAnAnswerAboutTheVersionItIsTheFirst(t *testing.T) {
	for name, do := range map[string]kafkatest.Action{
		"silence": kafkatest.DropRequest(kafkatest.Silent), "a broken connection": kafkatest.LoseAnswer(kafkatest.Break), "a code": kafkatest.AnswerCode(42),
	} {
		t.Run(name, func(t *testing.T) {
			onBrokers(t, func(t *testing.T, r *rig) {
				r.init()
				r.mustCommit(1)
				spoken := r.spoken()
				armed := r.host.On(kafkatest.Rule{Key: kmsg.ApiVersions, Times: -1, Do: do, Match: func(q kafkatest.Request) bool { return q.Version == 3 }})
				if o := r.mustCommit(2); o.Dirty {
					t.Error("a question without an effect has left a doubt")
				}
				if got := spoken(); got[kmsg.EndTxn] != 1 || armed.Hits() == 0 {
					t.Errorf("after %d such questions the requests are in the versions %v", armed.Hits(), got)
				}
				armed.Remove()
				r.mustCommit(3)
				r.holds(1, 2, 3)
			})
		})
	}
}

func TestOffsetsAloneAreCommittedInTheClustersVersion(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		r.init()
		spoken := r.spoken()
		c := transaction(1)
		c.Batches = nil
		if o := r.d.Commit(t.Context(), c); o.Verdict != Committed {
			t.Fatal(o.Err(c))
		}
		if got := spoken(); got[kmsg.EndTxn] != int(r.version) {
			t.Errorf("the requests are in the versions %v", got)
		}
	})
}

// TestOnOldBrokersItIsVersion1 runs on brokers that have never heard of it.
func TestOnOldBrokersItIsVersion1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, 0, kfake.MaxVersions(kversion.V3_1_0()))
		spoken := r.spoken()
		r.init()
		r.mustCommit(1)
		r.mustCommit(2)
		r.holds(1, 2)
		if got := spoken(); !maps.Equal(got, versions(1, 1)) {
			t.Errorf("the requests are in the versions %v", got)
		}
	})
}

// TestTheLastEpochIsFollowedByANewProducerID plays the end of the epochs, which comes every nine hours at a transaction
// a second.
func TestTheLastEpochIsFollowedByANewProducerID(t *testing.T) {
	for _, epoch := range []int16{math.MaxInt16 - 2, math.MaxInt16 - 1} {
		t.Run(fmt.Sprintf("from epoch %d", epoch), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1, broker.TxnV2)
				r.init()
				r.d.producer.Version = broker.TxnV2
				for r.d.producer.Epoch < epoch { // the abort of nothing is an end as well
					next, code, err := r.client.EndTxn(t.Context(), r.d.producer, false)
					if err != nil || code != broker.OK {
						t.Fatal(code, err)
					}
					r.d.producer = next
				}
				first, last := r.d.Producer(), 4
				for n := 1; n <= last; n++ {
					r.mustCommit(n)
				}
				r.holds(1, 2, 3, 4)
				if got := r.d.Producer(); got.ID == first.ID || got.Epoch >= int16(last) {
					t.Errorf("from %+v it went on to %+v", first, got)
				}
				if n := r.host.Sent(kmsg.InitProducerID); n != 1 {
					t.Errorf("%d InitProducerID, want the first alone", n)
				}
			})
		})
	}
}

// TestACoordinatorThatNoLongerSpeaksTheVersionIsADoubt: the level fell below what the end needs, after it was asked for.
func TestACoordinatorThatNoLongerSpeaksTheVersionIsADoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, broker.TxnV2)
		r.init()
		r.mustCommit(1)
		r.host.On(kafkatest.Rule{Key: kmsg.EndTxn, Do: kafkatest.AnswerCode(unsupportedVersion)})
		r.before(kmsg.EndTxn, func() { r.c.FinalizeTxnVersion(0) })
		if o := r.commit(2); o.Verdict != Doubt || o.Last.Code != unsupportedVersion {
			t.Errorf("transaction 2 is %s by %v, want in doubt by 35", describe(o), o.Last)
		}
		spoken := r.spoken()
		r.init()
		r.mustCommit(3)
		if got := spoken(); !maps.Equal(got, versions(1, 1)) {
			t.Errorf("the requests are in the versions %v", got)
		}
		r.holds(1, 3)
	})
}

// TestSequencesBeginAnewWithEachEpoch: they count within an epoch.
func TestSequencesBeginAnewWithEachEpoch(t *testing.T) {
	onBrokers(t, func(t *testing.T, r *rig) {
		var sequences []int32
		r.host.Before(func(q kafkatest.Request) {
			if q.Key != kmsg.Produce {
				return
			}
			req, err := q.Parse()
			if err != nil {
				t.Error(err)
				return
			}
			for _, topic := range req.(*kmsg.ProduceRequest).Topics {
				for _, p := range topic.Partitions {
					var b kmsg.RecordBatch
					if err := b.ReadFrom(p.Records); err != nil {
						t.Error(err)
					} else if p.Partition == 1 {
						sequences = append(sequences, b.FirstSequence)
					}
				}
			}
		})
		r.init()
		for n := 1; n <= 3; n++ {
			r.mustCommit(n)
		}
		want := []int32{0, 2, 4}
		if r.version == broker.TxnV2 {
			want = []int32{0, 0, 0}
		}
		if !slices.Equal(sequences, want) {
			t.Errorf("partition 1's batches begin at %v, want %v", sequences, want)
		}
	})
}
