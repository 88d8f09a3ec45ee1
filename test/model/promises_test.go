package model

import (
	"errors"
	"testing"
)

func TestEachPromiseIsJudgedByWhatIsDecided(t *testing.T) {
	spans := func(s *state, at ...[2]int8) {
		for i, a := range at {
			s.out.log[i] = batch{used: true, committed: true, at: a}
		}
	}
	for _, c := range []struct {
		name string
		make func(s *state)
		want error
	}{
		{"a span and its offset", func(s *state) { spans(s, [2]int8{0, none}); s.group.at[0] = 1 }, nil},
		{"a span twice", func(s *state) { spans(s, [2]int8{0, none}, [2]int8{0, none}); s.group.at[0] = 1 }, ErrBrokeOnce},
		{"a span that readers have seen", func(s *state) { spans(s, [2]int8{none, 0}); s.out.visible[1], s.group.at[1] = 1, 1 }, ErrBrokeOnce},
		{"an offset before its span", func(s *state) { spans(s, [2]int8{0, none}) }, ErrBrokeOnce},
		{"an offset behind its span", func(s *state) { s.group.at[1] = 1 }, ErrBrokeComplete},
		{"a span missing", func(s *state) { spans(s, [2]int8{1, none}); s.group.at[0] = 2 }, ErrBrokeComplete},
		{"a span before the one that it follows", func(s *state) { spans(s, [2]int8{1, none}, [2]int8{0, none}); s.group.at[0] = 2 }, ErrBrokeOrdered},
		{"markers under way", func(s *state) {
			s.coords[1] = coordinator{state: prepareCommit, toOut: true, toOffsets: true}
			s.out.log[0] = batch{used: true, id: 1, at: [2]int8{0, 0}}
			s.group.pending[1] = [2]int8{1, 1}
		}, nil},
		{"a marker under way that comes to nothing", func(s *state) {
			s.coords[1] = coordinator{state: prepareCommit, toOut: true, toOffsets: true}
			s.out.log[0] = batch{used: true, id: 1, at: [2]int8{0, 0}}
			s.group.pending[1], s.group.overtaken[1] = [2]int8{1, 1}, [2]bool{true, false}
		}, ErrBrokeOnce},
		{"an open transaction", func(s *state) {
			s.coords[0] = coordinator{state: ongoing, out: true, offsets: true}
			s.out.log[0] = batch{used: true, at: [2]int8{0, 0}}
			s.group.pending[0] = [2]int8{1, 1}
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := begin(Bounds{})
			c.make(&s)
			if err := s.exact(); !errors.Is(err, c.want) || err == nil != (c.want == nil) {
				t.Errorf("it %v, want that it %v", err, c.want)
			}
		})
	}
}

func TestABatchBehindALaterReaderMustNotBeCommitted(t *testing.T) {
	for _, c := range []struct {
		name     string
		id, gen  int8 // of who reads source 0, where process 0 wrote in generation 2
		position int
		want     error
	}{
		{"a later generation", 1, 3, 0, ErrBrokeFenced},
		{"the writer itself, once more", 0, 2, 0, ErrBrokeFenced},
		{"another of the same generation, who owns something else", 1, 2, 0, nil},
		{"a zombie", 1, 1, 0, nil},
		{"a later generation, of another partition", 1, 3, 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := begin(Bounds{})
			s.out.log[0] = batch{used: true, gen: 2, at: [2]int8{0, none}}
			s.leaveBehind(c.position, c.id, c.gen)
			if err := s.fenced(0); !errors.Is(err, c.want) || err == nil != (c.want == nil) {
				t.Errorf("it %v, want that it %v", err, c.want)
			}
		})
	}
}
