package result_test

import (
	"bytes"
	"cmp"
	"slices"
	"testing"

	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/window"
	"pgregory.net/rapid"
)

// TestTheRiverGivesTheSameBytesWhateverHappens plays random records through processors and a sink that dies at random,
// without idle times. The results are those of a brute-force pass over the records that were not late.
func TestTheRiverGivesTheSameBytesWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sources := rapid.IntRange(1, 3).Draw(t, "sources")
		r := newRiver(sources, 2*second, 0, 0, rapid.SampledFrom([]int{1, 600, 1 << 20}).Draw(t, "take"))
		var want []cell
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			writer := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "writer")
			switch rapid.SampledFrom([]string{"begin", "begin", "put", "put", "read", "tick", "tick", "crash"}).Draw(t, "step") {
			case "begin":
				// Writer a owns source 0, writer b the others; neither begins before its last transaction is through.
				if len(r.waiting[writer]) == 0 {
					want = append(want, drawFlush(t, r, writer)...)
				}
			case "put":
				r.put(writer, 1)
			case "read":
				if r.unread() {
					readAll(t, r, 1)
				}
			case "tick":
				r.tick()
			case "crash":
				r.restart()
			}
		}
		finish(t, r)
		if got, want := resultBytes(r.results), bruteForce(want); !bytes.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
		if r.dropped != 0 || r.sink.open.Aggregates() != 0 || r.sink.open.Size() != 0 {
			t.Fatalf("dropped %d records, left %d aggregates and %d bytes open", r.dropped, r.sink.open.Aggregates(), r.sink.open.Size())
		}
	})
}

// drawFlush lets the writer read some records of its sources and returns those that are not late.
func drawFlush(t *rapid.T, r *river, writer string) (valid []cell) {
	items := map[int32][]item{}
	for i := range r.sources {
		if (i == 0) != (writer == "a") {
			continue
		}
		judge := r.sources[i].judge
		items[int32(i)] = nil
		for range rapid.IntRange(0, 4).Draw(t, "records") {
			it := item{
				time:     rapid.Int64Range(0, 60).Draw(t, "time") * second,
				category: rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "category"),
				value:    float64(rapid.IntRange(-1000, 1000).Draw(t, "value")) / 10,
				filter:   rapid.IntRange(0, 3).Draw(t, "filter") == 0,
			}
			items[int32(i)] = append(items[int32(i)], it)
			if !judge.Late(it.time) {
				valid = append(valid, cell{window.Tumbling(it.time, windowSize), it.category, it.value, it.filter})
			}
		}
	}
	if err := r.begin(writer, items, 200); err != nil {
		t.Fatal(err)
	}
	return valid
}

func readAll(t *rapid.T, r *river, n int) {
	for ; n > 0 && r.unread(); n-- {
		if _, err := r.readOne(); err != nil {
			t.Fatal(err)
		}
	}
}

// finish ends every source and lets the sink come to the end.
func finish(t *rapid.T, r *river) {
	r.put("a", 1000)
	r.put("b", 1000)
	items := map[int32][]item{}
	for i := range r.sources {
		items[int32(i)] = []item{{end: true}}
	}
	if err := r.begin("c", items, 1<<20); err != nil {
		t.Fatal(err)
	}
	r.put("c", 1)
	readAll(t, r, 1000)
	for r.tick() != nil {
	}
}

func resultBytes(results []result.Result) (out []byte) {
	for i := range results {
		out = append(results[i].AppendJSON(out), '\n')
	}
	return out
}

// bruteForce groups the records by sorting all of them.
func bruteForce(records []cell) []byte {
	slices.SortStableFunc(records, func(a, b cell) int {
		return cmp.Or(a.bounds.Compare(b.bounds), cmp.Compare(a.category, b.category))
	})
	var results []result.Result
	for len(records) > 0 {
		first, a := records[0], &window.Aggregate{}
		for len(records) > 0 && records[0].bounds == first.bounds && records[0].category == first.category {
			if records[0].filter {
				a.Filter()
			} else {
				a.Keep(records[0].value)
			}
			records = records[1:]
		}
		results = append(results, result.Of(first.category, first.bounds, a))
	}
	return resultBytes(results)
}
