package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// scope is what an expression sees of one record.
type scope struct {
	Value    float64 `expr:"value"`
	Category string  `expr:"category"`
	Time     float64 `expr:"time"` // seconds since the Unix epoch

	slots  []slot
	places []int // the slot of each of the program's reads
	reads  []access
}

// fieldError is why a field can't be used: part of a sentence.
type fieldError struct{ text string }

func (e *fieldError) Error() string { return e.text }

// fill takes over what the program needs of a record.
func (s *scope) fill(p *program, r *Record) {
	s.Value = r.Value
	if p.needs("category") {
		s.Category = string(r.Category)
	}
	if p.needs("time") {
		s.Time = seconds(r.Time)
	}
}

// readField gives a field's value: a number, a text, true or false, or, of an array or object, what encoding/json makes
// of it.
func readField(params ...any) (any, error) {
	s, i := params[0].(*scope), params[1].(int)
	field := &s.reads[i]
	v, err := s.slots[s.places[i]].value()
	if err != nil {
		return nil, &fieldError{fmt.Sprintf("the field %q %s", clipped(field.path.String()), err)}
	}
	if v == nil && !field.optional {
		return nil, &fieldError{fmt.Sprintf("the field %q is missing or null", clipped(field.path.String()))}
	}
	return v, nil
}

// value is what stands in the slot, nil if it is missing or null.
func (s *slot) value() (any, error) {
	if s.raw == nil {
		return nil, nil
	}
	switch s.raw[0] {
	case 'n':
		return nil, nil
	case 't', 'f':
		return s.raw[0] == 't', nil
	case '"':
		text, ok := s.string()
		if !ok {
			return nil, errors.New("is not valid UTF-8")
		}
		return string(text), nil
	case '{', '[':
		var v any
		if err := json.Unmarshal(s.raw, &v); err != nil {
			return nil, errors.New("holds a number beyond what a 64-bit float can hold")
		}
		return v, nil
	default:
		v, ok := s.num.float()
		if !ok {
			return nil, errors.New("is beyond what a 64-bit float can hold")
		}
		return v, nil
	}
}

// plus adds two numbers or joins two texts.
func plus(params ...any) (any, error) {
	switch a := params[0].(type) {
	case float64:
		if b, ok := params[1].(float64); ok {
			return a + b, nil
		}
	case string:
		b, ok := params[1].(string)
		if ok && len(a)+len(b) > maxExpressionText {
			return nil, &fieldError{fmt.Sprintf("a text put together by + is longer than %d bytes", maxExpressionText)}
		}
		if ok {
			return a + b, nil
		}
	}
	return nil, fmt.Errorf("+ needs two numbers or two texts, found %T and %T", params[0], params[1])
}

// length counts the characters of a text, and what an array or object holds.
func length(params ...any) (any, error) {
	switch v := params[0].(type) {
	case string:
		return float64(utf8.RuneCountInString(v)), nil
	case []any:
		return float64(len(v)), nil
	case map[string]any:
		return float64(len(v)), nil
	default:
		return nil, fmt.Errorf("len needs a text, an array or an object, found %T", v)
	}
}

// modulo is the remainder of a floored division, which has the divisor's sign.
func modulo(params ...any) (any, error) {
	a, ok := params[0].(float64)
	b, ok2 := params[1].(float64)
	if !ok || !ok2 {
		return nil, fmt.Errorf("mod needs two numbers, found %T and %T", params[0], params[1])
	}
	rest := math.Mod(a, b)
	if rest != 0 && (rest < 0) != (b < 0) {
		rest += b
	}
	return rest, nil
}
