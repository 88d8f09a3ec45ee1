package also

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// lumberjack's cleaning goroutine, one a file, has no end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"))
}

func jsonRows(texts ...string) []Row {
	var rows []Row
	for _, text := range texts {
		rows = append(rows, Row{JSON: []byte(text)})
	}
	return rows
}

// through writes rows to what --also file:path opens, and closes it.
func through(t *testing.T, path string, rows []Row) {
	t.Helper()
	outs, err := Open([]string{"file:" + path}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(outs.Write(rows), outs.Close()); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAFileIsAppendedToAndNeverContinuesATornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.ndjson")
	through(t, path, jsonRows(`{"a":1}`, `{"a":2}`))
	through(t, path, jsonRows(`{"a":3}`))
	if got, want := content(t, path), "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o044 == 0 {
		t.Errorf("mode %v, %v: others should be able to read it", info.Mode(), err)
	}
	if err := os.Truncate(path, 12); err != nil {
		t.Fatal(err)
	}
	f, err := openFile(path, 1, keptFiles)
	if err != nil {
		t.Fatal(err)
	}
	if f.Write(jsonRows(strings.Repeat("x", 1<<20))) == nil {
		t.Error("a line that no file can hold was written")
	}
	if err := errors.Join(f.Write(jsonRows(`{"a":4}`, `{"a":5}`)), f.Close()); err != nil {
		t.Error(err)
	}
	if got, want := content(t, path), "{\"a\":1}\n{\"a\"\n{\"a\":4}\n{\"a\":5}\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatIsWrittenIsThereBeforeClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.ndjson")
	f, err := openFile(path, maxFileMiB, keptFiles)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Write(jsonRows(`{}`)); err != nil || content(t, path) != "{}\n" {
		t.Errorf("%v: %s", err, content(t, path))
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestAFullFileIsSetAsideBetweenLines(t *testing.T) {
	dir := t.TempDir()
	f, err := openFile(filepath.Join(dir, "results.ndjson"), 1, keptFiles)
	if err != nil {
		t.Fatal(err)
	}
	line := `{"pad":"` + strings.Repeat("x", 300_000) + `"}`
	for range 7 { // three fit into 1 MiB
		if err := f.Write(jsonRows(line)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "results*.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, path := range paths {
		text := content(t, path)
		lines += strings.Count(text, line+"\n")
		if len(text) > 1<<20 || len(text)%(len(line)+1) != 0 {
			t.Errorf("%s has %d bytes", path, len(text))
		}
	}
	if len(paths) != 3 || lines != 7 {
		t.Errorf("%d whole lines in %v", lines, paths)
	}
}

func TestAWriteThatFailsNamesThePathAndTheRest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.ndjson")
	f, err := openFile(path, 1, keptFiles)
	if err != nil {
		t.Fatal(err)
	}
	tooLong := strings.Repeat("x", 1<<20)
	err = f.Write(jsonRows("{}", tooLong, "{}"))
	if err == nil || !strings.HasPrefix(err.Error(), "write 2 of 3 results to --also file:"+path+": ") {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(f.Write(jsonRows(`{"next":1}`)), f.Close()); err != nil {
		t.Error(err)
	}
	if got := content(t, path); got != "{}\n{\"next\":1}\n" {
		t.Errorf("got %s", got)
	}
}

func TestOpenTellsAllThatIsWrongAtOnce(t *testing.T) {
	dir := t.TempDir()
	good := "file:" + dir + "/good"
	_, err := Open([]string{"consol", "file:", "console", "file:" + dir, "file:" + dir + "/no/such", "file:/dev/null", good, "file:" + dir + "/./good", "console"}, io.Discard)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	want := []string{
		`--also "consol": no such output; use console or file:PATH, such as file:results.ndjson`,
		`--also "file:": no such output; use console or file:PATH`,
		`--also "file:` + dir + `": is not a regular file; must be a path that can be created or appended to`,
		`no such file or directory; must be a path that can be created or appended to`,
		`--also "file:/dev/null": is not a regular file`,
		`/./good": names the same place as another --also; once is enough`,
		`--also "console": names the same place`,
	}
	if len(lines) != len(want) {
		t.Fatalf("%d errors, want %d:\n%v", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.Contains(line, want[i]) {
			t.Errorf("error %d: %s\nwant …%s…", i, line, want[i])
		}
	}
}

func TestOneOutputThatFailsDoesNotKeepTheRowsFromTheOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.ndjson")
	broken := &writes{err: syscall.EPIPE}
	outs, err := Open([]string{"console", "file:" + path}, broken)
	if err != nil {
		t.Fatal(err)
	}
	if err := outs.Write(jsonRows("{}")); !errors.Is(err, syscall.EPIPE) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if err := outs.Close(); err != nil {
		t.Error(err)
	}
	if got := []byte(content(t, path)); !bytes.Equal(got, []byte("{}\n")) {
		t.Errorf("got %s", got)
	}
	var none Outputs
	if err := errors.Join(none.Write(jsonRows("{}")), none.Close()); err != nil {
		t.Errorf("no outputs: %v", err)
	}
}
