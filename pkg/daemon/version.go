package daemon

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version is what a binary was built from. A main package has the linker fill
// it in; what is empty is taken from the build information that Go keeps.
type Version struct {
	Version string // such as v0.1.0
	Commit  string // hash, with "+dirty" if the tree had been edited
	Date    string // of the build or, if unknown, of the commit; RFC 3339
}

// String reads `v0.1.0 (commit 1a2b3c4d5e6f, 2026-11-24T09:00:00Z, go1.26.0)`.
func (v Version) String() string {
	return fmt.Sprintf("%s (commit %s, %s, %s)", v.Version, v.Commit, v.Date, runtime.Version())
}

// filled completes v so that no field is empty.
func (v Version) filled() Version {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return v.filledFrom(info)
}

func (v Version) filledFrom(info *debug.BuildInfo) Version {
	commit, dirty := "unknown", ""
	date := "date unknown"
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case "vcs.time":
			date = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+dirty"
			}
		}
	}
	return Version{
		Version: cmp.Or(v.Version, info.Main.Version, "(devel)"),
		Commit:  cmp.Or(v.Commit, commit+dirty),
		Date:    cmp.Or(v.Date, date),
	}
}
