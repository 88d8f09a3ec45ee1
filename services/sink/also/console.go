package also

import (
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxCategory is the widest category shown, in runes; a longer one ends in "…".
const maxCategory = 24

// console prints a table, a line for each result:
//
//	category                  2026-11-24 (UTC)       count         mean  filtered
//	A                         09:00:00–09:00:10        123      44.8700        14
//	B                         09:00:00–09:00:10          0            -         9
//
// The column of windows is headed by the day on which they start, and the header
// comes again whenever that changes: times stay short, and none is ambiguous.
// What results do not state is a dash. Windows of a day or more carry their own dates. A column that gets too narrow
// grows, under a new header. Means have six significant digits.
type console struct {
	w      io.Writer
	heads  [columns]string // the header last printed
	widths [columns]int    // in runes
	cells  [][columns]string
	out    []byte
}

const (
	category = iota
	bounds
	count
	mean
	filtered
	columns
)

func newConsole(w io.Writer) *console {
	return &console{w: w, widths: [columns]int{maxCategory, len("09:00:00-09:00:10"), 9, 11, 8}}
}

// Write prints the rows of one commit with one write of its own.
func (c *console) Write(rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	c.cells = c.cells[:0]
	for i := range rows {
		row := cellsOf(&rows[i])
		for col, cell := range row {
			if n := utf8.RuneCountInString(cell); n > c.widths[col] {
				c.widths[col] = n
				c.heads = [columns]string{}
			}
		}
		c.cells = append(c.cells, row)
	}
	c.out = c.out[:0]
	for i, row := range c.cells {
		if heads := headsOf(&rows[i]); heads != c.heads {
			c.heads = heads
			c.print(heads)
		}
		c.print(row)
	}
	if _, err := c.w.Write(c.out); err != nil {
		c.heads = [columns]string{} // who knows what of it was seen
		return fmt.Errorf("print %d results on --also console: %w", len(rows), err)
	}
	return nil
}

// Close does nothing: the stream is its opener's.
func (c *console) Close() error { return nil }

func (c *console) print(cells [columns]string) {
	c.out = fmt.Appendf(c.out, "%-*s  %-*s  %*s  %*s  %*s\n",
		c.widths[category], cells[category], c.widths[bounds], cells[bounds],
		c.widths[count], cells[count], c.widths[mean], cells[mean], c.widths[filtered], cells[filtered])
}

func headsOf(row *Row) [columns]string {
	day := "window (UTC)"
	if !isLong(row) {
		day = row.Start.UTC().Format(time.DateOnly) + " (UTC)"
	}
	return [columns]string{"category", day, "count", "mean", "filtered"}
}

func cellsOf(row *Row) [columns]string {
	average, records := "-", "-"
	if row.HasMean {
		average = fmt.Sprintf("%#.6g", row.Mean)
	}
	if row.HasCount {
		records = strconv.FormatInt(row.Count, 10)
	}
	return [columns]string{
		shown(row.Category), windowText(row),
		records, average, strconv.FormatInt(row.Filtered, 10),
	}
}

func isLong(row *Row) bool { return row.End.Sub(row.Start) >= 24*time.Hour }

// windowText writes both bounds with the same detail, the least that both need.
func windowText(row *Row) string {
	start, end := row.Start.UTC(), row.End.UTC()
	var layout string
	switch fraction := gcd(start.Nanosecond(), end.Nanosecond()); {
	case fraction == 0:
		layout = time.TimeOnly
	case fraction%1e6 == 0:
		layout = time.TimeOnly + ".000"
	case fraction%1e3 == 0:
		layout = time.TimeOnly + ".000000"
	default:
		layout = time.TimeOnly + ".000000000"
	}
	if isLong(row) {
		layout = time.DateOnly + " " + layout
		if midnight(start) && midnight(end) {
			layout = time.DateOnly
		}
	}
	return start.Format(layout) + "–" + end.Format(layout)
}

func midnight(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }

// gcd is 0 where both are, and else divisible by what both are divisible by.
func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// shown makes a category fit for a terminal. What a terminal would obey, or would
// not show, is escaped as in Go: a category comes from whoever may write to the
// topic. An escape is shown whole or not at all.
func shown(name string) string {
	var out []byte
	runes, fits := 0, 0 // fits: bytes of out that leave room for the "…"
	for len(name) > 0 {
		r, size := utf8.DecodeRuneInString(name)
		from := len(out)
		switch {
		case r == utf8.RuneError && size == 1:
			out = fmt.Appendf(out, `\x%02x`, name[0])
		case unicode.IsPrint(r):
			out = append(out, name[:size]...)
		default:
			quoted := strconv.QuoteRune(r)
			out = append(out, quoted[1:len(quoted)-1]...)
		}
		name = name[size:]
		runes += utf8.RuneCount(out[from:])
		if runes > maxCategory {
			return string(out[:fits]) + "…"
		}
		if runes < maxCategory {
			fits = len(out)
		}
	}
	return string(out)
}
