package exact

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestChunksAreWrittenOutAsDocumented(t *testing.T) {
	for name, c := range map[string]struct {
		xs   []float64
		want []chunk
	}{
		"0 has no chunks":                         {[]float64{1, -1}, nil},
		"1 is a one in chunk 68":                  {[]float64{1}, []chunk{{68, 1}}},
		"-1 has one chunk as well":                {[]float64{-1}, []chunk{{68, -1}}},
		"2^32 is a one in chunk 69":               {[]float64{1 << 32}, []chunk{{69, 1}}},
		"a zero chunk between others is left out": {[]float64{0x1p64, 0.5}, []chunk{{67, 1 << 31}, {70, 1}}},
		"a borrow runs through all chunks":        {[]float64{0x1p64, -1}, []chunk{{68, MaxChunk}, {69, MaxChunk}}},
		"and so below 0":                          {[]float64{-0x1p64, 1}, []chunk{{68, -MaxChunk}, {69, -MaxChunk}}},
		"the smallest value sits in chunk 34":     {[]float64{math.SmallestNonzeroFloat64}, []chunk{{34, 1 << 14}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := chunksOf(sumOf(c.xs...)); !slices.Equal(got, c.want) {
				t.Errorf("chunks = %v, want %v", got, c.want)
			}
		})
	}
}

func TestChunksStopWhenAsked(t *testing.T) {
	s := sumOf(1, 0x1p100, 0x1p-100)
	var seen []int
	for i := range s.Chunks {
		seen = append(seen, i)
		if len(seen) == 2 {
			break
		}
	}
	if len(seen) != 2 {
		t.Errorf("yielded %v after a break at the second", seen)
	}
}

func TestForeignChunksOutOfRangeAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		index int
		chunk int64
		want  error
	}{
		"the first index":                {0, 1, nil},
		"the last index":                 {MaxIndex, MaxChunk, nil},
		"the least chunk":                {68, -MaxChunk, nil},
		"a chunk of 0":                   {68, 0, nil},
		"a negative index":               {-1, 1, ErrIndex},
		"an index behind the last":       {MaxIndex + 1, 1, ErrIndex},
		"the greatest int":               {math.MaxInt, 1, ErrIndex},
		"a chunk of 2^32":                {68, MaxChunk + 1, ErrChunk},
		"a chunk of -2^32":               {68, -MaxChunk - 1, ErrChunk},
		"a chunk whose negation is none": {68, math.MinInt64, ErrChunk},
	} {
		t.Run(name, func(t *testing.T) {
			s := sumOf(1.25)
			want := rat(1.25)
			err := s.AddChunk(c.index, c.chunk)
			if !errors.Is(err, c.want) {
				t.Fatalf("error = %v, want %v", err, c.want)
			}
			if err == nil {
				want.Add(want, new(big.Rat).Mul(unit(c.index), new(big.Rat).SetInt64(c.chunk)))
			}
			check(t, s, want)
		})
	}
	err := new(Sum).AddChunk(134, 1)
	if want := "read chunk 134 of a sum: index of a sum's chunk is out of range: want 0 to 133"; err.Error() != want {
		t.Errorf("the error reads %q, want %q", err, want)
	}
	err = new(Sum).AddChunk(70, 1<<32)
	if want := "read chunk 70 of a sum: chunk of a sum is out of range: 4294967296 is not within ±4294967295"; err.Error() != want {
		t.Errorf("the error reads %q, want %q", err, want)
	}
}

func TestManyForeignChunksDoNotOverflow(t *testing.T) {
	for _, sign := range []int64{1, -1} {
		var s Sum
		const n = 10 * maxPending
		for range n {
			if err := s.AddChunk(MaxIndex, sign*MaxChunk); err != nil {
				t.Fatal(err)
			}
		}
		want := new(big.Rat).Mul(unit(MaxIndex), new(big.Rat).SetInt64(n*sign*MaxChunk))
		check(t, &s, want)
		// Far beyond any sum of measurements, but never wrong and never a panic.
		for range 200 {
			s.Merge(&s)
			want.Add(want, want)
		}
		check(t, &s, want)
	}
}

func TestChunksReadBackGiveTheSameSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s, back Sum
		for _, x := range rapid.SliceOf(anyFloat()).Draw(t, "values") {
			s.Add(x)
			s.AddSquare(x)
		}
		chunks := chunksOf(&s)
		for _, i := range rapid.Permutation(chunks).Draw(t, "order") {
			if err := back.AddChunk(i.index, i.value); err != nil {
				t.Fatal(err)
			}
		}
		if got := chunksOf(&back); !slices.Equal(got, chunks) {
			t.Fatalf("read back %v, want %v", got, chunks)
		}
	})
}

// FuzzSum plays a program of nine bytes a step, what to do and with which number,
// on a few sums and on rational numbers.
func FuzzSum(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\xf0\x3f\x01\xff\xff\xff\xff\xff\xff\xef\x7f"))
	f.Add([]byte("\x01\x01\x00\x00\x00\x00\x00\x00\x00\x82\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, program []byte) {
		var sums [3]Sum
		var models [3]model
		// Rational numbers are slow; forty steps reach every path.
		for len(program) >= 9 && len(program) <= 9*40 {
			op, u := program[0], uint64(0)
			for _, b := range program[1:9] {
				u = u<<8 | uint64(b)
			}
			program = program[9:]
			// Clearing the exponent's lowest bit makes every value finite.
			x := math.Float64frombits(u &^ (1 << 52))
			i, j := op/8%3, op/24%3
			s, m := &sums[i], &models[i]
			switch op % 8 {
			case 0, 1:
				s.Add(x)
				m.add(x)
			case 2, 3:
				s.AddSquare(x)
				m.addSquare(x)
			case 4, 5:
				s.Merge(&sums[j])
				m.Rat.Add(&m.Rat, &models[j].Rat)
			case 6:
				index, chunk := int(int8(u)), int64(u)>>(u&63)
				if s.AddChunk(index, chunk) == nil {
					m.Rat.Add(&m.Rat, new(big.Rat).Mul(unit(index), new(big.Rat).SetInt64(chunk)))
				}
			case 7:
				s.Reset()
				m.Rat.SetInt64(0)
			}
		}
		for i := range sums {
			check(t, &sums[i], &models[i].Rat)
		}
	})
}
