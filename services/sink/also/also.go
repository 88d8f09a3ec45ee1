// Package also writes the sink's copies of results: a table on the console,
// NDJSON in a file. A copy is written after the commit that made its results
// final. It is at-least-once: a crash between the two leaves results out of the
// copy or, after a restart that replays, brings some twice. The topic alone is
// exactly once.
package also

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/meanstream/meanstream/pkg/daemon"
)

// Row is one committed result.
type Row struct {
	Category   string
	Start, End time.Time // of the window, half-open; shown in UTC
	Count      int64     // records kept; meaningless without HasCount
	Filtered   int64     // records that the rule left out
	Mean       float64   // of the kept ones; meaningless without HasMean
	HasMean    bool
	HasCount   bool
	JSON       []byte // the result as published, without a line feed
}

// Output is one place that copies go to. It is used by one goroutine at a time.
type Output interface {
	// Write copies the rows of one commit. After an error the output can be
	// written to again; rows that the error concerns may be missing, in part too.
	Write(rows []Row) error
	// Close hands everything written to the operating system and lets go of it.
	Close() error
}

// Outputs is all places that copies go to. The zero value has none.
type Outputs []Output

// Check reports every --also value that names no output, before anything is opened.
func Check(specs []string) (errs []error) {
	for _, spec := range specs {
		if _, named := pathOf(spec); !named {
			errs = append(errs, daemon.Wrong("also", "names no output by %q: write console or file:PATH, such as file:results.ndjson", spec))
		}
	}
	return errs
}

// pathOf is the file that a value names, or "" for the console.
func pathOf(spec string) (path string, named bool) {
	if spec == "console" {
		return "", true
	}
	path, named = strings.CutPrefix(spec, "file:")
	return path, named && path != ""
}

// Open opens the output that each --also value names: console, which writes to
// stdout, or file:PATH. All that is wrong comes in one error, which names the
// flag, each value and what would be right; then nothing stays open.
func Open(specs []string, stdout io.Writer) (Outputs, error) {
	var outs Outputs
	var errs []error
	seen := map[string]bool{}
	for _, spec := range specs {
		out, place, err := open(spec, stdout)
		if err != nil {
			errs = append(errs, fmt.Errorf("--also %q: %w", spec, err))
			continue
		}
		outs = append(outs, out)
		// Two writers to one file would rotate it under each other.
		if seen[place] {
			errs = append(errs, fmt.Errorf("--also %q: names the same place as another --also; once is enough", spec))
		}
		seen[place] = true
	}
	if len(errs) > 0 {
		return nil, errors.Join(append(errs, outs.Close())...)
	}
	return outs, nil
}

// open returns the output and what tells its place from all others.
func open(spec string, stdout io.Writer) (out Output, place string, err error) {
	path, named := pathOf(spec)
	switch {
	case !named:
		return nil, "", errors.New("no such output; use console or file:PATH, such as file:results.ndjson")
	case path == "":
		return newConsole(stdout), spec, nil
	}
	f, err := openFile(path, maxFileMiB, keptFiles)
	if err != nil {
		return nil, "", err
	}
	return f, "file:" + f.log.Filename, nil
}

// Write copies the rows of one commit to every output, whatever becomes of the
// others. The error joins theirs; each names its place.
func (o Outputs) Write(rows []Row) error {
	var errs []error
	for _, out := range o {
		errs = append(errs, out.Write(rows))
	}
	return errors.Join(errs...)
}

// Close closes every output. The error joins theirs; each names its place.
func (o Outputs) Close() error {
	var errs []error
	for _, out := range o {
		errs = append(errs, out.Close())
	}
	return errors.Join(errs...)
}
