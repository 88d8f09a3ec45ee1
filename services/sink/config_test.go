package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meanstream/meanstream/pkg/daemon"
)

// TestOneFileServesAllServices prints all settings as a file, and has a service read it that knows few of them: a flag
// that is added here is to be added to the list in pkg/daemon/names.go, too.
func TestOneFileServesAllServices(t *testing.T) {
	var cfg Config
	var printed, out bytes.Buffer
	unset := func(string) string { return "" }
	if _, err := daemon.Parse(daemon.Program{Name: "sink"}, &cfg, daemon.Host{Args: []string{"--print-config"}, Getenv: unset, Stdout: &printed}); err != nil {
		t.Fatal(err)
	}
	// What is not set is a comment; its key must be known as well.
	all := bytes.ReplaceAll(printed.Bytes(), []byte(": not set"), []byte(": 1"))
	all = bytes.ReplaceAll(all, []byte("\n# "), []byte("\n"))
	file := filepath.Join(t.TempDir(), "river.yaml")
	if err := os.WriteFile(file, all, 0o600); err != nil {
		t.Fatal(err)
	}
	var other struct{ daemon.Log }
	if _, err := daemon.Parse(daemon.Program{Name: "other"}, &other, daemon.Host{Args: []string{"--config", file}, Getenv: unset, Stdout: &out}); err != nil {
		t.Errorf("%v\n%s", err, all)
	}
}

// TestCopiesToNowhereAreAWrongSetting, said at the start with all other mistakes, and not when the copy is opened.
func TestCopiesToNowhereAreAWrongSetting(t *testing.T) {
	var cfg Config
	unset := func(string) string { return "" }
	_, err := daemon.Parse(daemon.Program{Name: "sink"}, &cfg, daemon.Host{Args: []string{"--also", "console", "--also", "stdout", "--also", "file:", "--window", "1"}, Getenv: unset})
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{
		`names no output by "stdout": write console or file:PATH, such as file:results.ndjson`,
		`names no output by "file:": write`,
		`--window: unknown flag`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
