package feed

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type cutLine struct {
	value     string
	truncated bool
}

// slowLines is the definition: the whole stream in memory, split.
func slowLines(stream string, limit int) []cutLine {
	var out []cutLine
	for _, line := range strings.Split(stream, "\n") {
		line = strings.TrimSuffix(line, "\r")
		switch {
		case len(line) > limit+1:
			out = append(out, cutLine{line[:limit+1], true})
		case strings.Trim(line, " \t\r") != "":
			out = append(out, cutLine{line, false})
		}
	}
	return out
}

// readAll hands stream over in pieces of the given sizes, over and over, and ends
// the context before each, which must lose nothing.
func readAll(t *rapid.T, stream string, limit int, sizes []int) []cutLine {
	in := strings.NewReader(stream)
	var stop context.CancelFunc
	reads := 0
	l := newLines(limit, func(ctx context.Context, p []byte) (int, error) {
		size := sizes[reads/2%len(sizes)]
		if reads++; reads%2 == 1 {
			stop()
			return 0, ctx.Err()
		}
		return in.Read(p[:min(size, len(p))])
	})
	var out []cutLine
	for {
		var ctx context.Context
		ctx, stop = context.WithCancel(t.Context())
		value, truncated, err := l.next(ctx)
		stop()
		switch {
		case err == nil:
			out = append(out, cutLine{string(value), truncated})
		case err == io.EOF:
			if _, _, again := l.next(t.Context()); again != io.EOF {
				t.Fatalf("after io.EOF came %v", again)
			}
			return out
		case !errors.Is(err, context.Canceled):
			t.Fatal(err)
		}
	}
}

func TestLinesAreThoseOfTheWholeStreamSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(0, 40), rapid.IntRange(readSize-3, readSize+3), rapid.IntRange(2*readSize-5, 3*readSize))
		var stream strings.Builder
		for range rapid.IntRange(0, 6).Draw(t, "lines") {
			fill := rapid.SampledFrom([]string{"x", " ", "\r", "ab\r"}).Draw(t, "fill")
			n := length.Draw(t, "length")
			stream.WriteString(strings.Repeat(fill, n/len(fill)))
			stream.WriteString(rapid.SampledFrom([]string{"\n", "\r\n", "\n\n", "y\n"}).Draw(t, "end"))
		}
		stream.WriteString(rapid.SampledFrom([]string{"", "last", "last\r", "\r", " "}).Draw(t, "rest"))
		limit := rapid.OneOf(rapid.IntRange(1, 45), rapid.IntRange(readSize-4, readSize+4), rapid.Just(DefaultMaxRecordBytes)).Draw(t, "limit")
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{7, 100, 5000, readSize, 2 * readSize}), 1, 4).Draw(t, "sizes")

		got, want := readAll(t, stream.String(), limit, sizes), slowLines(stream.String(), limit)
		if len(got) != len(want) {
			t.Fatalf("%d lines, want %d", len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("line %d: %d bytes, truncated %t, want %d, %t", i, len(got[i].value), got[i].truncated, len(want[i].value), want[i].truncated)
			}
		}
	})
}

func TestALineAsLongAsTheBufferKeepsAndLosesTheRightBytes(t *testing.T) {
	for length := readSize - 3; length <= readSize+3; length++ {
		for _, end := range []string{"\n", "\r\n", "\r\r\n", "", "\r"} {
			for _, limit := range []int{length - 2, length - 1, length, length + 1, 2 * readSize} {
				stream := strings.Repeat("x", length) + end
				in := strings.NewReader(stream)
				l := newLines(limit, func(_ context.Context, p []byte) (int, error) { return in.Read(p) })
				value, truncated, err := l.next(t.Context())
				if got, want := (cutLine{string(value), truncated}), slowLines(stream, limit)[0]; got != want || err != nil {
					t.Errorf("%d bytes and %q, limit %d: got %d, %t, %v, want %d, %t", length, end, limit, len(value), truncated, err, len(want.value), want.truncated)
				}
				if _, _, err := l.next(t.Context()); err != io.EOF {
					t.Errorf("%d bytes and %q: then came %v", length, end, err)
				}
			}
		}
	}
}

func TestALineWithoutEndTakesNoMoreMemoryThanItsLimit(t *testing.T) {
	piece := bytes.Repeat([]byte("x"), readSize)
	left := 1 << 10 // reads: 64 MiB
	l := newLines(1000, func(_ context.Context, p []byte) (int, error) {
		if left == 0 {
			return 0, io.EOF
		}
		left--
		return copy(p, piece), nil
	})
	value, truncated, err := l.next(t.Context())
	if len(value) != 1001 || !truncated || err != nil || cap(l.long) > 4000 || len(l.buf) != readSize {
		t.Errorf("got %d bytes, %t, %v, holding %d", len(value), truncated, err, cap(l.long))
	}
}
