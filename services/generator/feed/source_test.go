package feed

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// opened is a source that holds the lines it was opened with.
type opened struct {
	Source
	endless bool // no io.EOF at their end
	anyText bool // the lines are its own
}

// openers returns how each of the four sources is opened on a text.
func openers() map[string]func(t *testing.T, text string, limit int) opened {
	return map[string]func(t *testing.T, text string, limit int) opened{
		"synthetic": func(t *testing.T, _ string, limit int) opened {
			return opened{open(t, "synthetic", Options{MaxRecordBytes: limit, Categories: []string{"east"}}), true, true}
		},
		"file": func(t *testing.T, text string, limit int) opened {
			path := filepath.Join(t.TempDir(), "lines")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return opened{open(t, "file:"+path, Options{MaxRecordBytes: limit, FindCategory: true}), false, false}
		},
		"standard input": func(t *testing.T, text string, limit int) opened {
			return opened{open(t, "-", Options{MaxRecordBytes: limit, FindCategory: true, Stdin: strings.NewReader(text)}), false, false}
		},
		"tcp": func(t *testing.T, text string, limit int) opened {
			// The one connection stays open, so that nothing follows the text.
			client, server := net.Pipe()
			go func() { _, _ = io.WriteString(server, text) }() // ends with the text or with the client
			t.Cleanup(func() { _ = server.Close() })
			dial := func(context.Context, string, string) (net.Conn, error) { return client, nil }
			return opened{open(t, "tcp://feed:1", Options{MaxRecordBytes: limit, FindCategory: true, Dial: dial}), true, false}
		},
	}
}

