package daemon

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// errUnsupported is a field that no flag can fill: a mistake of the service.
var errUnsupported = errors.New("has a type that no flag can fill")

// decode sets the flag's field to the texts, or leaves it and returns the
// problem, which completes the sentence that begins with the last text.
// Only lists take more than one text; elsewhere the last one counts, as in
// every shell alias that is overridden at its end.
func decode(flag *kong.Flag, texts []string) error {
	target := reflect.New(flag.Target.Type()).Elem()
	if flag.IsSlice() {
		for _, text := range texts {
			if err := appendList(target, text, flag.Tag.Sep); err != nil {
				return err
			}
		}
	} else if err := decodeOne(target, texts[len(texts)-1]); err != nil {
		return err
	}
	if err := checkEnum(flag, target); err != nil {
		return err
	}
	if err := checkLimits(flag, target); err != nil {
		return err
	}
	flag.Target.Set(target)
	return nil
}

// appendList splits text at sep, or not at all where the tag says sep:"none".
func appendList(target reflect.Value, text string, sep rune) error {
	parts := []string{text}
	if sep != -1 {
		parts = strings.Split(text, string(sep))
	}
	for _, part := range parts {
		part = strings.TrimSpace(part)
		if part == "" {
			return errors.New("has an empty entry: leave it out")
		}
		entry := reflect.New(target.Type().Elem()).Elem()
		if err := decodeOne(entry, part); err != nil {
			return err
		}
		target.Set(reflect.Append(target, entry))
	}
	return nil
}

func decodeOne(target reflect.Value, text string) error {
	if u, ok := target.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if target.Type() == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("is no duration: write a number with a unit (ms, s, m, h), such as 10s or 1m")
		}
		target.SetInt(int64(d))
		return nil
	}
	switch {
	case target.Kind() == reflect.String:
		target.SetString(text)
	case target.Kind() == reflect.Bool:
		return decodeBool(target, text)
	case target.CanInt():
		n, err := strconv.ParseInt(text, 10, target.Type().Bits())
		target.SetInt(n)
		return noNumber(err, "whole number", "1000")
	case target.CanUint():
		n, err := strconv.ParseUint(text, 10, target.Type().Bits())
		target.SetUint(n)
		return noNumber(err, "whole number from 0 on", "1000")
	case target.CanFloat():
		f, err := strconv.ParseFloat(text, target.Type().Bits())
		if math.IsNaN(f) || math.IsInf(f, 0) {
			err = strconv.ErrSyntax
		}
		target.SetFloat(f)
		return noNumber(err, "number", "1000 or 0.5")
	default:
		return errUnsupported
	}
	return nil
}

func decodeBool(target reflect.Value, text string) error {
	switch strings.ToLower(text) {
	case "true", "yes", "1":
		target.SetBool(true)
	case "false", "no", "0":
		target.SetBool(false)
	default:
		return errors.New("is neither true nor false: write one of them")
	}
	return nil
}

func noNumber(err error, kind, example string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("is further from 0 than fits: write a %s such as %s", kind, example)
	}
	return fmt.Errorf("is no %s: write one such as %s", kind, example)
}

// checkEnum holds text to the choices of an enum:"a,b" tag.
func checkEnum(flag *kong.Flag, target reflect.Value) error {
	if flag.Enum == "" || target.Kind() != reflect.String {
		return nil
	}
	choices := flag.EnumSlice()
	if slices.Contains(choices, target.String()) {
		return nil
	}
	return fmt.Errorf("is not known: write %s", orList(choices))
}

func orList(choices []string) string {
	last := len(choices) - 1
	if last == 0 {
		return choices[0]
	}
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}

// checkLimits holds numbers, durations and sizes to their min and max tags,
// both inclusive and written as the flag itself would be.
func checkLimits(flag *kong.Flag, target reflect.Value) error {
	least, most := flag.Tag.Get("min"), flag.Tag.Get("max")
	below, err := compareTo(target, least)
	if err != nil {
		return err
	}
	above, err := compareTo(target, most)
	if err != nil {
		return err
	}
	if (least == "" || below >= 0) && (most == "" || above <= 0) {
		return nil
	}
	switch {
	case most == "":
		return fmt.Errorf("is too small: write at least %s", least)
	case least == "":
		return fmt.Errorf("is too large: write at most %s", most)
	}
	return fmt.Errorf("is out of range: write %s to %s", least, most)
}

func compareTo(value reflect.Value, limit string) (int, error) {
	if limit == "" {
		return 0, nil
	}
	other := reflect.New(value.Type()).Elem()
	if err := decodeOne(other, limit); err != nil {
		return 0, fmt.Errorf("is checked against the limit %q, which %w", limit, err)
	}
	switch {
	case value.CanInt():
		return cmp.Compare(value.Int(), other.Int()), nil
	case value.CanUint():
		return cmp.Compare(value.Uint(), other.Uint()), nil
	case value.CanFloat():
		return cmp.Compare(value.Float(), other.Float()), nil
	}
	return 0, errUnsupported
}
