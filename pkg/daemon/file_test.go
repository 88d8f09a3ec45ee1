package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wrongFiles are files of settings with at least one mistake in each.
func wrongFiles() []struct{ name, text string } {
	return []struct{ name, text string }{
		{"values of every kind that can't be read", "window: 10\nrecords-partitions: many\nlog-level: loud\nbrokers: [a, 'b:port']\n"},
		{"a slip at the top", "wndow: 10s\n"},
		{"a slip in our section and in another's", "processor:\n  max-ahed: 5\nsink:\n  idle-aftr: 5s\n"},
		{"a slip in the name of a section", "procesor:\n  max-ahead: 5\n"},
		{"a word that is near nothing", "xyzzy: 1\n"},
		{"a setting of another service in our section", "processor:\n  port: 9092\n"},
		{"a key that is there twice", "window: 10s\nlateness: 1s\nwindow: 20s\n"},
		{"a relation", "window: 1.5ms\nrejects-topic: records\n"},
		{"a secret", "sasl: plain\nsasl-user: me\nsasl-password: hunter2\n"},
		{"a list where one value belongs, and nothing where one belongs", "window: [1s, 2s]\nlateness:\nalso: []\n"},
		{"settings below a value", "window:\n  size: 1s\n"},
		{"flags that are no settings", "help: true\ncheck: true\n"},
		{"a list instead of settings", "- window: 10s\n"},
		{"no YAML", "window: 10s\n  lateness: [1s\n"},
		{"two documents", "window: 10s\n---\nlateness: 2s\n"},
	}
}

// TestMistakesInFiles shows, in testdata/files.txt, each wrong file with the exact text that a person sees.
func TestMistakesInFiles(t *testing.T) {
	here := away(t)
	var seen strings.Builder
	for _, c := range wrongFiles() {
		writeFile(t, "river.yaml", c.text)
		_, _, err := parsed(t, []string{"--config", "river.yaml"}, nil)
		if err == nil {
			t.Errorf("%s: no error", c.name)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the secret is shown: %v", c.name, err)
		}
		fmt.Fprintf(&seen, "# %s\n%s=> %v\n\n", c.name, c.text, err)
	}
	_, _, err := parsed(t, nil, map[string]string{"MEANSTREAM_CONFIG": "gone.yaml"})
	fmt.Fprintf(&seen, "# a file that is not there\n=> %v\n", err)
	t.Chdir(here)
	golden(t, "files.txt", seen.String())
}

// away goes to an empty folder, so that files have short names in what is printed; it says where the way back leads.
func away(t *testing.T) (here string) {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	return here
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFlagWinsOverVariableWinsOverSectionWinsOverTopOfFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "river.yaml")
	writeFile(t, file, "window: 20s\nprocessor: {window: 30s}\nsink: {window: 99s}\nlateness: 5s\nidle-after: 7s\ncategories: [x, y]\nalso: ['a,b', c]\nbrokers: [a, 'b:1']\nport: 1\ncreate-topics: no\n")
	args, env := []string{"--config", file}, map[string]string{}
	for _, want := range []time.Duration{30 * time.Second, 40 * time.Second, 50 * time.Second} {
		cfg, _, err := parsed(t, args, env)
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Window != want || cfg.Lateness != 5*time.Second || cfg.CreateTopics {
			t.Errorf("window %s, want %s; lateness %s, topics %v", cfg.Window, want, cfg.Lateness, cfg.CreateTopics)
		}
		if diff := cmp.Diff([][]string{{"x", "y"}, {"a,b", "c"}, {"a:9092", "b:1"}}, [][]string{cfg.Categories, cfg.Also, cfg.Brokers}); diff != "" {
			t.Error(diff)
		}
		if env["MEANSTREAM_WINDOW"] != "" {
			args = append(args, "--window=50s")
		}
		env["MEANSTREAM_WINDOW"] = "40s"
	}
}

// TestPrintedSettingsAreAFile prints settings that came from everywhere, and reads them again.
func TestPrintedSettingsAreAFile(t *testing.T) {
	here := away(t)
	writeFile(t, "river.yaml", "lateness: 5s\nprocessor:\n  max-ahead: 7\n  also: ['console', 'file:a, b.ndjson']\n")
	env := map[string]string{"MEANSTREAM_KEEP": "value > 0", "MEANSTREAM_SASL_PASSWORD": "hunter2"}
	args := []string{"--sasl=plain", "--sasl-user=#1: me", "--config=river.yaml"}
	first, _, err := parsed(t, args, env)
	if err != nil {
		t.Fatal(err)
	}
	_, out, err := parsed(t, append(args, "--print-config"), env)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out, "hunter2") || strings.Contains(fmt.Sprintf("%v %+v %#v", first, first, first), "hunter2") {
		t.Errorf("the password is shown:\n%s", out)
	}
	writeFile(t, "printed.yaml", out)
	second, again, err := parsed(t, []string{"--config=printed.yaml"}, map[string]string{"MEANSTREAM_SASL_PASSWORD": "hunter2"})
	if err != nil || again != "" {
		t.Fatalf("%v %s", err, again)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
	t.Chdir(here)
	golden(t, "printed.txt", out)
}

func TestASecretComesFromTheEnvironmentAlone(t *testing.T) {
	_, _, err := parsed(t, []string{"--sasl=plain", "--sasl-user=me", "--sasl-password=hunter2", "--sasl-pasword", "hunter2"}, nil)
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "MEANSTREAM_SASL_PASSWORD") {
		t.Errorf("got %v", err)
	}
}

func TestSecuritySettingsThatLackOneAnother(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	writeFile(t, empty, "\n")
	for _, c := range []struct {
		args, wants string
		env         map[string]string
	}{
		{"--tls-ca=" + empty, "add --tls", nil},
		{"--tls --tls-ca=" + empty, "holds no certificate", nil},
		{"--tls --tls-ca=" + empty + "-not", "no such file", nil},
		{"--tls --tls-cert=" + empty, "add --tls-key", nil},
		{"--tls --tls-key=" + empty, "add --tls-cert", nil},
		{"--tls --tls-cert=" + empty + " --tls-key=" + empty, `--tls-cert: "` + empty + `" is of no use`, nil},
		{"--sasl=plain", "add --sasl-user", nil},
		{"--sasl=plain --sasl-user=me", "add --sasl-password-file", nil},
		{"--sasl=plain --sasl-user=me --sasl-password-file=" + empty, "is empty", nil},
		{"--sasl=plain --sasl-user=me --sasl-password-file=" + empty, "leave one of them out", map[string]string{"MEANSTREAM_SASL_PASSWORD": "x"}},
		{"--sasl-user=me", "add --sasl,", nil},
		{"--sasl=gssapi", "write none, plain, scram-sha-256 or scram-sha-512", nil},
	} {
		if _, _, err := parsed(t, strings.Fields(c.args), c.env); err == nil || !strings.Contains(err.Error(), c.wants) {
			t.Errorf("%s: got %v, want it to say %q", c.args, err, c.wants)
		}
	}
}
