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
//	rule WINDOW LATENESS [HOP [ZONE]]  begins anew with this rule
//	carry AGGREGATES         from now on, after a rule
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
	carry     Aggregates
	read      int64 // records, the next one's offset
}

func (s *stage) rule(words []string) {
	w := Windows{Size: s.time(words[1])}
	if len(words) > 3 {
		w.Hop = s.time(words[3])
	}
	if len(words) > 4 {
		zone, err := time.LoadLocation(words[4])
		if err != nil {
			s.t.Fatal(err)
		}
		w.Zone = zone
	}
	s.judge, s.carry = Judge{Windows: w, Lateness: s.time(words[2]), Watermark: NoWatermark}, Default
	s.set = s.fresh()
}

func (s *stage) fresh() *Set { return NewSet(Setting{Windows: s.judge.Windows, Carry: s.carry}) }

// clock writes a time: since the epoch, or where there is a zone as its clocks show it.
func (s *stage) clock(t int64) string {
	if s.judge.Zone != nil && t != NoWatermark {
		return time.Unix(0, t).In(s.judge.Zone).Format("2006-01-02T15:04:05.999999999-07:00")
	}
	return clock(t)
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
		s.rule(words)
		s.committed = NoWatermark
		return nil
	case "carry":
		if err := s.carry.UnmarshalText([]byte(words[1])); err != nil {
			return []string{err.Error()}
		}
		s.set = s.fresh()
		return nil
	case "keep", "filter":
		return []string{s.record(words)}
	case "commit":
		held := s.held()
		s.committed = s.judge.Watermark
		s.set.Reset()
		return append(held, "committed watermark "+s.clock(s.committed))
	case "restart":
		s.judge = Judge{Windows: s.judge.Windows, Lateness: s.time(words[1]), Watermark: s.committed}
		s.set = s.fresh()
		return []string{"watermark " + s.clock(s.judge.Watermark)}
	}
	s.t.Fatalf("no command %q", words[0])
	return nil
}

func (s *stage) record(words []string) string {
	at := Place{Time: s.time(words[1]), Watermark: s.judge.Watermark, Offset: s.read}
	s.read++
	verdict := "late"
	if !s.judge.Late(at.Time) {
		verdict = map[string]string{"keep": "kept", "filter": "filtered"}[words[0]] + " in"
		w := s.judge.Windows
		for b := range w.holding(w.firstAfter(at.Time, at.Watermark), w.pane(at.Time)) {
			verdict += fmt.Sprintf(" [%s, %s)", s.clock(b.Start), s.clock(b.End))
		}
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
	return fmt.Sprintf("%s, watermark %s", verdict, s.clock(s.judge.Watermark))
}

func (s *stage) held() (lines []string) {
	s.set.All(func(b Bounds, category string, a *Aggregate) bool {
		line := fmt.Sprintf("[%s, %s) %s: count %d, filtered %d", s.clock(b.Start), s.clock(b.End), category, a.Count, a.Filtered)
		if a.Count > 0 && a.Chosen == nil {
			line += fmt.Sprintf(", sum %v, squares %v, min %v, max %v", a.Sum.Float64(), a.Squares.Float64(), a.Min, a.Max)
		} else if a.Count > 0 {
			line += fmt.Sprintf(", %s of sum %v, squares %v, min %v, max %v, first %v, last %v", a.Carried(), a.Sum.Float64(), a.Squares.Float64(),
				a.Min, a.Max, a.Chosen.First.Value, a.Chosen.Last.Value)
		}
		lines = append(lines, line)
		return true
	})
	return append(lines, fmt.Sprintf("%d aggregates", s.set.Len()))
}

// time reads a duration since the epoch, or a time as RFC 3339 has it.
func (s *stage) time(word string) int64 {
	if d, err := time.ParseDuration(word); err == nil {
		return int64(d)
	}
	at, err := time.Parse(time.RFC3339Nano, word)
	if err != nil {
		s.t.Fatal(err)
	}
	return at.UnixNano()
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
