package main

import (
	"context"
	"os/exec"
	"testing"
)

// TestAPeerThatCannotBeBuiltIsLeftOut, whatever it lacks, and the others are built.
func TestAPeerThatCannotBeBuiltIsLeftOut(t *testing.T) {
	runs := func(tool string, args ...string) func(context.Context, string) *exec.Cmd {
		return func(ctx context.Context, _ string) *exec.Cmd { return exec.CommandContext(ctx, tool, args...) }
	}
	built, err := buildPeers(t.Context(), []peer{
		{name: "without its tool", tools: []string{"go", "no-such-compiler"}, build: runs("go", "version")},
		{name: "with one that fails", tools: []string{"go"}, build: runs("go", "no-such-command")},
		{name: "good", tools: []string{"go"}, build: runs("go", "version")},
	})
	if err != nil || len(built) != 1 || built[0].name != "good" {
		t.Errorf("built %+v, %v", built, err)
	}
}
