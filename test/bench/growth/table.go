package growth

import (
	"fmt"
	"strings"
)

// Table is Markdown.
type Table struct {
	Head []string
	Rows [][]string
}

// String has the first column to the left and the others to the right.
func (t Table) String() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.Head)
	b.WriteString("|---|" + strings.Repeat("--:|", len(t.Head)-1) + "\n")
	for _, r := range t.Rows {
		line(r)
	}
	return b.String()
}
