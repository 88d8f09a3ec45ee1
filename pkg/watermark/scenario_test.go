package watermark_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/watermark"
	"github.com/meanstream/meanstream/pkg/window"
)

// TestScenarios plays every script in testdata. A line is a comment (#), a command, or, behind "=>", the answer to the
// command above it. Times are durations since the epoch.
//
//	idle IDLE-AFTER CLOSE-IDLE-AFTER   begins anew
//	at TIME                            the clock
//	partitions N                       the topic's partitions
//	report SOURCE FROM TO WORD...      of first, ended, wm=TIME, kept=N, filtered=N, late=N, rejected=N, topic=N
//	log SOURCE START END               a look-up is answered
//	candidate | watermark | quiet | ended
//	expect SOURCE END                  a run that exits at the end begins
//	start-over on|off
//	restart                            by what a commit remembers
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
	t   *testing.T
	s   *watermark.Sources
	now int64
	out strings.Builder
}

func play(t *testing.T, script string) string {
	st := &stage{t: t, s: watermark.New(0, 0)}
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "=>") {
			continue
		}
		st.out.WriteString(line)
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			st.do(words[0], words[1:])
		}
	}
	return st.out.String()
}

func (st *stage) say(format string, args ...any) { fmt.Fprintf(&st.out, "=> "+format+"\n", args...) }

func (st *stage) do(command string, args []string) {
	switch command {
	case "idle":
		st.s, st.now = watermark.New(st.time(args[0]), st.time(args[1])), 0
	case "at":
		st.now = st.time(args[0])
	case "partitions":
		st.s.Partitions(int32(st.number(args[0])))
	case "report":
		if err := st.s.Apply(st.report(args), st.now); err != nil {
			st.say("error: %v", err)
		}
	case "log":
		st.s.LogEnd(int32(st.number(args[0])), st.number(args[1]), st.number(args[2]), st.now)
	case "candidate":
		st.say("candidate %s, look up %v", text(st.s.Candidate(st.now)), st.s.Need(st.now))
	case "watermark":
		w, holders := st.s.Watermark(st.now)
		st.say("watermark %s", text(w))
		for _, h := range holders {
			st.say("waits for %d: %s", h.Partition, h.Why)
		}
	case "quiet":
		st.say("all quiet: %v, look up %v", st.s.AllQuiet(st.now), st.s.NeedIdle(st.now))
	case "ended":
		ends, all := st.s.Ended()
		st.say("all ended: %v, at %v", all, ends)
	case "expect":
		st.s.Expect(int32(st.number(args[0])), st.number(args[1]))
	case "start-over":
		st.s.StartOver(args[0] == "on")
	case "restart":
		st.restart()
	default:
		st.t.Fatalf("unknown command %q", command)
	}
}

func (st *stage) restart() {
	topic, states := st.s.Export()
	emitted, _ := st.s.Watermark(st.now)
	st.s.Import(topic, states, emitted, st.now)
	for _, state := range states {
		st.say("source %d: ended %v, span end %d, watermark %s", state.Partition, state.Ended, state.To, text(state.Watermark))
	}
}

func (st *stage) report(args []string) partial.Source {
	src := partial.Source{
		Partition: int32(st.number(args[0])), From: st.number(args[1]), To: st.number(args[2]), Watermark: window.NoWatermark,
	}
	for _, word := range args[3:] {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "first":
			src.First = true
		case "ended":
			src.Ended = true
		case "wm":
			src.Watermark = st.time(value)
		case "kept":
			src.Kept = st.number(value)
		case "filtered":
			src.Filtered = st.number(value)
		case "late":
			src.Late = st.number(value)
		case "rejected":
			src.Rejected = st.number(value)
		case "topic":
			src.TopicID[15] = byte(st.number(value))
		default:
			st.t.Fatalf("unknown word %q", word)
		}
	}
	return src
}

func (st *stage) time(s string) int64 {
	d, err := time.ParseDuration(s)
	if err != nil {
		st.t.Fatal(err)
	}
	return int64(d)
}

func (st *stage) number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		st.t.Fatal(err)
	}
	return n
}

func text(w int64) string {
	if w == window.NoWatermark {
		return "none"
	}
	return time.Duration(w).String()
}
