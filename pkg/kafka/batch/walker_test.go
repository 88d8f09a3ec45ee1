package batch

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func wantError(t *testing.T, name string, err, kind error, parts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: error is %v, want %v", name, err, kind)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: error %q does not say %q", name, err, part)
		}
	}
}

func TestPositionFollowsTheWalk(t *testing.T) {
	compacted := data(10, -1, false, 5) // 10..14, of which 11 and 13 are left
	compacted.records = []Record{compacted.records[1], compacted.records[3]}
	section := slices.Concat(compacted.bytes(t), marker(15, 7, 1).bytes(t), data(20, -1, false, 2).bytes(t))
	var w Walker
	var r Record
	w.Reset(section, 10, nil, true)
	at := func(what string, want int64) {
		t.Helper()
		if w.Position() != want {
			t.Errorf("%s: position %d, want %d", what, w.Position(), want)
		}
	}
	at("before the walk", 10)
	w.Next()
	at("in the first batch, nothing read", 10)
	w.Record(&r)
	at("behind its first record", 12)
	w.Record(&r)
	at("behind its last record, the batch not known to be over", 14)
	if w.Record(&r) {
		t.Error("a third record came")
	}
	at("behind the first batch", 15)
	w.Next()
	at("a marker was passed", 16)
	w.Record(&r)
	at("behind 20", 21)
	if w.Next() {
		t.Error("a third batch came")
	}
	at("the rest of the batch was left behind", 22)
	if w.Record(&r) || w.Err() != nil {
		t.Error("read on behind the end", w.Err())
	}
}

func TestSkipsRecordsBelowTheFetchPosition(t *testing.T) {
	section := slices.Concat(data(100, -1, false, 4).bytes(t), data(104, -1, false, 4).bytes(t))
	for from, want := range map[int64][]int64{
		0:   {100, 101, 102, 103, 104, 105, 106, 107},
		102: {102, 103, 104, 105, 106, 107},
		104: {104, 105, 106, 107},
		107: {107},
		108: nil,
		500: nil,
	} {
		var w Walker
		check(t, &w, section, from, nil, true, want, max(from, 108))
	}
}

func TestCompactedBatchesMovePositionToTheirEnd(t *testing.T) {
	empty := data(0, -1, false, 1)
	empty.last, empty.records = 9, nil
	emptyZstd := data(10, -1, false, 1)
	emptyZstd.last, emptyZstd.records, emptyZstd.codec, emptyZstd.raw = 4, nil, Zstd, []byte{}
	section := slices.Concat(empty.bytes(t), emptyZstd.bytes(t))
	var w Walker
	check(t, &w, section, 0, nil, true, nil, 15)
}

func TestLogAppendTimeGivesEveryRecordTheBatchsTime(t *testing.T) {
	s := data(0, -1, false, 3)
	s.logAppend, s.baseTime, s.maxTime = true, -1<<63, 1764000000777
	s.raw = []byte{}
	for i, r := range s.records {
		s.raw = append(s.raw, slowRecord(r, int64(i), -5)...) // a time that would overflow, were it used
	}
	created := data(3, -1, false, 1)
	var w Walker
	w.Reset(slices.Concat(s.bytes(t), created.bytes(t)), 0, nil, true)
	var r Record
	if !w.Next() || !w.LogAppendTime() {
		t.Fatal("the batch does not carry the broker's time", w.Err())
	}
	n := 0
	for ; w.Record(&r); n++ {
		if r.Time != 1764000000777 {
			t.Errorf("record %d has time %d", n, r.Time)
		}
	}
	if n != 3 || !w.Next() || w.LogAppendTime() {
		t.Fatalf("%d records, then %v, error %v", n, w.LogAppendTime(), w.Err())
	}
}

func TestTruncatedAtEveryByteGivesTheWholeBatches(t *testing.T) {
	var section []byte
	var ends []int
	var counts []int
	for i, codec := range codecs() {
		s := data(int64(4*i), -1, false, 4)
		s.codec = codec
		section = append(section, s.bytes(t)...)
		ends, counts = append(ends, len(section)), append(counts, 4*(i+1))
	}
	var w Walker
	for cut := range len(section) + 1 {
		whole := 0
		for i, end := range ends {
			if end <= cut {
				whole = counts[i]
			}
		}
		// A clipped copy, so that an over-read is an over-read.
		got := walk(&w, bytes.Clone(section[:cut]), 0, nil, true)
		if w.Err() != nil || len(got) != whole || w.Position() != int64(whole) {
			t.Fatalf("cut at %d: %d records, want %d; position %d, error %v", cut, len(got), whole, w.Position(), w.Err())
		}
	}
}

func TestKeysAndValuesAliasTheFetchedBytesOnly(t *testing.T) {
	s := data(0, -1, false, 2)
	s.records[0].Key = []byte("k")
	section := s.bytes(t)
	var w Walker
	var r Record
	w.Reset(section, 0, nil, true)
	w.Next()
	w.Record(&r)
	if grown := append(r.Key, "zz"...); string(r.Value) != "v0" {
		t.Fatalf("appending to a key (%q) damaged its value: %q", grown, r.Value)
	}
	grown := append(r.Value, "zz"...)
	if !w.Record(&r) || string(r.Value) != "v1" {
		t.Fatalf("appending to a value (%q) damaged the next record: %q, %v", grown, r.Value, w.Err())
	}
	clear(section)
	if string(r.Value) == "v1" {
		t.Error("values are copies; the walk is meant to be in place")
	}
}

func TestWalkingPlainBatchesAllocatesNothing(t *testing.T) {
	section := slices.Concat(data(0, 3, true, 50).bytes(t), data(50, 4, true, 50).bytes(t), marker(100, 4, 0).bytes(t))
	aborted := []Aborted{{4, 50}}
	var w Walker
	n := 0
	if allocs := testing.AllocsPerRun(100, func() {
		w.Reset(section, 0, aborted, true)
		var r Record
		for w.Next() {
			for w.Record(&r) {
				n++
			}
		}
	}); allocs != 0 || n != 101*50 {
		t.Errorf("%v allocations a walk, %d records in all", allocs, n)
	}
}

func TestErrorEndsTheWalkBeforeItsBatch(t *testing.T) {
	bad := data(2, -1, false, 2).bytes(t)
	bad[len(bad)-1] ^= 1
	section := slices.Concat(data(0, -1, false, 2).bytes(t), bad, data(4, -1, false, 2).bytes(t))
	var w Walker
	if got := walk(&w, section, 0, nil, true); len(got) != 2 || w.Position() != 2 {
		t.Fatalf("%d records, position %d", len(got), w.Position())
	}
	wantError(t, "crc", w.Err(), ErrCRC, "offset 2", "fetch again")
	if w.Next() {
		t.Error("the walk went on behind an error")
	}
	if walk(&w, section[:len(section)/3], 0, nil, true); w.Err() != nil {
		t.Error("Reset kept the error", w.Err())
	}
}
