package daemon

import (
	"fmt"
	"strings"
)

// Mistake is one setting that is wrong.
type Mistake struct {
	Flag    string // name without dashes
	From    string // where the value came from: the flag or the variable, as a person wrote it
	Value   string // as written
	Problem string // completes the sentence that begins with the value: what is wrong, then what would be right
}

// Wrong is the error by which a Validate method reports a setting: the name of
// its flag without dashes, and a problem that completes the sentence
// `--flag: "value" ...`. Parse puts in the value, and the variable's name where
// it came from the environment.
func Wrong(flag, problem string, args ...any) error {
	return &Mistake{Flag: flag, Problem: fmt.Sprintf(problem, args...)}
}

// Error reads `--window: "10" is no duration: write ...`.
func (m *Mistake) Error() string {
	from := m.From
	if from == "" {
		from = "--" + m.Flag
	}
	return fmt.Sprintf("%s: %q %s", from, m.Value, m.Problem)
}

// ConfigError is everything that is wrong with the settings of a program.
type ConfigError struct {
	Program string
	Errors  []error // never empty; those about one setting are *Mistake
}

// Error has one line a mistake and a last one that says where to read on.
func (e *ConfigError) Error() string {
	var b strings.Builder
	for _, err := range e.Errors {
		b.WriteString(err.Error())
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "run %s --help", e.Program)
	return b.String()
}

// Unwrap lets errors.As find each mistake.
func (e *ConfigError) Unwrap() []error { return e.Errors }

// closest returns the known name that name was most likely meant to be, or "".
// Up to a third of the letters may differ: more than a slip is another word.
func closest(name string, known []string) string {
	best, least := "", len(name)/3+1
	for _, k := range known {
		if d := distance(name, k); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return best
	}
	// A forgotten end is no slip, yet it has only one reading: --max-rec.
	for _, k := range known {
		if len(name) >= 3 && strings.HasPrefix(k, name) {
			if best != "" {
				return ""
			}
			best = k
		}
	}
	return best
}

// distance counts the bytes to insert, delete or change (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
