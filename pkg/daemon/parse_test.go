package daemon

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wrongLine is a command line with at least one mistake in it.
type wrongLine struct {
	name string
	args []string
	env  map[string]string
}

func wrongValues() []wrongLine {
	return []wrongLine{
		{"a duration without a unit", []string{"--window", "10"}, nil},
		{"a duration in words", []string{"--lateness=soon"}, nil},
		{"three wrong flags at once", []string{"--window=10", "--wndow=5s", "--partials-partitions=many"}, nil},
		{"a mistake of each kind at once", []string{"--window=0s", "--log-level=loud", "extra", "--pprof"}, map[string]string{"MEANSTREAM_LATENESS": "-1s", "MEANSTREAM_KEEP": "value"}},
		{"an environment variable that cannot be read", nil, map[string]string{"MEANSTREAM_FLUSH_INTERVAL": "1"}},
		{"an environment variable that breaks a relation", nil, map[string]string{"MEANSTREAM_RESULTS_TOPIC": "partials"}},
		{"a window that is too short", []string{"--window=999us"}, nil},
		{"a window that is too long", []string{"--window=2160h0m0.001s"}, nil},
		{"a window finer than a millisecond", []string{"--window=1.5ms"}, nil},
		{"a hop longer than the window", []string{"--hop=11s"}, nil},
		{"a hop that is too short", []string{"--window=24h", "--hop=1m"}, nil},
		{"a hop finer than a millisecond", []string{"--hop=2.5ms", "--window=1s"}, nil},
		{"a zone that is none", []string{"--time-zone=Europe/Bärlin"}, nil},
		{"the zone of this machine", []string{"--time-zone=Local"}, nil},
		{"windows that are no days of a zone", []string{"--time-zone=Europe/Berlin", "--window=36h", "--hop=6h"}, nil},
		{"an aggregate that is none", []string{"--aggregates=count,median"}, nil},
		{"an aggregate twice", nil, map[string]string{"MEANSTREAM_AGGREGATES": "mean,mean"}},
		{"a negative duration", []string{"--lateness", "-2s"}, nil},
		{"a flush interval that is too short", []string{"--flush-interval=9ms"}, nil},
		{"a number that is none", []string{"--records-partitions=1e3"}, nil},
		{"a number out of range", []string{"--records-partitions=0"}, nil},
		{"a number with a lower limit only", []string{"--max-ahead=-1"}, nil},
		{"a number beyond its type", []string{"--seed=18446744073709551616"}, nil},
		{"a fraction that is no number", []string{"--rate=NaN"}, nil},
		{"a size that is none", []string{"--max-record-bytes=big"}, nil},
		{"a size with an unknown unit", []string{"--max-record-bytes=1TB"}, nil},
		{"a size out of range", []string{"--max-record-bytes=1GiB"}, nil},
		{"a size beyond counting", []string{"--max-record-bytes=99999999999999GiB"}, nil},
		{"a broker with a bad port", []string{"--brokers=kafka:19092,kafka:port"}, nil},
		{"a broker with port zero", []string{"--brokers=kafka:0"}, nil},
		{"a broker with a scheme", []string{"--brokers=http://kafka:9092"}, nil},
		{"a broker list with a hole", []string{"--brokers=a,,b"}, nil},
		{"a broker with a port alone", []string{"--brokers=:9092"}, nil},
		{"an admin address without a port", []string{"--admin-addr=localhost"}, nil},
		{"an admin address with a bad port", []string{"--admin-addr=localhost:http"}, nil},
		{"profiling without an address", []string{"--pprof"}, nil},
	}
}

func wrongSpellings() []wrongLine {
	return []wrongLine{
		{"a choice that is not offered", []string{"--log-format=xml"}, nil},
		{"a boolean that is neither", []string{"--create-topics=maybe"}, nil},
		{"a boolean with its value apart", []string{"--create-topics", "false"}, nil},
		{"a negated boolean", []string{"--no-create-topics"}, nil},
		{"an unknown flag that is near", []string{"--late-ness", "2s"}, nil},
		{"an unknown flag that is near nothing", []string{"--xyzzy"}, nil},
		{"an unknown flag cut short", []string{"--max-rec=1"}, nil},
		{"a flag with one dash", []string{"-window", "10s"}, nil},
		{"a flag without its value, at the end", []string{"--window"}, nil},
		{"a flag without its value, before another", []string{"--window", "--lateness", "2s"}, nil},
		{"a list with an empty entry", []string{"--categories=A,,B"}, nil},
		{"an argument that is no flag", []string{"start"}, nil},
		{"everything after two dashes", []string{"--", "--window", "10"}, nil},
		{"a topic name that Kafka refuses", []string{"--records-topic=my records"}, nil},
		{"a topic name among several", []string{"--records-topic=a,my records,b"}, nil},
		{"a topic twice", []string{"--records-topic=b,a", "--records-topic=b"}, nil},
		{"a topic that is an output too", []string{"--records-topic=a,results"}, nil},
		{"an empty topic name", []string{"--records-topic="}, nil},
		{"one topic for three things", []string{"--rejects-topic=records", "--results-topic=records"}, nil},
		{"a relation with a value that could not be read is not judged", []string{"--admin-addr=here", "--pprof"}, nil},
		{"a rule that the service refuses", []string{"--keep", "value = 90"}, nil},
	}
}

