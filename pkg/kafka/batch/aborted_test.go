package batch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Logs are written as words, one a batch: "a2" is a transactional batch of two records by producer a, "A-" and "A+"
// its abort and commit markers, "n1" one record without a producer, "i1" one of an idempotent producer i outside any
// transaction, "a0" a batch of producer a that compaction emptied, "A0" an emptied marker.
func written(t *testing.T, log string) ([]byte, int64) {
	var section []byte
	var at int64
	for word := range strings.FieldsSeq(log) {
		who, what := word[0], word[1]
		s := data(at, int64(who|0x20), true, 1)
		switch {
		case what == '-' || what == '+':
			kind := int16(0)
			if what == '+' {
				kind = 1
			}
			s = marker(at, int64(who|0x20), kind)
		case what == '0':
			s.records, s.control = nil, who < 'a'
		default:
			s = data(at, int64(who), who != 'n' && who != 'i', int(what-'0'))
		}
		if who == 'n' {
			s.producer = -1
		}
		section = append(section, s.bytes(t)...)
		at = s.end()
	}
	return section, at
}

func TestDropsWhatReadCommittedMustNotSee(t *testing.T) {
	a, b, c := int64('a'), int64('b'), int64('c')
	for _, tt := range []struct {
		name, log string
		from      int64
		aborted   []Aborted
		want      []int64
	}{
		{"a committed transaction stays", "a2 A+", 0, nil, []int64{0, 1}},
		{"an aborted transaction goes", "a2 A-", 0, []Aborted{{a, 0}}, nil},
		{"plain and idempotent records stay between aborted ones", "a1 n1 a1 i1 A-", 0, []Aborted{{a, 0}}, []int64{1, 3}},
		{"aborted, then committed by the same producer", "a1 A- a1 A+", 0, []Aborted{{a, 0}}, []int64{2}},
		{"committed, then aborted by the same producer", "a1 A+ a1 A-", 0, []Aborted{{a, 2}}, []int64{0}},
		{"aborted twice", "a1 A- a1 A- a1 A+", 0, []Aborted{{a, 0}, {a, 2}}, []int64{4}},
		{"the list out of order", "a1 A- a1 A- a1 A+", 0, []Aborted{{a, 2}, {a, 0}}, []int64{4}},
		{"three producers, the middle one aborts", "a1 b1 c1 a1 b1 c1 C+ B- A+", 0, []Aborted{{b, 1}}, []int64{0, 2, 3, 5}},
		{"three producers, two abort in turn", "a1 b1 c1 A- a1 b1 B- c1 A+ b1 C+ B+", 0,
			[]Aborted{{a, 0}, {b, 1}}, []int64{2, 4, 7, 9}},
		{"three producers abort, nothing remains", "c2 b2 a2 B- A- C-", 0, []Aborted{{a, 4}, {b, 2}, {c, 0}}, nil},
		{"a commit marker does not end another's abort", "a1 b1 B+ a1 A-", 0, []Aborted{{a, 0}}, []int64{1}},
		{"another's abort marker does not either", "a1 b1 B- a1 A-", 0, []Aborted{{a, 0}, {b, 1}}, nil},
		{"its own commit marker ends no abort", "a1 A+ a1 A-", 0, []Aborted{{a, 0}}, nil},
		{"a fetch that begins within an aborted transaction", "a1 n1 a1 A- a1 A+", 1, []Aborted{{a, 0}}, []int64{1, 4}},
		{"a fetch that begins behind the abort's records", "a1 n1 A- a1 A+", 1, []Aborted{{a, 0}}, []int64{1, 3}},
		{"the list names a transaction further on", "a1 A+ b1 B- a1 A-", 0, []Aborted{{b, 2}, {a, 4}}, []int64{0}},
		{"a transaction that begins inside a batch's offsets", "n1 a3 A-", 0, []Aborted{{a, 3}}, []int64{0}},
		{"batches emptied by compaction", "a0 a1 A0 n1 a1 A-", 0, []Aborted{{a, 0}}, []int64{3}},
		{"a batch outside transactions of an aborted producer", "a1 i1 I- A-", 0, []Aborted{{a, 0}, {int64('i'), 1}}, []int64{1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			section, end := written(t, tt.log)
			var w Walker
			// Twice with one Walker: nothing of a walk may leak into the next.
			for range 2 {
				check(t, &w, section, tt.from, tt.aborted, true, tt.want, end)
				check(t, &w, section, tt.from, tt.aborted, false, dataOffsets(tt.log, tt.from), end)
			}
		})
	}
}

func check(t *testing.T, w *Walker, section []byte, from int64, aborted []Aborted, committed bool, want []int64, end int64) {
	t.Helper()
	given := slices.Clone(aborted)
	var got []int64
	for _, r := range walk(w, section, from, aborted, committed) {
		got = append(got, r.Offset)
		if string(r.Value) != fmt.Sprintf("v%d", r.Offset) {
			t.Errorf("record %d has value %q", r.Offset, r.Value)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("committed %v: got offsets %v, want %v", committed, got, want)
	}
	if w.Err() != nil || w.Position() != end {
		t.Errorf("committed %v: position %d, want %d; error %v", committed, w.Position(), end, w.Err())
	}
	if !slices.Equal(aborted, given) {
		t.Errorf("the caller's list was changed to %v", aborted)
	}
}

// dataOffsets are those that read_uncommitted sees.
func dataOffsets(log string, from int64) []int64 {
	var at int64
	var out []int64
	for word := range strings.FieldsSeq(log) {
		n := int64(1)
		if what := word[1]; what >= '1' && what <= '9' {
			n = int64(what - '0')
			for i := at; i < at+n; i++ {
				if i >= from {
					out = append(out, i)
				}
			}
		}
		at += n
	}
	return out
}

func TestWalkThatEndedBeforeAMarkerLeavesNoAbortBehind(t *testing.T) {
	var w Walker
	open, _ := written(t, "a2 n1")
	check(t, &w, open, 0, []Aborted{{'a', 0}}, true, []int64{2}, 3)
	check(t, &w, open, 0, nil, true, []int64{0, 1, 2}, 3)
}

func TestMarkersOfOtherKindsEndNothing(t *testing.T) {
	section := slices.Concat(data(0, 7, true, 1).bytes(t), marker(1, 7, 5).bytes(t), data(2, 7, true, 1).bytes(t),
		marker(3, 7, 0).bytes(t))
	var w Walker
	check(t, &w, section, 0, []Aborted{{7, 0}}, true, nil, 4)
}

func TestUnreadableMarkerIsAnError(t *testing.T) {
	for name, key := range map[string][]byte{
		"null": nil, "short": {0, 0, 0}, "negative version": {255, 255, 0, 0},
	} {
		s := marker(9, 7, 0)
		s.records[0].Key = key
		var w Walker
		mustEqual(t, walk(&w, s.bytes(t), 0, nil, true), nil)
		wantError(t, name, w.Err(), ErrMalformed, "offset 9")
		mustEqual(t, walk(&w, s.bytes(t), 0, nil, false), nil) // nobody needs to read it
		if w.Err() != nil || w.Position() != 10 {
			t.Errorf("%s: uncommitted: %v at %d", name, w.Err(), w.Position())
		}
	}
}
