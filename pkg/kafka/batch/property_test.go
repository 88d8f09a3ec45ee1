package batch

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// transaction is what the log's author knows: the walker has to find it out from markers and the aborted list.
type transaction struct {
	producer, first, marker int64
	aborted                 bool
}

// logged is one batch of the log, and the transaction it is part of, if any.
type logged struct {
	spec
	of *transaction
}

// drawLog writes a log of three producers' transactions, plain batches and what compaction made of them.
func drawLog(t *rapid.T) ([]logged, []*transaction) {
	var log []logged
	var all []*transaction
	running := map[int64]*transaction{}
	at := rapid.Int64Range(0, 1000).Draw(t, "start")
	end := func(producer int64) {
		tx := running[producer]
		delete(running, producer)
		tx.marker, tx.aborted = at, rapid.Bool().Draw(t, "aborted")
		kind := int16(1)
		if tx.aborted {
			kind = 0
		}
		log = append(log, logged{spec: marker(at, producer, kind)})
		at++
	}
	for range rapid.IntRange(0, 25).Draw(t, "steps") {
		producer := rapid.Int64Range(-1, 2).Draw(t, "producer")
		if running[producer] != nil && rapid.IntRange(0, 2).Draw(t, "end") == 0 {
			end(producer)
			continue
		}
		if running[producer] == nil && producer >= 0 {
			running[producer] = &transaction{producer: producer, first: at}
			all = append(all, running[producer])
		}
		s := data(at, producer, producer >= 0, rapid.IntRange(1, 5).Draw(t, "records"))
		s.codec = rapid.SampledFrom(codecs()).Draw(t, "codec")
		if rapid.Bool().Draw(t, "compacted") {
			s.records = slices.DeleteFunc(s.records, func(Record) bool { return rapid.Bool().Draw(t, "gone") })
			if len(s.records) == 0 {
				s.codec, s.raw = None, []byte{}
			}
		}
		log = append(log, logged{s, running[producer]})
		at = s.end()
	}
	// read_committed ends at the last stable offset, so every transaction of a fetch has ended.
	for producer := range int64(3) {
		if running[producer] != nil {
			end(producer)
		}
	}
	return log, all
}

func TestWalkEqualsWhatTheLogsAuthorKnows(t *testing.T) {
	var w Walker
	rapid.Check(t, func(t *rapid.T) {
		log, all := drawLog(t)
		if len(log) == 0 {
			return
		}
		start, end := log[0].base, log[len(log)-1].end()
		from := rapid.Int64Range(start, end).Draw(t, "from")
		committed := rapid.Bool().Draw(t, "committed")

		var section []byte
		var ends []int
		var batches []logged
		for _, b := range log {
			if b.end() > from {
				section = append(section, b.bytes(t)...)
				batches, ends = append(batches, b), append(ends, len(section))
			}
		}
		var list []Aborted
		for _, tx := range all {
			if tx.aborted && tx.marker >= from {
				list = append(list, Aborted{tx.producer, tx.first})
			}
		}
		list = rapid.Permutation(list).Draw(t, "list")
		cut := rapid.IntRange(0, len(section)).Draw(t, "cut")

		var want []Record
		position := from
		for i, b := range batches {
			if ends[i] > cut {
				break
			}
			position = b.end()
			for _, r := range b.records {
				if r.Offset >= from && !b.control && (!committed || b.of == nil || !b.of.aborted) {
					want = append(want, r)
				}
			}
		}
		mustEqual(t, walk(&w, slices.Clone(section[:cut]), from, list, committed), want)
		if w.Err() != nil || w.Position() != position {
			t.Fatalf("position %d, want %d; error %v", w.Position(), position, w.Err())
		}
		// franz-go, which was written from the same protocol by others, agrees.
		theirs, next := readAsFranz(t, section, from, list, committed)
		mustEqual(t, theirs, walk(&w, section, from, list, committed))
		if next != w.Position() {
			t.Fatalf("position %d, franz-go says %d", w.Position(), next)
		}
	})
}

func TestSealedBatchesComeBackAsTheyWere(t *testing.T) {
	var b Builder
	var w Walker
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOfN(rapid.Custom(drawRecord), 1, 30).Draw(t, "records")
		batch := build(&b, records, Options{Compression: rapid.SampledFrom(codecs()).Draw(t, "codec")})
		want := numbered(records, 0)
		mustEqual(t, walk(&w, batch, 0, nil, true), want)
		if w.Err() != nil || w.Position() != int64(len(records)) {
			t.Fatal(w.Position(), w.Err())
		}
	})
}
