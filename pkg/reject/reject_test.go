package reject_test

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/record"
	"github.com/meanstream/meanstream/pkg/reject"
)

// encoded is the size of a message's record as a batch really holds it, at the greatest time and the first offset.
func encoded(m reject.Message) int {
	r := batch.Record{Time: math.MaxInt64, Key: m.Key, Value: m.Value}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, batch.Header(h))
	}
	var b batch.Builder
	b.Append(&batch.Record{})
	before := b.Len()
	b.Append(&r)
	return b.Len() - before
}

// everyWhy is each reason there is.
func everyWhy() []reject.Why {
	all := []reject.Why{reject.Late, reject.DroppedAtSink}
	for _, r := range record.Reasons() {
		all = append(all, reject.Of(r))
	}
	return all
}

func TestEveryReasonHasAnIdentifierAndASentence(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, w := range everyWhy() {
		if id := w.String(); !kebab.MatchString(id) || seen[id] || id == "unknown" || id == "none" {
			t.Errorf("identifier %q is not kebab-case, or not known, or there twice", id)
		}
		seen[w.String()] = true
		if s := w.Explain(); !strings.HasSuffix(s, ".") || len(s) < 30 || len(s) > 250 {
			t.Errorf("%v is explained by %q, want a sentence of at most 250 bytes", w, s)
		}
	}
	if reject.Late.String() != "late" || reject.DroppedAtSink.String() != "dropped-at-sink" || reject.Of(record.NotJSON).String() != "not-json" {
		t.Error("an identifier that queries rely on has changed")
	}
}

func TestAMessageIsTheRecordAndBehindItTheReason(t *testing.T) {
	room := make([]reject.Header, 1, 10)
	room[0] = reject.Header{Key: "trace", Value: []byte("17")}
	for _, c := range []struct {
		name       string
		key, value []byte
	}{
		{"bytes travel as they came", []byte("k\xff"), []byte(`{"timestamp":`)},
		{"a tombstone stays null", []byte("k"), nil},
		{"an empty message stays empty, without a key", nil, []byte{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := reject.Reject{Why: reject.Of(record.NotJSON), Topic: "records", Partition: 4, Offset: 1234567890123, Key: c.key, Value: c.value, Headers: room}
			want := reject.Message{Key: c.key, Value: c.value, Headers: []reject.Header{
				{Key: "trace", Value: []byte("17")},
				{Key: "meanstream-reason", Value: []byte("not-json")},
				{Key: "meanstream-explanation", Value: []byte(record.NotJSON.Explain())},
				{Key: "meanstream-topic", Value: []byte("records")},
				{Key: "meanstream-partition", Value: []byte("4")},
				{Key: "meanstream-offset", Value: []byte("1234567890123")},
			}}
			if got := r.Message(1 << 20); !cmp.Equal(got, want) {
				t.Error(cmp.Diff(want, got))
			}
			if extra := room[:2][1]; extra.Key != "" {
				t.Error("the caller's headers were written behind their end")
			}
		})
	}
}

// TestAMessageNeverExceedsTheLimit: whatever comes, the record fits and still says why and where; what was cut is a
// prefix of what came, and nothing was cut for nothing.
func TestAMessageNeverExceedsTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blob := func(name string) []byte {
			n := rapid.SampledFrom([]int{0, 1, 62, 63, 64, 65, 500, 8190, 8192, 20_000}).Draw(t, name)
			return bytes.Repeat([]byte{'x'}, n+rapid.IntRange(0, 3).Draw(t, name+" more"))
		}
		r := reject.Reject{
			Why: rapid.SampledFrom(everyWhy()).Draw(t, "why"), Topic: strings.Repeat("t", rapid.IntRange(1, 249).Draw(t, "topic")),
			Partition: rapid.Int32Min(0).Draw(t, "partition"), Offset: rapid.Int64Min(0).Draw(t, "offset"),
			Key: blob("key"), Value: blob("value"),
		}
		for i := range rapid.IntRange(0, 4).Draw(t, "headers") {
			r.Headers = append(r.Headers, reject.Header{Key: fmt.Sprint("h", i, string(blob("header key"))), Value: blob("header")})
		}
		limit := rapid.IntRange(1024, 40_000).Draw(t, "limit")
		whole, got := r.Message(math.MaxInt), r.Message(limit)
		if n := encoded(got); n > limit {
			t.Fatalf("%d bytes, the limit is %d", n, limit)
		}
		own := got.Headers[:len(got.Headers):len(got.Headers)]
		truncated := own[len(own)-1].Key == "truncated"
		if truncated {
			own = own[:len(own)-1]
		}
		kept := own[:len(own)-5]
		if !cmp.Equal(own[len(own)-5:], whole.Headers[len(whole.Headers)-5:]) {
			t.Fatalf("the reason is gone: %v", got.Headers)
		}
		headersWhole := len(kept) == len(r.Headers)
		if !bytes.HasPrefix(r.Value, got.Value) || !bytes.HasPrefix(r.Key, got.Key) || fmt.Sprint(kept) != fmt.Sprint(r.Headers[:len(kept)]) {
			t.Fatal("what is left is not the beginning of what came")
		}
		if truncated != (len(got.Value) < len(r.Value) || !headersWhole || len(got.Key) < len(r.Key)) {
			t.Fatalf("truncated is %v", truncated)
		}
		if len(got.Key) < len(r.Key) && len(kept) > 0 || !headersWhole && len(got.Value) > 0 {
			t.Fatal("cut in another order than value, headers, key")
		}
		// The estimate leaves a few bytes at most: what is cut entirely cannot give back more.
		if slack := limit - encoded(got); truncated && headersWhole && len(got.Value) > 0 && slack > 32 {
			t.Fatalf("%d bytes were cut for nothing", slack)
		}
		if !truncated && encoded(whole) != encoded(got) {
			t.Fatal("cut without saying so")
		}
	})
}

func TestRejectsOfASourcePartitionStayTogether(t *testing.T) {
	for _, c := range []struct{ source, n, want int32 }{{0, 6, 0}, {5, 6, 5}, {6, 6, 0}, {17, 6, 5}, {17, 1, 0}} {
		if got := reject.Partition(c.source, c.n); got != c.want {
			t.Errorf("Partition(%d, %d) = %d, want %d", c.source, c.n, got, c.want)
		}
	}
}

func header(m reject.Message, key string) string {
	i := slices.IndexFunc(m.Headers, func(h reject.Header) bool { return h.Key == key })
	if i < 0 {
		return "(none)"
	}
	return string(m.Headers[i].Value)
}
