package also

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gopkg.in/natefinch/lumberjack.v2"
)

const (
	maxFileMiB = 100 // then a file is set aside, its name extended by the time
	keptFiles  = 5   // of those set aside
)

// file appends one JSON object a line. Every line is one write, so that a file is
// set aside between lines only and what Write wrote is the operating system's:
// nothing waits in memory for Close. One process may write to a path, not two.
type file struct {
	log  lumberjack.Logger
	line []byte
	torn bool // what the file ends with is a part of a line
}

// openFile finds out now whether the path can be written to; lumberjack alone
// would tell with the first result. It also gives a new file a mode that others
// can read, which lumberjack then keeps for those that follow.
func openFile(path string, maxMiB, kept int) (*file, error) {
	path, err := filepath.Abs(path) // of the directory that the process started in
	if err != nil {
		return nil, fmt.Errorf("find the file: %w", err)
	}
	// Setting a device aside would rename /dev/stdout.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("is not a regular file; must be a path that can be created or appended to")
	}
	torn, err := endsTorn(path)
	if err != nil {
		return nil, fmt.Errorf("%w; must be a path that can be created or appended to", err)
	}
	return &file{log: lumberjack.Logger{Filename: path, MaxSize: maxMiB, MaxBackups: kept}, torn: torn}, nil
}

// endsTorn creates the file if need be, and tells whether its last line has no end,
// as a machine that went down may leave it.
func endsTorn(path string) (torn bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return false, err
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, size-1)
	return last[0] != '\n', err
}

// Write appends the rows, one by one, up to the first that fails.
func (f *file) Write(rows []Row) error {
	for i, row := range rows {
		f.line = f.line[:0]
		if f.torn { // one broken line must not break the next
			f.line = append(f.line, '\n')
		}
		f.line = append(append(f.line, row.JSON...), '\n')
		n, err := f.log.Write(f.line)
		if err != nil {
			f.torn = f.torn || n > 0
			return fmt.Errorf("write %d of %d results to --also file:%s: %w", len(rows)-i, len(rows), f.log.Filename, err)
		}
		f.torn = false
	}
	return nil
}

// Close closes the file.
func (f *file) Close() error {
	if err := f.log.Close(); err != nil {
		return fmt.Errorf("close --also file:%s: %w", f.log.Filename, err)
	}
	return nil
}
