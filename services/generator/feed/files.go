package feed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
)

// headSize is how many bytes of a file's beginning its identity is made of, besides its name and size.
const headSize = 1 << 10

// Place is how far a sequence of files has been handed out. Equal places of equal files are equal values.
type Place struct {
	Lines  int64  `json:"lines"`            // handed out, of all files; blank ones don't count
	Files  int    `json:"files"`            // that are behind
	Behind string `json:"behind,omitempty"` // what those were: a digest of their names, sizes and beginnings
	Name   string `json:"name,omitempty"`   // of the file that is begun; empty between two
	Bytes  int64  `json:"bytes,omitempty"`  // of its uncompressed content that are behind
	Sum    uint32 `json:"sum,omitempty"`    // CRC-32C of those
}

// file is one file as it was found.
type file struct {
	path, name string
	size       int64
	head       [sha256.Size]byte
}

// Files reads regular files of lines, plain or compressed with gzip or zstd, one after the other, and ends with the
// last. It knows where it is, and can go on from where another one was. It is a Source.
type Files struct {
	Options
	all   []file
	total int64 // bytes, as they lie there

	at    Place // with Bytes and Sum as of the last look
	open  content
	lines lines
	read  atomic.Int64 // bytes of the files themselves
}

// OpenFiles finds the files that --source values name: file:PATH or file:PATTERN, with *, ? and [...] as in a shell.
// They come in the order of the values, those of one pattern in the order of their bytes. An error names the flag, its
// value, and what would be right.
func OpenFiles(specs []string, o Options) (*Files, error) {
	if o.MaxRecordBytes <= 0 {
		o.MaxRecordBytes = DefaultMaxRecordBytes
	}
	f := &Files{Options: o}
	for _, spec := range specs {
		paths, err := expand(spec)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			one, err := look(path)
			if err != nil {
				return nil, fmt.Errorf("--source %q: %w; must be a readable file with one JSON object a line", spec, err)
			}
			if slices.ContainsFunc(f.all, func(other file) bool { return other.path == one.path }) {
				return nil, fmt.Errorf("--source %q: %s is named twice: each file is loaded once", spec, path)
			}
			f.all = append(f.all, one)
			f.total += one.size
		}
	}
	return f, nil
}

// expand gives the paths that a --source value stands for. A file that is there is no pattern, whatever its name.
func expand(spec string) ([]string, error) {
	path := strings.TrimPrefix(spec, "file:")
	if path == "" {
		return nil, fmt.Errorf("--source %q: must be file:PATH, such as file:records.ndjson or file:readings-*.ndjson.gz", spec)
	}
	if _, err := os.Lstat(path); err == nil || !strings.ContainsAny(path, "*?[") {
		return []string{filepath.Clean(path)}, nil
	}
	paths, err := filepath.Glob(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--source %q: %w; write * for any letters, ? for one, [a-z] for one of some", spec, err)
	case len(paths) == 0:
		return nil, fmt.Errorf("--source %q: no file is called like that", spec)
	}
	slices.Sort(paths)
	return paths, nil
}

// look takes regular files alone: opening a named pipe, or reading one, can block where no context reaches, and
// standard input has a source that copes.
func look(path string) (file, error) {
	one := file{path: path, name: strings.ToValidUTF8(filepath.Base(path), "?")}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return one, err
	case info.IsDir():
		return one, errors.New("is a directory")
	case !info.Mode().IsRegular():
		return one, errors.New("is not a regular file (pipe it into --source - instead)")
	}
	f, err := os.Open(path)
	if err != nil {
		return one, err
	}
	defer func() { _ = f.Close() }() // only read from
	head := make([]byte, headSize)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return one, err
	}
	one.size, one.head = info.Size(), sha256.Sum256(head[:n])
	return one, nil
}

// Total is the size of all files as they lie there, in bytes; Read is how much of that has been read.
func (f *Files) Total() int64 { return f.total }

// Read is how many bytes of the files have been read, compressed as they may be. It may be called at any time.
func (f *Files) Read() int64 { return f.read.Load() }

// At is the place behind the last line that Next has returned.
func (f *Files) At() Place {
	if f.at.Name != "" {
		f.at.Bytes, f.at.Sum = f.lines.at()
	}
	return f.at
}

// Ended tells whether nothing is left behind a place.
func (f *Files) Ended(p Place) bool { return p.Files == len(f.all) }

// Next returns the next line; see Source. A file that is not complete ends with its last whole line and an error; a
// complete one may lack its last line feed.
func (f *Files) Next(ctx context.Context) (Line, error) {
	for {
		if f.at.Name == "" {
			if err := ctx.Err(); err != nil {
				return Line{}, err
			}
			if f.Ended(f.at) {
				return Line{}, io.EOF
			}
			if err := f.begin(); err != nil {
				return Line{}, err
			}
		}
		value, truncated, err := f.lines.next(ctx)
		if err == nil {
			f.at.Lines++
			return f.shape(value, truncated), nil
		}
		if !errors.Is(err, io.EOF) {
			return Line{}, err
		}
		if err := f.finish(); err != nil {
			return Line{}, err
		}
	}
}

// begin opens the file that comes next.
func (f *Files) begin() error {
	one := f.all[f.at.Files]
	open, err := unpack(one.path, &f.read)
	if err != nil {
		return fmt.Errorf("read %s: %w", one.path, err)
	}
	f.open, f.at.Name = open, one.name
	f.lines = newLines(f.MaxRecordBytes, f.fill)
	f.lines.whole, f.lines.table = true, crc32.MakeTable(crc32.Castagnoli)
	return nil
}

// finish leaves a file behind.
func (f *Files) finish() error {
	err := f.open.close()
	f.at = Place{Lines: f.at.Lines, Files: f.at.Files + 1, Behind: behind(f.at.Behind, f.all[f.at.Files])}
	return err
}

// behind adds a file to the digest of those before it.
func behind(before string, one file) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%q %d %x", before, one.name, one.size, one.head))
	return hex.EncodeToString(sum[:12])
}

// fill never waits for long: a regular file always has an answer.
func (f *Files) fill(_ context.Context, p []byte) (int, error) {
	n, err := f.open.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		if f.open.format != "" {
			err = broken(f.open.format, err)
		}
		handedOut, _ := f.lines.at()
		err = fmt.Errorf("read %s behind byte %d of its content: %w", f.all[f.at.Files].path, handedOut, err)
	}
	return n, err
}

// Close closes the file that is open.
func (f *Files) Close() error {
	if f.at.Name == "" {
		return nil
	}
	return f.open.close()
}
