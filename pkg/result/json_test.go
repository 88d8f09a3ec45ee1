package result_test

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/meanstream/meanstream/pkg/result"
	"github.com/meanstream/meanstream/pkg/window"
)

func TestResultsAreWrittenLikeThis(t *testing.T) {
	start := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC).UnixNano()
	tens := window.Bounds{Start: start, End: start + 10*second}
	kept := func(filtered int64, values ...float64) *window.Aggregate {
		a := &window.Aggregate{Filtered: filtered}
		for _, v := range values {
			a.Keep(v)
		}
		return a
	}
	const times = `"window_start":"2026-11-24T09:00:00Z","window_end":"2026-11-24T09:00:10Z",`
	for name, c := range map[string]struct {
		category string
		bounds   window.Bounds
		a        *window.Aggregate
		want     string
	}{
		"numbers are short, and rounded once": {"A", tens, kept(14, 0.1, 0.2, 0.3),
			`{"category":"A",` + times + `"count":3,"filtered":14,"sum":0.6,"mean":0.2,"min":0.1,"max":0.3,"stddev":0.0816496580927726}`},
		"without a kept record there are no means": {"A", tens, kept(2),
			`{"category":"A",` + times + `"count":0,"filtered":2,"sum":0}`},
		"a sum beyond float64 is null and its mean is right": {"A", tens, kept(0, 1.5e308, 1.5e308),
			`{"category":"A",` + times + `"count":2,"filtered":0,"sum":null,"mean":1.5e+308,"min":1.5e+308,"max":1.5e+308,"stddev":0}`},
		"great and tiny numbers have exponents": {"A", tens, kept(0, 1e21, -1e-7, 1e-6),
			`{"category":"A",` + times + `"count":3,"filtered":0,"sum":1e+21,"mean":333333333333333300000,"min":-1e-7,"max":1e+21,"stddev":471404520791031700000}`},
		"fractions of seconds are there where needed": {"A", window.Bounds{Start: start + 500, End: start + 1.5e9}, kept(1),
			`{"category":"A","window_start":"2026-11-24T09:00:00.0000005Z","window_end":"2026-11-24T09:00:01.5Z","count":0,"filtered":1,"sum":0}`},
		"categories are escaped as JSON, not as HTML": {"a\"\\/<&>\n\x01\x7f\u2028é😀", tens, kept(1),
			`{"category":"a\"\\/<&>\n\u0001` + "\x7f" + `\u2028é😀",` + times + `"count":0,"filtered":1,"sum":0}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := result.Of(c.category, c.bounds, c.a)
			if got := string(r.AppendJSON(nil)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestResultsThatCannotBeReadSaySo(t *testing.T) {
	const whole = `{"category":"A","window_start":"2026-11-24T09:00:00Z","window_end":"2026-11-24T09:00:10Z","count":1,"filtered":0,"sum":1,"mean":1,"min":1,"max":1,"stddev":0}`
	if r, err := result.Parse([]byte(whole)); err != nil || r.Mean != 1 || r.Window.End-r.Window.Start != 10*second {
		t.Fatalf("parse of a whole result gives %+v and error %v", r, err)
	}
	for name, b := range map[string]string{
		"it is cut":                    whole[:50],
		"it is empty":                  "",
		"it has no category":           `{"window_start":"2026-11-24T09:00:00Z","window_end":"2026-11-24T09:00:10Z","count":0,"filtered":0}`,
		"it has no window":             `{"category":"A","count":0,"filtered":0}`,
		"it has no mean for its count": `{"category":"A","window_start":"2026-11-24T09:00:00Z","window_end":"2026-11-24T09:00:10Z","count":1,"filtered":0,"sum":1,"mean":null}`,
		"its time is none":             `{"category":"A","window_start":"nine","window_end":"2026-11-24T09:00:10Z","count":0,"filtered":0}`,
	} {
		t.Run(name, func(t *testing.T) {
			if r, err := result.Parse([]byte(b)); err == nil {
				t.Errorf("parse of %s gives %+v, want an error", b, r)
			}
		})
	}
}

func TestWhatIsAskedForIsWrittenInThatOrder(t *testing.T) {
	bounds := window.Bounds{Start: 0, End: 10 * second}
	const head = `{"category":"A","window_start":"1970-01-01T00:00:00Z","window_end":"1970-01-01T00:00:10Z",`
	for asked, want := range map[string][2]string{ // with kept records, and without
		"mean":                      {`"filtered":2,"mean":2}`, `"filtered":2}`},
		"last,count,first":          {`"last":3,"count":2,"filtered":2,"first":1}`, `"count":0,"filtered":2}`},
		"stddev,sum":                {`"filtered":2,"stddev":1,"sum":4}`, `"filtered":2,"sum":0}`},
		"count,max":                 {`"count":2,"filtered":2,"max":3}`, `"count":0,"filtered":2}`},
		"sum,count,mean,min,stddev": {`"sum":4,"count":2,"filtered":2,"mean":2,"min":1,"stddev":1}`, `"sum":0,"count":0,"filtered":2}`},
	} {
		t.Run(asked, func(t *testing.T) {
			var carried window.Aggregates
			if err := carried.UnmarshalText([]byte(asked)); err != nil {
				t.Fatal(err)
			}
			for i, want := range want {
				a := window.NewAggregate(carried)
				a.Filtered = 2
				if i == 0 {
					a.KeepPoint(window.Point{Time: 2, Value: 3})
					a.KeepPoint(window.Point{Time: 1, Value: 1})
				}
				r := result.Of("A", bounds, &a)
				got := r.AppendJSON(nil)
				if string(got) != head+want {
					t.Errorf("got\n%s\nwant\n%s", got, head+want)
				}
				back, err := result.Parse(got)
				if err != nil || string(back.AppendJSON(nil)) != string(got) {
					t.Errorf("%s reads back as %+v, error %v", got, back, err)
				}
			}
		})
	}
}

// library is a result as encoding/json would write it.
type library struct {
	Category    string    `json:"category"`
	WindowStart time.Time `json:"window_start"`
	WindowEnd   time.Time `json:"window_end"`
	Count       int64     `json:"count"`
	Filtered    int64     `json:"filtered"`
	Sum         *float64  `json:"sum"`
	*means
}

type means struct {
	Mean   float64  `json:"mean"`
	Min    float64  `json:"min"`
	Max    float64  `json:"max"`
	StdDev *float64 `json:"stddev"`
}

func finite(f float64) *float64 {
	if math.IsInf(f, 0) {
		return nil
	}
	return &f
}

func libraryJSON(t *testing.T, r *result.Result) []byte {
	l := library{
		r.Category, time.Unix(0, r.Window.Start).UTC(), time.Unix(0, r.Window.End).UTC(), r.Count, r.Filtered, finite(r.Sum), nil,
	}
	if r.Count > 0 {
		l.means = &means{r.Mean, r.Min, r.Max, finite(r.StdDev)}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(l); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// FuzzJSON compares with encoding/json, and reads back what was written.
func FuzzJSON(f *testing.F) {
	f.Add("A", int64(0), 10*second, int64(3), 1.5, -0.25, 1e-7, 1e21)
	f.Add("\"\\\b\f\n\r\t\x00\x1f\x7f\u2028\u2029\xff\xc3", int64(math.MinInt64), int64(math.MaxInt64), int64(1), math.Inf(1), 0.0, 5e-324, math.MaxFloat64)
	f.Add("B", int64(0), int64(1), int64(1), 1e-6, 1e-6, -1e-6, 9.999999999999999e-7)
	f.Add("<&>", int64(1), int64(2), int64(0), 0.0, 0.0, 0.0, 0.0)
	f.Fuzz(func(t *testing.T, category string, start, end, count int64, sum, mean, low, high float64) {
		for _, v := range []float64{mean, low, high} {
			if math.IsInf(v, 0) || math.IsNaN(v) || math.IsNaN(sum) {
				t.Skip("no aggregate has such a value")
			}
		}
		r := result.Result{Category: category, Window: window.Bounds{Start: start, End: end}, Count: max(count, 0), Filtered: 7}
		if r.Count > 0 {
			r.Sum, r.Mean, r.Min, r.Max, r.StdDev = sum, mean, low, high, math.Abs(high)
			if math.IsInf(sum, 0) {
				r.Mean = math.Copysign(1, sum)
			}
		}
		got := r.AppendJSON([]byte("x"))[1:]
		if want := libraryJSON(t, &r); !bytes.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
		back, err := result.Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		// Whatever of a category is not UTF-8 comes back as replacement characters.
		r.Category = string([]rune(r.Category))
		if back != r {
			t.Fatalf("%s reads back as %+v, want %+v", got, back, r)
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	start := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC).UnixNano()
	r := result.Result{
		Category: "sensor-17", Window: window.Bounds{Start: start, End: start + 10*second}, Count: 123, Filtered: 14,
		Sum: 5519.01, Mean: 44.87, Min: 0.12, Max: 89.97, StdDev: 25.9,
	}
	b.Run("ours", func(b *testing.B) {
		var dst []byte
		b.ReportAllocs()
		for b.Loop() {
			dst = r.AppendJSON(dst[:0])
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		l := library{r.Category, time.Unix(0, start).UTC(), time.Unix(0, r.Window.End).UTC(), r.Count, r.Filtered, &r.Sum,
			&means{r.Mean, r.Min, r.Max, &r.StdDev}}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(l); err != nil {
				b.Fatal(err)
			}
		}
	})
}
