// Package pkg_test keeps the rooms apart: who may import whom, and why.
package pkg_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/meanstream/meanstream/"

// fence says what the packages below a path may not import, directly or through others, and why.
type fence struct {
	below  string
	except []string
	banned []string
	why    string
}

func fences() []fence {
	meaning := []string{"context", "time/tzdata", "net", "go.uber.org/zap", "github.com/segmentio/kafka-go", "github.com/twmb/franz-go", "github.com/prometheus"}
	var all []fence
	for _, room := range []string{"record", "exact", "window", "partial", "watermark", "result", "checkpoint"} {
		banned := meaning
		if room == "partial" || slices.Contains([]string{"watermark", "result"}, room) {
			banned = meaning[1:] // protowire reaches context through protobuf's own errors
		}
		all = append(all, fence{below: "pkg/" + room, banned: banned, why: "meaning must replay from values alone, without a broker, a log or a process"})
	}
	return append(all,
		fence{below: "pkg/kafka/batch", banned: []string{"github.com/segmentio/kafka-go", "github.com/twmb/franz-go", "go.uber.org/zap"}, why: "batches are judged against the clients in tests, not made by them"},
		fence{below: "pkg/kafka", banned: []string{module + "services", module + "pkg/window", module + "pkg/partial", module + "pkg/record"}, why: "what knows Kafka does not know what measurements mean"},
		fence{below: "pkg", banned: []string{module + "services", module + "test"}, why: "nouns do not know the verbs"},
		fence{below: "services/generator", banned: []string{module + "services/processor", module + "services/sink"}, why: "services meet in topics only"},
		fence{below: "services/processor", banned: []string{module + "services/generator", module + "services/sink"}, why: "services meet in topics only"},
		fence{below: "services/sink", banned: []string{module + "services/generator", module + "services/processor"}, why: "services meet in topics only"},
		fence{below: "test/oracle", banned: []string{module + "pkg", module + "services"}, why: "the judge shares no code with the judged"},
		fence{below: "services", except: []string{"services/demo"}, banned: []string{"github.com/twmb/franz-go"}, why: "only the demo brings a broker along"},
	)
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	deps := listDeps(t)
	for _, f := range fences() {
		met := false
		for path, imports := range deps {
			if !under(path, module+f.below) || slices.ContainsFunc(f.except, func(e string) bool { return under(path, module+e) }) {
				continue
			}
			met = true
			for _, imp := range imports {
				for _, b := range f.banned {
					if under(imp, b) {
						t.Errorf("%s must not import %s: %s", strings.TrimPrefix(path, module), imp, f.why)
					}
				}
			}
		}
		if !met {
			t.Errorf("no package below %s: the fence guards nothing", f.below)
		}
	}
}

func under(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

// listDeps is every package of the module with all that it imports, tests left out.
func listDeps(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Deps", module+"...").Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	all := map[string][]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Deps       []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p.Deps
	}
}