// TestMistakes shows, in testdata/mistakes.txt, each wrong command line with
// the exact text that a person sees.
func TestMistakes(t *testing.T) {
	var seen strings.Builder
	for _, c := range slices.Concat(wrongValues(), wrongSpellings()) {
		_, out, err := parsed(t, c.args, c.env)
		var wrong *ConfigError
		if !errors.As(err, &wrong) || out != "" {
			t.Errorf("%s: got error %v and output %q, want a *ConfigError alone", c.name, err, out)
			continue
		}
		fmt.Fprintf(&seen, "# %s\n$", c.name)
		for _, key := range slices.Sorted(maps.Keys(c.env)) {
			fmt.Fprintf(&seen, " %s=%q", key, c.env[key])
		}
		fmt.Fprint(&seen, " processor")
		for _, arg := range c.args {
			fmt.Fprintf(&seen, " %s", shell(arg))
		}
		fmt.Fprintf(&seen, "\n%v\n\n", err)
	}
	golden(t, "mistakes.txt", seen.String())
}

func shell(arg string) string {
	if strings.ContainsAny(arg, " <>=") && strings.Contains(arg, " ") {
		return "'" + arg + "'"
	}
	return arg
}

func TestFlagWinsOverVariableWinsOverDefault(t *testing.T) {
	cases := []struct {
		name string
		args []string
		env  string
		want time.Duration
	}{
		{"default alone", nil, "", 10 * time.Second},
		{"variable over default", nil, "20s", 20 * time.Second},
		{"flag over variable", []string{"--window=30s"}, "20s", 30 * time.Second},
		{"flag over a variable that is wrong", []string{"--window=30s"}, "what", 30 * time.Second},
		{"the last of two flags", []string{"--window=30s", "--window", "40s"}, "20s", 40 * time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg, _, err := parsed(t, c.args, map[string]string{"MEANSTREAM_WINDOW": c.env})
			if err != nil || cfg.Window != c.want {
				t.Errorf("window = %s, error %v; want %s", cfg.Window, err, c.want)
			}
		})
	}
}

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	cfg, _, err := parsed(t, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := sample{
		Kafka: Kafka{Brokers: Brokers{"localhost:9092"}, Security: Security{SASL: "none"}},
		Topics: Topics{
			Sources:       Sources{RecordsTopic: []string{"records"}, RecordsPartitions: 6},
			PartialsTopic: "partials", PartialsPartitions: 3,
			RejectsTopic: "rejects",
			ResultsTopic: "results", ResultsPartitions: 3,
			Creation: Creation{ReplicationFactor: 1, CreateTopics: true},
		},
		Group: "processor",
		Rule: Rule{
			Keep: "value < 90", Window: 10 * time.Second, Lateness: 2 * time.Second,
			MaxFuture: 5 * time.Minute, MaxRecordBytes: 512 << 10,
		},
		Idle:     Idle{IdleAfter: 5 * time.Second, CloseIdleAfter: 30 * time.Second},
		Flush:    Flush{FlushInterval: time.Second},
		MaxAhead: 1000, Rate: 1000, Categories: []string{"A", "B", "C"}, Source: "synthetic",
		Log: Log{LogLevel: "info", LogFormat: "auto"},
	}
	if diff := cmp.Diff(want, cfg); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestEverySpellingThatIsRight(t *testing.T) {
	cases := []struct {
		name string
		args []string
		env  map[string]string
		set  func(*sample)
	}{
		{"a boolean alone", []string{"--exit-at-end"}, nil, func(s *sample) { s.ExitAtEnd = true }},
		{"a boolean turned off", []string{"--create-topics=false"}, nil, func(s *sample) { s.CreateTopics = false }},
		{"a boolean from the environment", nil, map[string]string{"MEANSTREAM_CREATE_TOPICS": "No"}, func(s *sample) { s.CreateTopics = false }},
		{"an empty variable is unset", nil, map[string]string{"MEANSTREAM_KEEP": "", "MEANSTREAM_CREATE_TOPICS": ""}, func(*sample) {}},
		{"a variable of another service", nil, map[string]string{"MEANSTREAM_FORECAST_HORIZON": "x"}, func(*sample) {}},
		{"help and version are no variables", nil, map[string]string{"MEANSTREAM_HELP": "1", "MEANSTREAM_VERSION": "v9"}, func(*sample) {}},
		{"a value with an equals sign", []string{"--source=file:a=b"}, nil, func(s *sample) { s.Source = "file:a=b" }},
		{"a dash as value", []string{"--source", "-"}, nil, func(s *sample) { s.Source = "-" }},
		{"an empty value", []string{"--source="}, nil, func(s *sample) { s.Source = "" }},
		{"bytes that are no UTF-8", []string{"--source=file:\xff"}, nil, func(s *sample) { s.Source = "file:\xff" }},
		{"a list replaces the default", []string{"--categories", "x, y"}, nil, func(s *sample) { s.Categories = []string{"x", "y"} }},
		{"a list given twice is one", []string{"--categories=x,y", "--categories=z"}, map[string]string{"MEANSTREAM_CATEGORIES": "q"}, func(s *sample) { s.Categories = []string{"x", "y", "z"} }},
		{"topics of records", []string{"--records-topic=b,a", "--records-topic", "c"}, nil, func(s *sample) { s.RecordsTopic = []string{"b", "a", "c"} }},
		{"a list that is not split", []string{"--also=console", "--also=file:a,b"}, nil, func(s *sample) { s.Also = []string{"console", "file:a,b"} }},
		{"zero where it means off", []string{"--max-future=0", "--close-idle-after=0s", "--lateness=0", "--max-ahead=0"}, nil, func(s *sample) { s.MaxFuture, s.CloseIdleAfter, s.Lateness, s.MaxAhead = 0, 0, 0, 0 }},
		{"the longest window", []string{"--window=2160h"}, nil, func(s *sample) { s.Window = 90 * 24 * time.Hour }},
		{"a lateness above the window", []string{"--window=1ms", "--lateness=1h"}, nil, func(s *sample) { s.Window, s.Lateness = time.Millisecond, time.Hour }},
		{"the largest seed", []string{"--seed=18446744073709551615"}, nil, func(s *sample) { s.Seed = 1<<64 - 1 }},
		{"the rule of the service", []string{"--keep", "value > 0"}, nil, func(s *sample) { s.Keep = "value > 0" }},
		{"profiling with an address", []string{"--pprof", "--admin-addr", ":9100"}, nil, func(s *sample) { s.Pprof, s.AdminAddr = true, ":9100" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want, _, err := parsed(t, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.set(&want)
			got, out, err := parsed(t, c.args, c.env)
			if err != nil || out != "" {
				t.Fatalf("error %v, output %q", err, out)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVersionIsPrintedWhateverElseIsWrong(t *testing.T) {
	_, out, err := parsed(t, []string{"--window", "10", "--version"}, nil)
	if err != nil || !strings.HasPrefix(out, "processor v1.2.3 (commit abc, 2026-11-24T09:00:00Z, go1.") {
		t.Errorf("output %q, error %v", out, err)
	}
}

func TestUnusableConfigIsTheServicesMistake(t *testing.T) {
	cases := []struct {
		name string
		cfg  any
		want string
	}{
		{"a default that its own flag refuses", &struct {
			Window time.Duration `default:"0s" min:"1s"`
		}{}, `default of --window: "0s" is too small: write at least 1s`},
		{"a limit that is no value", &struct {
			Window time.Duration `default:"1s" max:"10"`
		}{}, `checked against the limit "10"`},
		{"one flag twice", &struct {
			Flush
			Other time.Duration `name:"flush-interval"`
		}{}, "duplicate flag"},
		{"no pointer", sample{}, "expected a pointer"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(Program{Name: "x"}, c.cfg, Host{Getenv: func(string) string { return "" }})
			var wrong *ConfigError
			if err == nil || errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one of the service with %q", err, c.want)
			}
		})
	}
}

func TestPromotedValidateIsHeardOnce(t *testing.T) {
	// With one embedded group Go promotes its Validate to the whole.
	var cfg struct{ Rule }
	_, err := Parse(Program{Name: "x"}, &cfg, Host{Args: []string{"--window=1.5ms"}, Getenv: func(string) string { return "" }})
	var wrong *ConfigError
	if !errors.As(err, &wrong) || len(wrong.Errors) != 1 {
		t.Errorf("got %v, want exactly one mistake", err)
	}
}
