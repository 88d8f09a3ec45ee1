package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// file reads a regular file of lines and ends with it.
type file struct {
	Options
	lines lines
	f     *os.File
	spec  string
	read  int64 // bytes
}

// openFile takes regular files alone: opening a named pipe, or reading one, can
// block where no context reaches, and standard input has a source that copes.
func openFile(spec string, o Options) (Source, error) {
	path := strings.TrimPrefix(spec, "file:")
	if path == "" {
		return nil, fmt.Errorf("--source %q: must be file:PATH, such as file:records.ndjson", spec)
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			err = errors.New("is a directory")
		} else {
			err = errors.New("is not a regular file (pipe it into --source - instead)")
		}
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	if err != nil {
		return nil, fmt.Errorf("--source %q: %w; must be a readable file with one JSON object a line", spec, err)
	}
	s := &file{Options: o, f: f, spec: spec}
	s.lines = newLines(o.MaxRecordBytes, s.fill)
	return s, nil
}

// Next returns the next line; see Source.
func (s *file) Next(ctx context.Context) (Line, error) {
	value, truncated, err := s.lines.next(ctx)
	if err != nil {
		return Line{}, err
	}
	return s.shape(value, truncated), nil
}

// fill never waits for long: a regular file always has an answer.
func (s *file) fill(_ context.Context, p []byte) (int, error) {
	n, err := s.f.Read(p)
	s.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("read --source %q at byte %d: %w", s.spec, s.read, err)
	}
	return n, err
}

// Close closes the file.
func (s *file) Close() error { return s.f.Close() }
