package growth

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// TestAPlotIsAPictureOfItsPoints draws one and reads what is written in it: titles, names of lines, and a tick for each x.
func TestAPlotIsAPictureOfItsPoints(t *testing.T) {
	var out bytes.Buffer
	p := Plot{Title: "cost", X: "partitions", Y: "seconds", Lines: []Line{
		{Name: "processor", Points: []Point{{1, 2}, {96, 3}}},
		{Name: "sink", Points: []Point{{1, 1}, {1_000_000, 0.5}}},
	}}
	if err := p.SVG(&out); err != nil {
		t.Fatal(err)
	}
	written, marks := map[string]bool{}, 0
	for d := xml.NewDecoder(&out); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch now := token.(type) {
		case xml.CharData:
			written[strings.TrimSpace(string(now))] = true
		case xml.StartElement:
			if now.Name.Local == "path" {
				marks++
			}
		}
	}
	for _, want := range []string{"cost", "partitions", "seconds", "processor", "sink", "1", "96", "1M"} {
		if !written[want] {
			t.Errorf("%q is not in the picture", want)
		}
	}
	if marks < 6 { // two lines, four points
		t.Errorf("%d strokes for two lines of two points", marks)
	}
}

func TestNoNumberIsNoPicture(t *testing.T) {
	p := Plot{Title: "cost", Lines: []Line{{Name: "sink", Points: []Point{{1, math.NaN()}}}}}
	if p.SVG(io.Discard) == nil {
		t.Error("a point that is no number was drawn")
	}
}

func TestATableIsMarkdown(t *testing.T) {
	got := Table{Head: []string{"categories", "MB"}, Rows: [][]string{{"3", "20"}, {"100", "21"}}}.String()
	if want := "| categories | MB |\n|---|--:|\n| 3 | 20 |\n| 100 | 21 |\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
