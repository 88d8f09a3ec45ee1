package window

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestScenarios plays every script in testdata. A line is a comment (#), a command, or, behind "=>", the answer to the
// command above it.
//
//	rule WINDOW LATENESS     begins anew with this rule
//	keep TIME CATEGORY VALUE a record that the filter keeps
//	filter TIME CATEGORY     a record that it leaves out
//	commit                   prints what is held, then goes on with a fresh set
//	restart LATENESS         a new owner, who knows the committed watermark alone
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("list scenarios: %d found, error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("%s plays differently; UPDATE_GOLDEN=1 rewrites it. It now reads:\n%s", file, got)
			}
		})
	}
}

// stage is what the commands of one script act on.
type stage struct {
	t         *testing.T
	judge     Judge
	set       *Set
	committed int64
}

func play(t *testing.T, script string) string {
	s := &stage{t: t}
	var out strings.Builder
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "=>") {
			continue
		}
		out.WriteString(line)
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		for _, answer := range s.answer(words) {
			out.WriteString("=> " + answer + "\n")
		}
	}
	return out.String()
}

func (s *stage) answer(words []string) []string {
	switch words[0] {
	case "rule":
		s.judge = Judge{Size: s.time(words[1]), Lateness: s.time(words[2]), Watermark: NoWatermark}
		s.set = NewSet(s.judge.Size)
		s.committed = NoWatermark
		return nil
	case "keep", "filter":
		return []string{s.record(words)}
	case "commit":
		held := s.held()
		s.committed = s.judge.Watermark
		s.set.Reset()
		return append(held, "committed watermark "+clock(s.committed))
	case "restart":
		s.judge = Judge{Size: s.judge.Size, Lateness: s.time(words[1]), Watermark: s.committed}
		s.set = NewSet(s.judge.Size)
		return []string{"watermark " + clock(s.judge.Watermark)}
	}
	s.t.Fatalf("no command %q", words[0])
	return nil
}

func (s *stage) record(words []string) string {
	at := s.time(words[1])
	verdict := "late"
	if !s.judge.Late(at) {
		b := Tumbling(at, s.judge.Size)
		verdict = fmt.Sprintf("%s in [%s, %s)", map[string]string{"keep": "kept", "filter": "filtered"}[words[0]], clock(b.Start), clock(b.End))
		if words[0] == "keep" {
			v, err := strconv.ParseFloat(words[3], 64)
			if err != nil {
				s.t.Fatal(err)
			}
			s.set.Keep(at, []byte(words[2]), v)
		} else {
			s.set.Filter(at, []byte(words[2]))
		}
	}
	return fmt.Sprintf("%s, watermark %s", verdict, clock(s.judge.Watermark))
}

func (s *stage) held() (lines []string) {
	s.set.All(func(b Bounds, category string, a *Aggregate) bool {
		line := fmt.Sprintf("[%s, %s) %s: count %d, filtered %d", clock(b.Start), clock(b.End), category, a.Count, a.Filtered)
		if a.Count > 0 {
			line += fmt.Sprintf(", sum %v, squares %v, min %v, max %v", a.Sum.Float64(), a.Squares.Float64(), a.Min, a.Max)
		}
		lines = append(lines, line)
		return true
	})
	return append(lines, fmt.Sprintf("%d aggregates", s.set.Len()))
}

func (s *stage) time(word string) int64 {
	d, err := time.ParseDuration(word)
	if err != nil {
		s.t.Fatal(err)
	}
	return int64(d)
}

func clock(t int64) string {
	switch t {
	case NoWatermark:
		return "none"
	case math.MaxInt64:
		return "never"
	}
	return time.Duration(t).String()
}
