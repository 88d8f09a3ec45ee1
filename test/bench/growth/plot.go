package growth

import (
	"fmt"
	"image/color"
	"io"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// Plot is one picture. X is drawn on a logarithmic scale, for what grows grows by factors; Y from 0, so that a
// small difference does not look large.
type Plot struct {
	Title, X, Y string
	Lines       []Line
}

// Line is one of its lines, of points with X above 0.
type Line struct {
	Name   string
	Points []Point
}

// Point is one measurement.
type Point struct{ X, Y float64 }

// SVG draws it.
func (p Plot) SVG(w io.Writer) error {
	drawn := plot.New()
	drawn.Title.Text, drawn.X.Label.Text, drawn.Y.Label.Text = p.Title, p.X, p.Y
	drawn.Title.Padding, drawn.Legend.Top = vg.Points(8), true
	drawn.X.Scale, drawn.X.Tick.Marker = plot.LogScale{}, p.ticks()
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{230}, color.Gray{230}
	drawn.Add(grid)
	var highest float64
	for i, l := range p.Lines {
		var points plotter.XYs
		for _, at := range l.Points {
			points = append(points, plotter.XY(at))
			highest = max(highest, at.Y)
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return fmt.Errorf("plot %q: line %q: %w", p.Title, l.Name, err)
		}
		line.Color, line.Width = plotutil.Color(i), vg.Points(1.5)
		marks.Color, marks.Shape = plotutil.Color(i), plotutil.Shape(i)
		drawn.Add(line, marks)
		if l.Name != "" {
			drawn.Legend.Add(l.Name, line, marks)
		}
	}
	drawn.Y.Min, drawn.Y.Max = 0, highest*1.3 // room for the legend
	out, err := drawn.WriterTo(5.5*vg.Inch, 3.2*vg.Inch, "svg")
	if err != nil {
		return fmt.Errorf("plot %q: %w", p.Title, err)
	}
	_, err = out.WriteTo(w)
	return err
}

// ticks are where something was measured.
func (p Plot) ticks() plot.ConstantTicks {
	var at []float64
	for _, l := range p.Lines {
		for _, point := range l.Points {
			at = append(at, point.X)
		}
	}
	slices.Sort(at)
	var ticks plot.ConstantTicks
	for _, x := range slices.Compact(at) {
		ticks = append(ticks, plot.Tick{Value: x, Label: short(x)})
	}
	return ticks
}

// short writes a number as a person would beside an axis.
func short(x float64) string {
	switch {
	case x >= 1e6:
		return fmt.Sprintf("%.3gM", x/1e6)
	case x >= 1e4:
		return fmt.Sprintf("%.3gk", x/1e3)
	}
	return fmt.Sprintf("%.4g", x)
}
