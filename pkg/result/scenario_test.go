package result_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/meanstream/meanstream/pkg/window"
)

// TestScenarios plays every script in testdata. A line is a comment (#), a command, or, behind "=>", the answer to the
// command above it. Times are durations since the epoch; windows last 10 s.
//
//	river PARTITIONS LATENESS IDLE CLOSE-IDLE [TAKE]   begins anew; a transaction takes about TAKE bytes of results
//	at TIME                                 the clock
//	append SOURCE N                         records that nobody reads yet
//	flush WRITER SOURCE ITEM... | SOURCE... a processor commits what it read:
//	                                        TIME:CATEGORY=VALUE kept, TIME:CATEGORY filtered, ! rejected, end
//	begin WRITER LIMIT SOURCE ITEM... | ... the same in chunks of LIMIT bytes, each of which
//	put WRITER                              brings into the log
//	lose N                                  the next N chunks are missing from the log
//	read                                    the sink reads all that is there
//	tick                                    one transaction of the sink
//	look-ups fail|work
//	window SIZE [HOP]                       of what processors read from now on
//	carry WRITER AGGREGATES                 and what it computes
//	crash                                   another sink goes on from the last commit
//	ledger
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
	r   *river
	out strings.Builder
}

func play(t *testing.T, script string) string {
	st := &stage{t: t}
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
	case "river":
		take := 1 << 20
		if len(args) > 4 {
			take = int(st.number(args[4]))
		}
		st.r = newRiver(int(st.number(args[0])), st.time(args[1]), st.time(args[2]), st.time(args[3]), take)
	case "at":
		st.r.now = st.time(args[0])
	case "append":
		st.r.sources[st.number(args[0])].logEnd += st.number(args[1])
	case "flush":
		st.begin(args[0], 1<<20, args[1:])
		st.r.put(args[0], 1)
	case "begin":
		st.begin(args[0], int(st.number(args[1])), args[2:])
		st.say("%d chunks", len(st.r.waiting[args[0]]))
	case "put":
		st.r.put(args[0], 1)
	case "lose":
		st.r.log = st.r.log[:len(st.r.log)-int(st.number(args[0]))]
	case "read":
		st.read()
	case "tick":
		st.tick()
	case "look-ups":
		st.r.lookUpsFail = args[0] == "fail"
	case "window":
		st.r.windows = window.Windows{Size: st.time(args[0])}
		if len(args) > 1 {
			st.r.windows.Hop = st.time(args[1])
		}
		for _, s := range st.r.sources {
			s.judge.Windows = st.r.windows
		}
	case "carry":
		var a window.Aggregates
		if err := a.UnmarshalText([]byte(args[1])); err != nil {
			st.t.Fatal(err)
		}
		st.r.carry[args[0]] = a
	case "crash":
		st.r.restart()
		st.say("replayed [%d, %d), %d aggregates open", st.r.committed.replayFrom, st.r.committed.position, st.r.sink.open.Aggregates())
	case "ledger":
		st.ledger()
	default:
		st.t.Fatalf("unknown command %q", command)
	}
}

func (st *stage) begin(writer string, limit int, words []string) {
	items := map[int32][]item{}
	for part := range strings.SplitSeq(strings.Join(words, " "), "|") {
		words := strings.Fields(part)
		source := int32(st.number(words[0]))
		items[source] = []item{}
		for _, word := range words[1:] {
			items[source] = append(items[source], st.item(word))
		}
	}
	if err := st.r.begin(writer, items, limit); err != nil {
		st.t.Fatal(err)
	}
}

func (st *stage) item(word string) item {
	at, what, _ := strings.Cut(word, ":")
	switch at {
	case "!":
		return item{rejected: true}
	case "end":
		return item{end: true}
	}
	category, value, kept := strings.Cut(what, "=")
	it := item{time: st.time(at), category: category, filter: !kept}
	if kept {
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			st.t.Fatal(err)
		}
		it.value = v
	}
	return it
}

func (st *stage) read() {
	for st.r.unread() {
		dropped, err := st.r.readOne()
		if err != nil {
			st.say("error: %v", err)
			return
		}
		for _, e := range dropped {
			st.say("dropped [%s, %s) %s: count %d, filtered %d", text(e.Start), text(e.End), e.Category, e.Count, e.Filtered)
		}
	}
}

func (st *stage) tick() {
	for _, res := range st.r.tick() {
		if res.Carried != window.Default {
			st.say("%s", res.AppendJSON(nil))
			continue
		}
		st.say("[%s, %s) %s: count %d, filtered %d, sum %v", text(res.Window.Start), text(res.Window.End), res.Category, res.Count, res.Filtered, res.Sum)
	}
	c := st.r.committed
	cursor := "none"
	if c.cursor != nil {
		cursor = text(c.cursor.End) + " " + c.cursor.Category
	}
	st.say("commit position %d, replay from %d, emitted %s, cursor %s", c.position, c.replayFrom, text(c.emitted), cursor)
}

// ledger adds up what the topics say: nothing is lost without being counted.
func (st *stage) ledger() {
	var count, filtered int64
	for _, r := range st.r.results {
		count += r.Count
		filtered += r.Filtered
	}
	o := st.r.sink.open
	st.say("results hold %d kept and %d filtered, dropped %d, open %d in %d windows", count, filtered, st.r.dropped, o.Aggregates(), o.Windows())
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

func text(t int64) string {
	if t == window.NoWatermark {
		return "none"
	}
	return time.Duration(t).String()
}
