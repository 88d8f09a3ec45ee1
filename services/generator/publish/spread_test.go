package publish

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/meanstream/meanstream/services/generator/feed"
)

// pour adds n records without a key at the generator's own pace.
func (r *rig) pour(n int, rate float64) {
	r.t.Helper()
	pace := feed.NewPace(rate)
	for due := 0; n > 0; n, due = n-1, due-1 {
		if due == 0 {
			var err error
			if due, err = pace.Wait(r.t.Context(), 1024); err != nil {
				r.t.Fatal(err)
			}
		}
		r.add(1, 0, nil)
	}
}

func TestRecordsWithoutAKeyAreSpreadEvenlyAtEveryRate(t *testing.T) {
	// 75 a second come 2, 1, 2, 1 within a linger: going round would give one of two partitions twice as much.
	for _, rate := range []float64{1, 40, 75, 150, 1000, 20_000} {
		for _, partitions := range []int32{2, 3, 6} {
			t.Run(strconv.FormatFloat(rate, 'g', -1, 64)+" a second over "+strconv.Itoa(int(partitions)), func(t *testing.T) {
				inBubble(t, 1, partitions, func(t *testing.T, r *rig) {
					n := int(min(20*rate, 40_000))
					r.pour(n, rate)
					r.flush()
					got := r.judge()
					if len(got) < int(partitions) {
						t.Fatalf("only %d of %d partitions were used", len(got), partitions)
					}
					// Two paces' worth is the most that one batch can hold; the turn ends with it.
					assertSpread(t, got, int(rate*2*linger.Seconds())+2)
				})
			})
		}
	}
}

func assertSpread(t *testing.T, perPartition map[int32]int, bound int) {
	t.Helper()
	lo, hi := 1<<30, 0
	for _, n := range perPartition {
		lo, hi = min(lo, n), max(hi, n)
	}
	if hi-lo > bound {
		t.Errorf("partitions got %v records, a difference of %d; want at most %d", perPartition, hi-lo, bound)
	}
}

// Whatever the sizes, the rhythm and the growth, no partition is ahead of another by more than one batch.
func TestNoPartitionIsEverMoreThanABatchAhead(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.Int32Range(1, 9).Draw(rt, "partitions")
		p := New(nil, topic, n, zap.NewNop())
		largest := int64(0)
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			case 0:
				p.grow(int32(len(p.parts)) + rapid.Int32Range(0, 3).Draw(rt, "added"))
			case 1, 2, 3:
				p.sealOpen()
			default:
				value := make([]byte, rapid.IntRange(0, 40_000).Draw(rt, "size"))
				for range rapid.IntRange(1, 20).Draw(rt, "records") {
					if err := p.Add(t.Context(), Record{Value: value}); err != nil {
						rt.Fatal(err)
					}
					for _, part := range p.parts {
						for _, b := range part.sealed {
							largest = max(largest, b.count)
						}
						part.sealed = nil
					}
				}
			}
			lo, hi := int64(1<<62), int64(0)
			for _, part := range p.parts {
				largest = max(largest, int64(part.open.Count()))
				lo, hi = min(lo, part.unkeyed), max(hi, part.unkeyed)
			}
			if hi-lo > largest {
				rt.Fatalf("a partition is %d records ahead, the largest batch had %d", hi-lo, largest)
			}
		}
	})
}

func TestKeyedRecordsGoWhereTheJavaClientPutsThem(t *testing.T) {
	// The hashes are those of UtilsTest.testMurmur2 in Apache Kafka's clients.
	hashes := map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	}
	inBubble(t, 2, 7, func(t *testing.T, r *rig) {
		for key := range hashes {
			for range 3 {
				if err := r.Add(t.Context(), Record{Key: []byte(key), Value: []byte("v")}); err != nil {
					t.Fatal(err)
				}
			}
		}
		r.flush()
		ms := r.c.ReadCommitted(topic)
		if len(ms) != 3*len(hashes) {
			t.Errorf("%d records arrived, want %d", len(ms), 3*len(hashes))
		}
		for _, m := range ms {
			if want := (hashes[string(m.Key)] & 0x7fffffff) % 7; m.Partition != want {
				t.Errorf("key %q is in partition %d, Java's client puts it in %d", m.Key, m.Partition, want)
			}
		}
	})
}

