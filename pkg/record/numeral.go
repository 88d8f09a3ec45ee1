package record

import (
	"encoding/json"
)

// numeral is a number as it was spelled, read the fast way where it is short.
type numeral struct {
	text  []byte // JSON's spelling
	short number // if plain
	plain bool
}

// readNumeral reads text that is a number in JSON's spelling and nothing else.
func readNumeral(text []byte) (numeral, bool) {
	if n, next, ok := plainNumber(text, 0); ok && next == len(text) {
		return numeral{text: text, short: n, plain: true}, true
	}
	if len(text) == 0 || !isNumber(text) || !isNumber(text[len(text)-1:]) || !json.Valid(text) {
		return numeral{}, false
	}
	return numeral{text: text}, true
}

func (x numeral) float() (v float64, ok bool) {
	if x.plain {
		return x.short.float(x.text)
	}
	return parseDecimal(x.text).float()
}

// nanos floors the number, in units of 10^-finer seconds, to nanoseconds since the Unix epoch.
func (x numeral) nanos(finer int) (t int64, ok bool) {
	if x.plain {
		n := x.short
		n.exp -= finer
		return n.nanos()
	}
	d := parseDecimal(x.text)
	d.point -= int64(finer)
	return d.nanos()
}

// magnitude is how many digits the number has in front of its point; 0 or less for what is below 1, and for 0.
func (x numeral) magnitude() int64 {
	if !x.plain {
		return parseDecimal(x.text).point
	}
	digits := 0
	for digits <= maxDigits && x.short.m >= uint64Pow10(digits) {
		digits++
	}
	if digits == 0 {
		return 0
	}
	return int64(digits + x.short.exp)
}
