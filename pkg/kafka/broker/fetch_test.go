package broker

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

func TestAFetchShowsWhatIsCommittedAndNothingElse(t *testing.T) {
	bubble(t, func(t *testing.T, _ *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
		put(t, c, theTopic, "a", "b")
		aborted := begin(t, c, "aborted", theTopic)
		write(t, c, aborted, 0, theTopic, "x")
		_, code, err := c.EndTxn(t.Context(), aborted, false)
		fine(t, code, err)
		committed := begin(t, c, "committed", theTopic)
		write(t, c, committed, 0, theTopic, "c")
		_, code, err = c.EndTxn(t.Context(), committed, true)
		fine(t, code, err)
		open := begin(t, c, "open", theTopic)
		write(t, c, open, 0, theTopic, "y")

		f := c.NewFetcher()
		var all []string
		position := int64(1) // in the middle of a batch
		for range 10 {
			got, err := f.Fetch(t.Context(), FetchRequest{TopicPartition: theTopic, Offset: position, MaxBytes: 1 << 20})
			fine(t, got.Code, err)
			if got.LastStable != 6 || got.HighWatermark != 7 {
				t.Fatalf("last stable %d, high watermark %d", got.LastStable, got.HighWatermark)
			}
			vs, next := values(t, got, position)
			all, position = append(all, vs...), next
		}
		if want := []string{"b", "c"}; !slices.Equal(all, want) || position != 6 {
			t.Errorf("read %q up to %d, want %q up to 6, where the open transaction begins", all, position, want)
		}
	})
}

func TestAFetchBeyondTheLogIsCode1AndOneOfNothingIsCode3(t *testing.T) {
	bubble(t, func(t *testing.T, _ *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
		got, err := c.NewFetcher().Fetch(t.Context(), FetchRequest{TopicPartition: theTopic, Offset: 5, MaxBytes: 1 << 20})
		if err != nil || got.Code != 1 {
			t.Errorf("code %v, error %v", got.Code, err)
		}
		got, err = c.NewFetcher().Fetch(t.Context(), FetchRequest{TopicPartition: TopicPartition{"nothing", 0}, MaxBytes: 1 << 20})
		if err != nil || got.Code != 3 {
			t.Errorf("code %v, error %v", got.Code, err)
		}
	})
}

func TestALeaderThatMovedIsFoundAgain(t *testing.T) {
	bubble(t, func(t *testing.T, cluster *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
		put(t, c, theTopic, "a")
		f := c.NewFetcher()
		ask := FetchRequest{TopicPartition: theTopic, MaxBytes: 1 << 20}
		got, err := f.Fetch(t.Context(), ask)
		fine(t, got.Code, err)
		if err := cluster.Kfake().MoveTopicPartition(theTopic.Topic, theTopic.Partition, 0); err != nil {
			t.Fatal(err)
		}
		if got, err = f.Fetch(t.Context(), ask); err != nil || got.Code != 6 {
			t.Fatalf("the old leader: code %v, error %v", got.Code, err)
		}
		got, err = f.Fetch(t.Context(), ask)
		fine(t, got.Code, err)
		if vs, _ := values(t, got, 0); !slices.Equal(vs, []string{"a"}) {
			t.Errorf("read %q", vs)
		}
	})
}

// The connection of a request that was given up goes on reading: what it writes must not be what is looked at now.
func TestALateAnswerDoesNotTouchWhatWasFetchedSince(t *testing.T) {
	bubble(t, func(t *testing.T, _ *kafkatest.Cluster, host *kafkatest.Host, c *Client) {
		put(t, c, theTopic, "aaaa")
		put(t, c, theTopic, "bbbb")
		f := c.NewFetcher()
		ask := FetchRequest{TopicPartition: theTopic, MaxBytes: 1 << 20}
		got, err := f.Fetch(t.Context(), ask) // now it has a buffer to reuse
		fine(t, got.Code, err)
		host.On(kafkatest.Rule{Key: kmsg.Fetch, Do: kafkatest.DelayAnswer(500 * time.Millisecond)})
		ctx, cancel := context.WithCancel(t.Context()) // as a revoke does: the connection's own deadline is later
		time.AfterFunc(100*time.Millisecond, cancel)
		if _, err := f.Fetch(ctx, ask); err == nil {
			t.Fatal("a fetch was answered before its time")
		}
		ask.Offset = 1
		got, err = f.Fetch(t.Context(), ask)
		fine(t, got.Code, err)
		before := bytes.Clone(got.Records)
		time.Sleep(2 * time.Second)
		if !bytes.Equal(before, got.Records) {
			t.Error("a late answer overwrote what was fetched after it")
		}
		if vs, _ := values(t, got, 1); !slices.Equal(vs, []string{"bbbb"}) {
			t.Errorf("read %q", vs)
		}
	})
}

func TestAFetchWaitsForRecordsAsLongAsItMay(t *testing.T) {
	bubble(t, func(t *testing.T, _ *kafkatest.Cluster, _ *kafkatest.Host, c *Client) {
		f := c.NewFetcher()
		ask := FetchRequest{TopicPartition: theTopic, MaxBytes: 1 << 20, MaxWait: 3 * time.Second} // above the limit of one exchange
		began := time.Now()
		got, err := f.Fetch(t.Context(), ask)
		fine(t, got.Code, err)
		if took := time.Since(began); took < 3*time.Second || len(got.Records) > 0 {
			t.Errorf("%d bytes after %s", len(got.Records), took)
		}
	})
}