func open(t *testing.T, spec string, o Options) Source {
	t.Helper()
	s, err := Open(spec, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestEverySourceKeepsTheContract is the one test that all sources must pass.
func TestEverySourceKeepsTheContract(t *testing.T) {
	for name, opener := range openers() {
		t.Run(name, func(t *testing.T) {
			t.Run("lines come whole and in order, with their category", func(t *testing.T) {
				s := opener(t, "{\"category\":\"east\"}\r\n\n \t\nnot a record\n", 1000)
				defer closes(t, s)
				first, category := next(t, s), "east"
				second := ""
				if !s.anyText {
					second = "not a record"
					if string(first.Value) != `{"category":"east"}` {
						t.Errorf("first line %q", first.Value)
					}
				}
				if string(first.Category) != category || first.Truncated {
					t.Errorf("first line %q has category %q, truncated %t", first.Value, first.Category, first.Truncated)
				}
				if line := next(t, s); second != "" && (string(line.Value) != second || line.Category != nil || line.Truncated) {
					t.Errorf("second line %+v", line)
				}
				if s.endless {
					return
				}
				for range 2 {
					if _, err := s.Next(t.Context()); err != io.EOF {
						t.Errorf("after the last line: %v, want io.EOF", err)
					}
				}
			})
			t.Run("a context that has ended loses nothing", func(t *testing.T) {
				s := opener(t, "one\ntwo\n", 1000)
				defer closes(t, s)
				stopped, stop := context.WithCancel(t.Context())
				stop()
				if _, err := s.Next(stopped); err != context.Canceled {
					t.Errorf("stopped before the first line: %v", err)
				}
				next(t, s)
				if _, err := s.Next(stopped); err != context.Canceled {
					t.Errorf("stopped before the second line: %v", err)
				}
				if line := next(t, s); !s.anyText && string(line.Value) != "two" {
					t.Errorf("after the stop came %q", line.Value)
				}
			})
			t.Run("a long line is cut to one byte over the limit", func(t *testing.T) {
				s := opener(t, strings.Repeat("x", 200_000)+"\n"+strings.Repeat("y", 10)+"\n", 10)
				defer closes(t, s)
				if line := next(t, s); len(line.Value) != 11 || !line.Truncated {
					t.Errorf("got %q, truncated %t", line.Value, line.Truncated)
				}
				if line := next(t, s); !s.anyText && (string(line.Value) != "yyyyyyyyyy" || line.Truncated) {
					t.Errorf("the line after it: %q, truncated %t", line.Value, line.Truncated)
				}
			})
		})
	}
}

func next(t *testing.T, s Source) Line {
	t.Helper()
	line, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func closes(t *testing.T, s Source) {
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestAWaitForStandardInputEndsWithItsContext(t *testing.T) {
	in, out := io.Pipe()
	s := open(t, "-", Options{Stdin: in})
	for _, want := range []string{"one", "two"} {
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if _, err := s.Next(ctx); err != context.DeadlineExceeded {
				t.Errorf("got %v", err)
			}
			cancel()
		}
		// The read that was under way then brings the next call its line.
		go func() { _, _ = io.WriteString(out, want+"\n") }()
		if line := next(t, s); string(line.Value) != want {
			t.Errorf("got %q, want %q", line.Value, want)
		}
	}
	closes(t, s)
	_ = out.Close() // an io.PipeWriter's Close never fails
}

func TestStandardInputThatEndsWithAFullReadIsReadToItsEnd(t *testing.T) {
	line := strings.Repeat("x", 822) + "\n"
	text := strings.Repeat(line, 2*readSize/len(line)+1)[:2*readSize]
	s := open(t, "-", Options{Stdin: &endsFull{text}})
	defer closes(t, s)
	total := 0
	for {
		got, err := s.Next(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		total += len(got.Value) + 1
	}
	if total != len(text)+1 { // the last line has no end
		t.Errorf("%d bytes came of %d", total, len(text))
	}
}

// endsFull says io.EOF with its last bytes, as a reader may.
type endsFull struct{ rest string }

func (r *endsFull) Read(p []byte) (int, error) {
	n := copy(p, r.rest)
	if r.rest = r.rest[n:]; r.rest == "" {
		return n, io.EOF
	}
	return n, nil
}

func TestABrokenStandardInputSaysSoAfterItsLastLine(t *testing.T) {
	broken := errors.New("cable pulled")
	in := io.MultiReader(strings.NewReader("one\ntw"), errorReader{broken})
	s := open(t, "-", Options{Stdin: in})
	defer closes(t, s)
	for _, want := range []string{"one", "tw"} {
		if line := next(t, s); string(line.Value) != want {
			t.Errorf("got %q, want %q", line.Value, want)
		}
	}
	if _, err := s.Next(t.Context()); !errors.Is(err, broken) || !strings.Contains(err.Error(), "standard input") {
		t.Errorf("got %v", err)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func TestOpenSaysWhatWouldBeRight(t *testing.T) {
	dir := t.TempDir()
	for spec, want := range map[string]string{
		"":                        `--source "": no such source; use synthetic, tcp://HOST:PORT, file:PATH or - (standard input)`,
		"records.ndjson":          `--source "records.ndjson": no such source; use synthetic, tcp`,
		"tcp:/host:1":             `no such source; use synthetic, tcp://HOST:PORT`,
		"tcp://host":              `--source "tcp://host": must be tcp://HOST:PORT, such as tcp://127.0.0.1:65432`,
		"tcp://:65432":            `must be tcp://HOST:PORT, such as`,
		"tcp://host:0":            `port "0" must be a number from 1 to 65535, such as`,
		"tcp://host:70000":        `port "70000" must be a number`,
		"tcp://host:1/":           `port "1/" must be a number`,
		"file:":                   `--source "file:": must be file:PATH, such as file:records.ndjson`,
		"file:" + dir:             `is a directory; must be a readable file with one JSON object a line`,
		"file:" + dir + "/absent": `no such file or directory; must be a readable file`,
		"file:/dev/null":          `is not a regular file (pipe it into --source - instead); must be`,
	} {
		if _, err := Open(spec, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want …%s…", spec, err, want)
		}
	}
	for _, c := range []string{"", "\xff", strings.Repeat("x", 1025)} {
		if _, err := Open("synthetic", Options{Categories: []string{"A", c}}); err == nil || !strings.Contains(err.Error(), "--categories") {
			t.Errorf("category %.9q: got %v", c, err)
		}
	}
}
