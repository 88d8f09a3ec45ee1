package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
	"unicode/utf8"
)

// maxCategory is the longest category, in bytes, that the processor accepts; no
// key is longer, so that a record near the size limit still fits with its key.
const maxCategory = 1 << 10

// synthetic invents measurements for ever. Values and categories are a function
// of the seed alone; timestamps are the clock's.
type synthetic struct {
	now    func() time.Time
	random *rand.Rand
	limit  int
	keys   [][]byte
	tails  [][]byte // `,"category":"A"}`, so that a line costs two copies

	head   []byte // `{"timestamp":1764000000,"value":`, written anew once a second
	second int64
	line   []byte
}

func newSynthetic(o Options) (Source, error) {
	if len(o.Categories) == 0 {
		o.Categories = []string{"A", "B", "C"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	// The second word only has to stay what it is: another one, other sequences.
	s := &synthetic{now: o.Now, random: rand.New(rand.NewPCG(o.Seed, 0)), limit: o.MaxRecordBytes}
	for _, c := range o.Categories {
		if c == "" || len(c) > maxCategory || !utf8.ValidString(c) {
			return nil, fmt.Errorf("--categories %q: a category must be 1 to %d bytes of valid UTF-8", c, maxCategory)
		}
		quoted, err := quote(c)
		if err != nil {
			return nil, fmt.Errorf("--categories %q: %w", c, err)
		}
		s.keys = append(s.keys, []byte(c))
		s.tails = append(s.tails, fmt.Appendf(nil, `,"category":%s}`, quoted))
	}
	s.stamp(s.now().Unix())
	return s, nil
}

// quote is json.Marshal without its care for HTML: a category "R&D" stays legible.
func quote(s string) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(s)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// Next returns the next measurement; see Source. It never waits.
func (s *synthetic) Next(ctx context.Context) (Line, error) {
	if err := ctx.Err(); err != nil {
		return Line{}, err
	}
	if second := s.now().Unix(); second != s.second {
		s.stamp(second)
	}
	thousandths := s.random.IntN(100_001)
	c := s.random.IntN(len(s.tails))
	s.line = append(s.line[:0], s.head...)
	s.line = appendThousandths(s.line, thousandths)
	s.line = append(s.line, s.tails[c]...)
	value, truncated := cut(s.line, s.limit)
	return Line{Value: value, Category: s.keys[c], Truncated: truncated}, nil
}

// Close does nothing: there is nothing to let go of.
func (s *synthetic) Close() error { return nil }

func (s *synthetic) stamp(second int64) {
	s.second = second
	s.head = fmt.Appendf(s.head[:0], `{"timestamp":%d,"value":`, second)
}

// appendThousandths writes n/1000 in its shortest form: 53.2, 0.007, 100.
func appendThousandths(dst []byte, n int) []byte {
	dst = strconv.AppendInt(dst, int64(n/1000), 10)
	n %= 1000
	if n == 0 {
		return dst
	}
	dst = append(dst, '.', byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10))
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}
