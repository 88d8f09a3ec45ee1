package daemon

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// related has two settings that depend on each other.
type related struct {
	Low  int `default:"1"`
	High int `default:"10"`
}

func (r *related) Validate() []error {
	var errs []error
	if r.Low > r.High {
		errs = append(errs, Wrong("low", "is above --high: write at most %d", r.High))
	}
	if r.High == 13 {
		errs = append(errs, errors.New("the numbers are unlucky"))
	}
	return errs
}

func TestRelationsAreJudgedOnlyBetweenReadableSettings(t *testing.T) {
	cases := []struct {
		name string
		args []string
		want []string
	}{
		{"both are readable", []string{"--low=20", "--high=5"}, []string{`--low: "20" is above --high: write at most 5`}},
		{"one is a default", []string{"--high=0"}, []string{`--low: "1" is above --high: write at most 0`}},
		{"the setting itself is not readable", []string{"--low=x", "--high=0"}, []string{`--low: "x" is no whole number: write one such as 1000`}},
		{"the other one is not readable", []string{"--low=20", "--high=x"}, []string{`--high: "x" is no whole number: write one such as 1000`}},
		{"the other one has no value", []string{"--low=20", "--high"}, []string{`--high: no value given: write --high=10`}},
		{"an error of no setting", []string{"--high=13"}, []string{"the numbers are unlucky"}},
		{"both kinds", []string{"--low=14", "--high=13"}, []string{`--low: "14" is above --high: write at most 13`, "the numbers are unlucky"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(Program{Name: "x"}, &related{}, Host{Args: c.args, Getenv: noEnv})
			var wrong *ConfigError
			if !errors.As(err, &wrong) {
				t.Fatalf("error %v, want a *ConfigError", err)
			}
			var got []string
			for _, e := range wrong.Errors {
				got = append(got, e.Error())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMistakeReadsWellWithoutParse(t *testing.T) {
	err := Wrong("keep", "is no rule: %s expected", "100%")
	if got, want := err.Error(), `--keep: "" is no rule: 100% expected`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var m *Mistake
	if all := (&ConfigError{Program: "x", Errors: []error{err}}); !errors.As(error(all), &m) || m.Flag != "keep" {
		t.Error("the mistake cannot be found in the whole")
	}
}
