package main

import (
	"bytes"
	"strconv"
)

// measurement is one record. The category aliases its message.
type measurement struct {
	timestamp int64
	value     float64
	category  []byte
}

// scan reads {"timestamp":1764000000,"value":53.214,"category":"B"}, fields in this order and without spaces.
func scan(b []byte) (m measurement, ok bool) {
	if b, ok = bytes.CutPrefix(b, []byte(`{"timestamp":`)); !ok {
		return m, false
	}
	i := 0
	for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		m.timestamp = m.timestamp*10 + int64(b[i]-'0')
	}
	if b, ok = bytes.CutPrefix(b[i:], []byte(`,"value":`)); !ok || i == 0 {
		return m, false
	}
	if m.value, i, ok = number(b); !ok {
		return m, false
	}
	if b, ok = bytes.CutPrefix(b[i:], []byte(`,"category":"`)); !ok {
		return m, false
	}
	end := bytes.IndexByte(b, '"')
	if end < 0 || string(b[end:]) != `"}` {
		return m, false
	}
	m.category = b[:end]
	return m, true
}

// number reads a decimal: short ones by hand, for a quotient of two numbers that float64 holds exactly is rounded once;
// others by the library.
func number(b []byte) (v float64, end int, ok bool) {
	powers := [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}
	digits, point := uint64(0), -1
	for ; end < len(b); end++ {
		c := b[end] - '0'
		if c <= 9 {
			digits = digits*10 + uint64(c)
		} else if b[end] == '.' && point < 0 {
			point = end
		} else {
			break
		}
	}
	if end == 0 {
		return 0, 0, false
	}
	behind := 0
	if point >= 0 {
		behind = end - point - 1
	}
	if end <= 17 && digits < 1<<53 && behind < len(powers) && (end == len(b) || b[end]|' ' != 'e') {
		return float64(digits) / powers[behind], end, true
	}
	for ; end < len(b) && b[end] != ',' && b[end] != '}'; end++ {
	}
	v, err := strconv.ParseFloat(string(b[:end]), 64)
	return v, end, err == nil
}
