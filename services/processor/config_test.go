package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/daemon"
)

// parsed reads arguments as the command does.
func parsed(args ...string) (cfg Config, err error) {
	_, err = daemon.Parse(daemon.Program{Name: "processor"}, &cfg, daemon.Host{Args: args, Getenv: func(string) string { return "" }, Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	return cfg, err
}

func TestMistakesInFieldsAndExpressionsComeAllAtOnce(t *testing.T) {
	_, err := parsed("--keep", "value < 90 && category > 5", "--value", "price * ", "--value-field", "a..b", "--category-field", "@timestamp",
		"--time-field", "@timestamp", "--time-format", "unix_ms")
	if err == nil {
		t.Fatal("nothing was found")
	}
	for _, want := range []string{
		`--keep: "value < 90 && category > 5" is no rule: at character 24: invalid operation: > (mismatched types string and float64)`,
		`--value: "price * " at character 8: unexpected token EOF`,
		`--value-field: "a..b" has an empty name`,
		`--category-field: "@timestamp" can't come from @timestamp`,
		`--time-field: "@timestamp" is Kafka's own time, which has no format: leave out --time-format`,
	} {
		if !strings.Contains(err.Error(), want+"\n") && !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say\n%s", err, want)
		}
	}
	if n := strings.Count(err.Error(), "\n"); n != 5 {
		t.Errorf("%d lines before the last:\n%v", n, err)
	}
}

// A running group would report a changed rule if the defaults said anything.
func TestTheDefaultsAreNoMapping(t *testing.T) {
	cfg, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	s := cfg.settings(zap.NewNop(), prometheus.NewRegistry())
	if s.Rule.Window.Mapping != "" || s.Rule.Window.Keep != "value < 90" || s.Rule.Window.Fingerprint() != 0x110e0f2a40753f4a {
		t.Errorf("the default rule is %+v", s.Rule.Window)
	}
	cfg, err = parsed("--value", "price*quantity", "--keep", "side=='buy'")
	if err != nil {
		t.Fatal(err)
	}
	if s := cfg.settings(zap.NewNop(), prometheus.NewRegistry()); s.Rule.Window.Mapping != "value price * quantity\n" || s.Rule.Window.Keep != `side == "buy"` {
		t.Errorf("the rule is %+v", s.Rule.Window)
	}
}
