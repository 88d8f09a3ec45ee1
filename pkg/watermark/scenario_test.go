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
//	partitions N                       the topic's partitions; or TOPIC=N... of several, TOPIC:ID=N of one by its id
//	list TOPIC...                      the topics that are waited for
//	report SOURCE FROM TO WORD...      of first, ended, wm=TIME, kept=N, filtered=N, late=N, rejected=N, topic=N
//	log SOURCE START END               a look-up is answered
//	candidate | watermark | quiet | ended
//	expect SOURCE END                  a run that exits at the end begins
//	start-over on|off
//	restart                            by what a commit remembers
//
// A SOURCE is the number of a partition, and has TOPIC/ or TOPIC:ID/ before it where there are several topics.
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
	id  [16]byte // of the topic without a name
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
		st.s, st.now, st.id = watermark.New(st.time(args[0]), st.time(args[1])), 0, [16]byte{}
	case "at":
		st.now = st.time(args[0])
	case "partitions":
		if recreated := st.s.Topics(st.topics(args)); recreated != nil {
			st.say("made anew: %v", recreated)
		}
	case "list":
		st.s.List(args)
	case "report":
		src := st.report(args)
		if err := st.s.Apply(src, st.now); err != nil {
			st.say("error: %v", err)
		} else if src.Topic == "" {
			st.id = src.TopicID
		}
	case "log":
		_, src := st.source(args[0])
		st.s.LogEnd(src, st.number(args[1]), st.number(args[2]), st.now)
	case "candidate":
		st.say("candidate %s, look up %v", text(st.s.Candidate(st.now)), st.names(st.s.Need(st.now)))
	case "watermark":
		w, holders := st.s.Watermark(st.now)
		st.say("watermark %s", text(w))
		for _, h := range holders {
			st.say("waits for %s: %s", name(h.Topic, h.Partition), h.Why)
		}
	case "quiet":
		st.say("all quiet: %v, look up %v", st.s.AllQuiet(st.now), st.names(st.s.NeedIdle(st.now)))
	case "ended":
		ends, all := st.s.Ended()
		var at []int64
		for _, e := range ends {
			at = append(at, e.To)
		}
		st.say("all ended: %v, at %v", all, at)
	case "expect":
		_, src := st.source(args[0])
		st.s.Expect(src, st.number(args[1]))
	case "start-over":
		st.s.StartOver(args[0] == "on")
	case "restart":
		st.restart()
	default:
		st.t.Fatalf("unknown command %q", command)
	}
}

func (st *stage) restart() {
	topics, states := st.s.Export()
	emitted, _ := st.s.Watermark(st.now)
	st.s.Import(topics, states, emitted, st.now)
	for _, state := range states {
		st.say("source %s: ended %v, span end %d, watermark %s", name(topics[state.Topic].Name, state.Partition), state.Ended, state.To, text(state.Watermark))
	}
}

func name(topic string, partition int32) string {
	if topic == "" {
		return fmt.Sprint(partition)
	}
	return fmt.Sprintf("%s/%d", topic, partition)
}

func (st *stage) names(all []watermark.Source) []string {
	names := []string{}
	for _, src := range all {
		names = append(names, name(st.s.Name(src), src.Partition))
	}
	return names
}

// topics reads how many partitions they have.
func (st *stage) topics(args []string) (all []watermark.Topic) {
	for _, arg := range args {
		topic, n, several := strings.Cut(arg, "=")
		if !several {
			return []watermark.Topic{{ID: st.id, Partitions: int32(st.number(arg))}}
		}
		name, id := st.life(topic)
		all = append(all, watermark.Topic{ID: id, Name: name, Partitions: int32(st.number(n))})
	}
	return all
}

// life reads a topic's name and id.
func (st *stage) life(text string) (name string, id [16]byte) {
	name, life, given := strings.Cut(text, ":")
	if given {
		id[15] = byte(st.number(life))
	} else {
		copy(id[:], name)
	}
	return name, id
}

func (st *stage) source(text string) (topic string, src watermark.Source) {
	topic, number, named := strings.Cut(text, "/")
	if !named {
		return "", watermark.Source{TopicID: st.id, Partition: int32(st.number(text))}
	}
	topic, src.TopicID = st.life(topic)
	src.Partition = int32(st.number(number))
	return topic, src
}

func (st *stage) report(args []string) partial.Source {
	topic, of := st.source(args[0])
	if topic == "" {
		of.TopicID = [16]byte{}
	}
	src := partial.Source{
		Topic: topic, TopicID: of.TopicID, Partition: of.Partition, From: st.number(args[1]), To: st.number(args[2]), Watermark: window.NoWatermark,
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
