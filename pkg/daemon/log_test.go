package daemon

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func TestLogFormats(t *testing.T) {
	cases := []struct {
		name     string
		format   string
		terminal bool
		json     bool
	}{
		{"auto on a terminal is for people", "auto", true, false},
		{"auto elsewhere is JSON", "auto", false, true},
		{"console is for people everywhere", "console", false, false},
		{"json is JSON everywhere", "json", true, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			log, err := newLogger("sink", Log{LogLevel: "info", LogFormat: c.format}, &out, c.terminal)
			if err != nil {
				t.Fatal(err)
			}
			log.Info("closed a window", zap.Int("count", 3), zap.Duration("took", 1500*time.Millisecond))
			var line struct {
				Time, Level, Service, Msg, Took string
				Count                           int
			}
			if err := json.Unmarshal(out.Bytes(), &line); (err == nil) != c.json {
				t.Fatalf("JSON %v, want %v:\n%s", err == nil, c.json, &out)
			}
			if !c.json {
				want := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  info  sink  closed a window  {"count": 3, "took": "1.5s"}\n$`)
				if !want.Match(out.Bytes()) {
					t.Errorf("line is %q", out.String())
				}
				return
			}
			if line.Level != "info" || line.Service != "sink" || line.Msg != "closed a window" || line.Count != 3 || line.Took != "1.5s" {
				t.Errorf("line is %s", &out)
			}
		})
	}
}

func TestLogTimeIsUTCWhateverTheZone(t *testing.T) {
	entry := zapcore.Entry{Time: time.Date(2026, 1, 1, 8, 30, 0, 7e6, time.FixedZone("far east", 9*3600))}
	var out bytes.Buffer
	log, err := newLogger("x", Log{LogLevel: "info", LogFormat: "json"}, &out, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Core().Write(entry, nil); err != nil {
		t.Fatal(err)
	}
	if want := `"time":"2025-12-31T23:30:00.007Z"`; !strings.Contains(out.String(), want) {
		t.Errorf("line is %s, want %s in it", &out, want)
	}
}

func TestLogLevelIsTheLeastThatIsShown(t *testing.T) {
	levels := []string{"debug", "info", "warn", "error"}
	for i, level := range levels {
		var out bytes.Buffer
		log, err := newLogger("x", Log{LogLevel: level, LogFormat: "json"}, &out, false)
		if err != nil {
			t.Fatal(err)
		}
		log.Debug("")
		log.Info("")
		log.Warn("")
		log.Error("")
		if got, want := strings.Count(out.String(), "\n"), len(levels)-i; got != want {
			t.Errorf("at level %s %d of 4 lines are shown, want %d", level, got, want)
		}
	}
}
