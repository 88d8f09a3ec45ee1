package daemon

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample is a service's settings, with something of everything.
type sample struct {
	Kafka
	Topics
	Group string `default:"processor" group:"first" placeholder:"GROUP" help:"Consumer group."`
	Rule
	Idle
	Flush
	MaxAhead   int      `default:"1000" min:"0" group:"time" placeholder:"N" help:"Windows that a partition may be ahead of the sink; 0 = off."`
	Rate       float64  `default:"1000" min:"0" group:"run" placeholder:"RATE" help:"Records per second; 0 = as fast as it goes."`
	Seed       uint64   `group:"run" placeholder:"SEED" help:"Same seed, same values; random without it."`
	Categories []string `default:"A,B,C" group:"run" placeholder:"NAME" help:"Categories to draw from."`
	Also       []string `sep:"none" group:"run" placeholder:"TARGET" help:"Write results there as well; may be given several times."`
	Source     string   `default:"synthetic" group:"run" help:"Where the records come from; - is standard input."`
	ExitAtEnd  bool     `group:"run" help:"End when everything that was there at the start is done."`
	Log
	Admin
}

func (s *sample) Validate() []error {
	if s.Keep != "value < 90" && s.Keep != "value > 0" {
		return []error{Wrong("keep", "is no rule: write a comparison such as value < 90")}
	}
	return nil
}

// parsed is a sample read from args and env, and what a person saw.
func parsed(t *testing.T, args []string, env map[string]string) (cfg sample, stdout string, err error) {
	t.Helper()
	var out bytes.Buffer
	_, err = Parse(Program{
		Name:        "processor",
		Description: "Filters records and averages what is kept, exactly once.",
		Version:     Version{Version: "v1.2.3", Commit: "abc", Date: "2026-11-24T09:00:00Z"},
	}, &cfg, Host{Args: args, Getenv: func(key string) string { return env[key] }, Stdout: &out})
	return cfg, out.String(), err
}

// golden compares with a file under testdata; UPDATE_GOLDEN=1 rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
