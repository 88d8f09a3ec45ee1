package record

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// path leads to a field of a record: names from the outermost object inwards. A name of digits picks from an array the
// element of that number, counted from 0, and from an object the field of that name.
type path []string

// Bounds of a path, so that neither a scanner nor a sentence about it can grow without end.
const (
	maxPathBytes = 512
	maxPathDepth = 32
)

// escapable are the characters that a backslash takes their meaning from.
const escapable = `.,\@ `

// parsePath reads names separated by dots; a backslash in front of a dot, comma, blank, @ or backslash makes it part of
// the name.
func parsePath(s string) (path, error) {
	var p path
	for rest := s; ; {
		name, after, more := cutUnescaped(rest, '.')
		plain, err := unescape(name)
		if err != nil {
			return nil, err
		}
		if plain == "" {
			return nil, errors.New(`has an empty name: write the names of nested fields with one dot between them, such as device.battery, and \. for a dot that is part of a name`)
		}
		p = append(p, plain)
		if !more {
			return p, p.check()
		}
		rest = after
	}
}

func (p path) check() error {
	switch n := len(p.String()); {
	case n > maxPathBytes:
		return fmt.Errorf("is a path of %d bytes: at most %d are allowed", n, maxPathBytes)
	case len(p) > maxPathDepth:
		return fmt.Errorf("is a path of %d names: at most %d are allowed", len(p), maxPathDepth)
	}
	return nil
}

// cutUnescaped is strings.Cut at the first separator that no backslash stands before; the escapes stay.
func cutUnescaped(s string, separator byte) (before, after string, found bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case separator:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
			if i == len(s) || !strings.Contains(escapable, s[i:i+1]) {
				return "", fmt.Errorf(`has a backslash before something other than a dot, comma, blank, @ or backslash in %q: write \\ for a backslash that is part of a name`, s)
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), nil
}

func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.Contains(escapable, s[i:i+1]) {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// String is the path as parsePath reads it.
func (p path) String() string {
	names := make([]string, len(p))
	for i, name := range p {
		names[i] = escape(name)
	}
	return strings.Join(names, ".")
}

// arrayIndex is the number of the element that a name picks from an array, -1 for a name that picks none.
func arrayIndex(name string) int {
	n, err := strconv.ParseUint(name, 10, 31)
	if err != nil || strconv.FormatUint(n, 10) != name {
		return -1
	}
	return int(n)
}
