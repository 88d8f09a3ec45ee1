package daemon

import (
	"strings"
	"testing"
)

func TestHelpIsGroupedAndNamesDefaultAndVariable(t *testing.T) {
	t.Setenv("COLUMNS", "200")
	_, out, err := parsed(t, []string{"--window", "10", "-h", "stray"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "help.txt", out)
	for line := range strings.Lines(out) {
		if len(line) > helpWidth+1 {
			t.Errorf("wider than %d columns: %s", helpWidth, line)
		}
	}
}
