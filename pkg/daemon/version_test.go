package daemon

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionFallsBackToBuildInformation(t *testing.T) {
	vcs := &debug.BuildInfo{
		Main: debug.Module{Version: "v0.2.0"},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef"},
			{Key: "vcs.time", Value: "2026-11-24T09:00:00Z"},
			{Key: "vcs.modified", Value: "true"},
		},
	}
	cases := []struct {
		name string
		by   Version
		info *debug.BuildInfo
		want Version
	}{
		{"nothing is known", Version{}, &debug.BuildInfo{}, Version{"(devel)", "unknown", "date unknown"}},
		{"Go knows", Version{}, vcs, Version{"v0.2.0", "0123456789ab+dirty", "2026-11-24T09:00:00Z"}},
		{"the linker knows better", Version{"v1", "c0ffee", "today"}, vcs, Version{"v1", "c0ffee", "today"}},
		{"the linker knows a part", Version{Version: "v1"}, vcs, Version{"v1", "0123456789ab+dirty", "2026-11-24T09:00:00Z"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.by.filledFrom(c.info); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := (Version{"v1", "c0ffee", "today"}).String(); !strings.HasPrefix(got, "v1 (commit c0ffee, today, go1") {
		t.Errorf("written %q", got)
	}
}
