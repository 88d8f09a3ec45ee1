package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meanstream/meanstream/pkg/daemon"
)

// TestTheDemoHops runs the whole command with windows that overlap and aggregates that were asked for.
func TestTheDemoHops(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.ndjson"), filepath.Join(dir, "out.ndjson")
	if err := os.WriteFile(in, []byte(`{"timestamp":1764000007,"value":3,"category":"A"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var cfg Config
	var stdout, stderr bytes.Buffer
	code := daemon.Run(daemon.Program{Name: "demo"}, &cfg, func(ctx context.Context, p *daemon.Process) error { return run(ctx, &cfg, p) }, daemon.Host{
		Args: []string{"--port", "0", "--source", "file:" + in, "--exit-at-end", "--also", "console", "--also", "file:" + out,
			"--hop", "5s", "--aggregates", "last,mean", "--partitions", "1"},
		Getenv: func(string) string { return "" }, Stdout: &stdout, Stderr: &stderr, Signals: make(chan os.Signal),
	})
	copied, err := os.ReadFile(out)
	if code != 0 || err != nil {
		t.Fatalf("exit code %d, error %v\n%s", code, err, stderr.String())
	}
	want := `{"category":"A","window_start":"2025-11-24T16:00:00Z","window_end":"2025-11-24T16:00:10Z","filtered":0,"last":3,"mean":3}` + "\n" +
		`{"category":"A","window_start":"2025-11-24T16:00:05Z","window_end":"2025-11-24T16:00:15Z","filtered":0,"last":3,"mean":3}` + "\n"
	if string(copied) != want {
		t.Errorf("got\n%swant\n%s", copied, want)
	}
	for _, want := range []string{"A                         16:00:05–16:00:15          -      3.00000         0\n", "\n2 results\n"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, stdout.String())
		}
	}
}

// TestTheDemoAveragesAFileAndEnds runs the whole command on real sockets.
func TestTheDemoAveragesAFileAndEnds(t *testing.T) {
	dir := t.TempDir()
	var file bytes.Buffer
	for i := range 1000 {
		fmt.Fprintf(&file, `{"timestamp":%d,"value":%d,"category":"%c"}`+"\n", 1764000000+i/10, i%100, 'A'+i%2)
	}
	file.WriteString("no measurement\n")
	in, out := filepath.Join(dir, "in.ndjson"), filepath.Join(dir, "out.ndjson")
	if err := os.WriteFile(in, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var cfg Config
	var stdout, stderr bytes.Buffer
	code := daemon.Run(daemon.Program{Name: "demo"}, &cfg, func(ctx context.Context, p *daemon.Process) error { return run(ctx, &cfg, p) }, daemon.Host{
		Args:   []string{"--port", "0", "--source", "file:" + in, "--exit-at-end", "--also", "console", "--also", "file:" + out},
		Getenv: func(string) string { return "" }, Stdout: &stdout, Stderr: &stderr, Signals: make(chan os.Signal),
	})
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, stderr.String())
	}
	for _, want := range []string{
		"1001 records read = 900 kept + 100 filtered + 0 late + 1 rejected\n  1 not-json: The record is not valid JSON: ",
		"20 results hold 900 of the kept records\n",
		"A                         16:00:00–16:00:10         45      44.0000         5\n",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, stdout.String())
		}
	}
	if strings.Contains(stderr.String(), "kafka-configs.sh") {
		t.Errorf("a newcomer is warned of topics that the demo itself has made:\n%s", stderr.String())
	}
	copied, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	const first = `{"category":"A","window_start":"2025-11-24T16:00:00Z","window_end":"2025-11-24T16:00:10Z","count":45,"filtered":5,"sum":1980,"mean":44,"min":0,"max":88,"stddev":25.97`
	if n := bytes.Count(copied, []byte("\n")); n != 20 || !bytes.Contains(copied, []byte(first)) {
		t.Errorf("the copy has %d lines, want 20 with one that begins %s:\n%s", n, first, copied)
	}
}

// TestTheDemoAveragesTrades reads records of another shape: the value is computed, the time is text, the category joined.
func TestTheDemoAveragesTrades(t *testing.T) {
	var file bytes.Buffer
	for i := range 300 {
		fmt.Fprintf(&file, `{"at":"2025-11-24T16:00:%02d.5Z","trade":{"symbol":"%c","legs":[{"price":%d,"quantity":"2"}]},"venue":"X","test":%v}`+"\n", i/10, 'A'+i%2, i%10, i%3 == 0)
	}
	in := filepath.Join(t.TempDir(), "in.ndjson")
	if err := os.WriteFile(in, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var cfg Config
	var stdout, stderr bytes.Buffer
	code := daemon.Run(daemon.Program{Name: "demo"}, &cfg, func(ctx context.Context, p *daemon.Process) error { return run(ctx, &cfg, p) }, daemon.Host{
		Args: []string{"--port", "0", "--source", "file:" + in, "--exit-at-end", "--time-field", "at", "--time-format", "rfc3339", "--category-field", "venue,trade.symbol",
			"--value", "trade.legs[0].price * float(trade.legs[0].quantity)", "--keep", "!test && value < 16"},
		Getenv: func(string) string { return "" }, Stdout: &stdout, Stderr: &stderr, Signals: make(chan os.Signal),
	})
	// Of ten prices 0 to 9 in turn two thirds are no test, and of these four fifths are below 8.
	for _, want := range []string{"300 records read = 160 kept + 140 filtered + 0 late + 0 rejected\n", "6 results hold 160 of the kept records\n", "X/A "} {
		if code != 0 || !strings.Contains(stdout.String(), want) {
			t.Errorf("exit code %d, the output lacks %q:\n%s%s", code, want, stdout.String(), stderr.String())
		}
	}
}