func TestATruncatedRecordSaysSoAndTimesAreTheClocks(t *testing.T) {
	inBubble(t, 1, 1, func(t *testing.T, r *rig) {
		time.Sleep(time.Hour) // far from where the publisher's clock began
		before := time.Now()
		for _, rec := range []Record{{Value: []byte("whole")}, {Value: []byte("begin"), Truncated: true}} {
			if err := r.Add(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
		}
		r.flush()
		ms := r.c.ReadCommitted(topic)
		if len(ms) != 2 || len(ms[0].Headers) != 0 || len(ms[1].Headers) != 1 || ms[1].Headers[0].Key != "truncated" {
			t.Fatalf("got %v, want the second with the header truncated", ms)
		}
		for _, m := range ms {
			if m.Key != nil {
				t.Errorf("key %q, want none", m.Key)
			}
			if off := m.Time.Sub(before).Abs(); off > linger+time.Millisecond {
				t.Errorf("a record's time is %s off", off)
			}
		}
	})
}

func TestPartitionsAddedWhileRunningAreUsedFromThenOn(t *testing.T) {
	inBubble(t, 2, 2, func(t *testing.T, r *rig) {
		r.pour(4000, 1000)
		if _, err := kadm.NewClient(r.c.Client()).CreatePartitions(t.Context(), 3, topic); err != nil {
			t.Fatal(err)
		}
		r.pour(10_000, 1000)
		r.flush()
		got := r.judge()
		for p := range int32(2) {
			got[p] -= 2000 // from before the others came
		}
		// The new ones come into use five seconds late at the most, and don't catch up.
		if len(got) != 5 {
			t.Fatalf("partitions used: %v, want 5", got)
		}
		assertSpread(t, map[int32]int{2: got[2], 3: got[3], 4: got[4]}, 42)
		if got[2] < 1000 || got[2] > 2100 {
			t.Errorf("records by partition since there were five: %v, want no more than its share for a new one", got)
		}
		assertSpread(t, map[int32]int{0: got[0], 1: got[1]}, 42)
	})
}

func TestMemoryIsBoundedWhileTheBrokersAreAway(t *testing.T) {
	for name, key := range map[string]func(int) []byte{"without keys": nil, "with keys": modulo(50)} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 1, 3, func(t *testing.T, r *rig) {
				r.add(10, time.Second, nil)
				r.host.Cut()
				value := make([]byte, 1000)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				n := 0
				var err error
				for ; err == nil && n < 10_000; n++ {
					rec := Record{Value: value}
					if key != nil {
						rec.Key = key(n)
					}
					err = r.Add(ctx, rec)
				}
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("the Add after %d KB returned %v, want it to wait for room until its context ends", n, err)
				}
				bytes := 0
				for _, part := range r.parts {
					bytes += part.open.Len()
					for _, b := range part.sealed {
						bytes += len(b.bytes)
					}
				}
				if bound := 3 * (1 + maxQueued) * batchBytes; bytes > bound || key == nil && bytes < bound/2 {
					t.Errorf("%d bytes wait, want up to %d", bytes, bound)
				}
				r.host.Heal()
				r.flush()
				if got := len(r.c.ReadCommitted(topic)); got != 10+n-1 {
					t.Errorf("%d records arrived, want the %d that Add took", got, 10+n-1)
				}
			})
		})
	}
}

func TestAnAddThatWaitsGoesOnWhenThereIsRoomAndEndsWithThePublisher(t *testing.T) {
	inBubble(t, 1, 1, func(t *testing.T, r *rig) {
		fill := make([]byte, batchBytes-100) // a batch of its own
		r.host.Cut()
		added := make(chan error, 1)
		go func() {
			var err error
			for range 4 { // two sealed, one open, and the fourth waits
				err = errors.Join(err, r.Add(t.Context(), Record{Value: fill}))
			}
			added <- err
		}()
		time.Sleep(time.Minute)
		select {
		case err := <-added:
			t.Fatalf("four large records were taken without a broker: %v", err)
		default:
		}
		healed := time.Now()
		r.host.Heal()
		if err := <-added; err != nil {
			t.Error(err)
		}
		r.flush()
		ms := r.c.ReadCommitted(topic)
		if len(ms) != 4 || ms[3].Time.Before(healed.Truncate(time.Millisecond)) || !ms[2].Time.Before(healed) {
			t.Errorf("%d records; the third has the time it was added, the fourth when there was room (%s)", len(ms), healed)
		}
		r.host.Cut()
		go func() {
			var err error
			for err == nil {
				err = r.Add(t.Context(), Record{Value: fill})
			}
			added <- err
		}()
		time.Sleep(time.Minute)
		r.stop()
		if err := <-added; !errors.Is(err, context.Canceled) {
			t.Errorf("the Add that waited got %v, want %v", err, context.Canceled)
		}
	})
}

func TestAFlushDoesNotLinger(t *testing.T) {
	inBubble(t, 1, 3, func(t *testing.T, r *rig) {
		r.add(30, 100*time.Millisecond, nil)
		began := time.Now()
		r.add(30, 0, modulo(9))
		r.flush()
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %s on a network without delay", took)
		}
		if got := r.Acked(); got != 60 {
			t.Errorf("acknowledged %d, want 60", got)
		}
	})
}
