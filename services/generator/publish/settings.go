package publish

import (
	"errors"
	"strconv"
)

// Rate is a pace that need not be given: the default depends on the source.
type Rate struct {
	Set       bool
	PerSecond float64 // records; 0 = as fast as it goes
}

// UnmarshalText reads a number of records per second. The error completes the sentence that begins with the value.
func (r *Rate) UnmarshalText(text []byte) error {
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(n >= 0) || n > 1e12 {
		return errors.New("is no rate: write records per second, such as 1000 or 0.5, or 0 for as fast as it goes")
	}
	r.Set, r.PerSecond = true, n
	return nil
}

// Seed is a seed that need not be given: without one, a random one is drawn and logged.
type Seed struct {
	Set   bool
	Value uint64
}

// UnmarshalText reads a whole number. The error completes the sentence that begins with the value.
func (s *Seed) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		return errors.New("is no seed: write a whole number from 0 to 18446744073709551615")
	}
	s.Set, s.Value = true, n
	return nil
}
