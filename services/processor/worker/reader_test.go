package worker

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// TestWhatIsFetchedEarlyIsWhatIsAskedFor reads a backlog of small batches, some at a time, and now and then asks for
// another offset than comes next, as a worker does that had to stop amid an answer. Every offset must hold its own record,
// and each answer must stand while the next one is on its way.
func TestWhatIsFetchedEarlyIsWhatIsAskedFor(t *testing.T) {
	const records, limit = 300, 290
	r := newRig(t)
	for i := range records {
		if err := r.client.ProduceSync(t.Context(), &kgo.Record{Topic: "records", Value: fmt.Appendf(nil, "record %d", i)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	client := broker.New(broker.Config{Brokers: r.cluster.Addrs(), Dial: r.cluster.Host("p").Dial})
	t.Cleanup(client.Close)
	reader := newReader(client)
	random := rand.New(rand.NewPCG(1, 2))
	var w batch.Walker
	var m batch.Record
	early, position := 0, int64(0)
	for fetches := 0; position < limit; fetches++ {
		q := broker.FetchRequest{TopicPartition: broker.TopicPartition{Topic: "records"}, Offset: position, MaxBytes: 1000}
		got, err := reader.fetch(t.Context(), q)
		if err != nil || got.Code != broker.OK || fetches > records {
			t.Fatalf("fetch %d, at %d: %v, %v", fetches, position, got.Code, err)
		}
		if reader.begin(t.Context(), q, got, limit); reader.coming != nil {
			early++
			if random.IntN(3) == 0 { // let it overwrite what it can
				reader.coming <- <-reader.coming
			}
		}
		stop := random.IntN(8) == 0
		w.Reset(got.Records, position, got.Aborted, true)
		for w.Next() {
			for !(stop && position > q.Offset) && w.Record(&m) {
				if want := fmt.Sprintf("record %d", m.Offset); m.Offset != position || string(m.Value) != want {
					t.Fatalf("at %d came offset %d with %q", position, m.Offset, m.Value)
				}
				position++
			}
			if stop {
				break
			}
		}
	}
	if early < 10 || reader.coming != nil && reader.from >= limit {
		t.Errorf("%d fetches were begun early, the last one at %d", early, reader.from)
	}
}
