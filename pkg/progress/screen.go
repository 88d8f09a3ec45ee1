package progress

import (
	"io"
	"sync"
)

// clear goes to the line's beginning and empties it.
const clear = "\r\x1b[K"

// Screen is a terminal that has a line of progress at its bottom. What is written to it otherwise, such as the log, comes
// above that line. It may be used by several goroutines.
type Screen struct {
	mu   sync.Mutex
	w    io.Writer
	line string
}

// NewScreen makes a screen of a terminal.
func NewScreen(w io.Writer) *Screen { return &Screen{w: w} }

// Write implements io.Writer: text is one or several whole lines.
func (s *Screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line == "" {
		return s.w.Write(text)
	}
	if _, err := io.WriteString(s.w, clear); err != nil {
		return 0, err
	}
	n, err := s.w.Write(text)
	if err == nil {
		_, err = io.WriteString(s.w, s.line)
	}
	return n, err
}

// show puts another line in place of the last; an empty one takes it away.
func (s *Screen) show(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if line == s.line {
		return
	}
	s.line = line
	_, _ = io.WriteString(s.w, clear+line) // a terminal that is gone is no reason to stop
}
