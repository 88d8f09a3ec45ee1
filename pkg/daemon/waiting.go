package daemon

import (
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
)

const modulePath = "github.com/meanstream/meanstream/"

// ownGoroutines says where our goroutines are, such as
// "services/sink.(*merger).publish merger.go:120 [select]": what a process that
// will not end is waiting for. Goroutines at one place are counted once.
func ownGoroutines() []string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	count := map[string]int{}
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if place := ownPlace(stack); place != "" {
			count[place]++
		}
	}
	places := make([]string, 0, len(count))
	for place, n := range count {
		if n > 1 {
			place = fmt.Sprintf("%s (%d times)", place, n)
		}
		places = append(places, place)
	}
	slices.Sort(places)
	return places
}

// ownPlace finds the innermost of our frames in one goroutine's stack, which
// has a line "goroutine 7 [select]:" and then two lines a frame. Supervision
// itself, and what only waits for it, is left out.
func ownPlace(stack string) string {
	lines := strings.Split(stack, "\n")
	_, state, _ := strings.Cut(strings.TrimSuffix(lines[0], "]:"), "[")
	for i := 1; i+1 < len(lines); i += 2 {
		function, ours := strings.CutPrefix(lines[i], modulePath)
		if !ours {
			if function, ours = strings.CutPrefix(lines[i], "main."); !ours {
				continue
			}
			function = "main." + function
		}
		file, _, _ := strings.Cut(path.Base(strings.TrimSpace(lines[i+1])), " ")
		if strings.HasPrefix(function, "pkg/daemon.") && !strings.Contains(file, "_test.go") {
			return ""
		}
		if open := strings.LastIndex(function, "("); open > 0 {
			function = function[:open]
		}
		return fmt.Sprintf("%s %s [%s]", function, file, state)
	}
	return ""
}
