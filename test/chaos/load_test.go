package chaos

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pieces writes numbered lines into files, every other one compressed, and gives all lines.
func pieces(t *testing.T, files, each int) (dir string, lines []string) {
	t.Helper()
	dir = t.TempDir()
	for f := range files {
		var text bytes.Buffer
		for i := range each {
			line := fmt.Sprintf(`{"timestamp":%d,"value":%d,"category":"%c","line":%d}`, 1764000000+len(lines)/1000, i%100, 'A'+i%3, len(lines))
			lines = append(lines, line)
			fmt.Fprintln(&text, line)
		}
		name, data := fmt.Sprintf("piece-%02d.ndjson", f), text.Bytes()
		if f%2 == 1 {
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			if _, err := w.Write(data); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			name, data = name+".gz", packed.Bytes()
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, lines
}

// TestAKilledLoadBringsEachLineOnce kills -9 a load of several files again and again, lets it end, starts it once more, and
// compares what a consumer at read_committed sees with the files, line by line.
func TestAKilledLoadBringsEachLineOnce(t *testing.T) {
	t.Parallel()
	r := start(t).river("load", 10*time.Second)
	dir, lines := pieces(t, 5, 100_000)
	load := func() *service {
		return r.generator("--source", "file:"+dir+"/piece-*", "--load-name", "chaos", "--rate", "100000")
	}
	for try := range 5 {
		s := load()
		time.Sleep(700*time.Millisecond + time.Duration(try)*90*time.Millisecond)
		s.kill()
	}
	r.finish(load())
	again := load()
	r.finish(again)
	if log := strings.Join(again.log(), ""); !strings.Contains(log, "all is loaded already") {
		t.Errorf("a load that is done says:\n%s", log)
	}
	next := map[int32]int{} // the least line that may come next in a partition
	seen := make([]int, len(lines))
	for _, rec := range r.recorded() {
		var line int
		if _, err := fmt.Sscanf(string(rec.Value[bytes.LastIndexByte(rec.Value, ':'):]), ":%d}", &line); err != nil || string(rec.Value) != lines[line] {
			t.Fatalf("no line of the files: %s", rec.Value)
		}
		if line < next[rec.Partition] {
			t.Fatalf("partition %d: line %d comes behind %d", rec.Partition, line, next[rec.Partition]-1)
		}
		next[rec.Partition] = line + 1
		seen[line]++
	}
	for line, n := range seen {
		if n != 1 {
			t.Fatalf("line %d is there %d times", line, n)
		}
	}
}
