package main

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// spare is how many bytes behind a record may be read.
const spare = 32

// Literals of a record, and how long they are.
const (
	timeLit     = `{"timestamp":`
	valueLit    = `,"value":`
	categoryLit = `,"category":"`
	least       = len(timeLit) + 10 + len(valueLit) + 1 + len(categoryLit) + 1 + len(`"}`)
)

// read takes a record of the bench's one shape apart, eight bytes at a time; ok is false for any other.
func read(b []byte) (second int64, v float64, category byte, ok bool) {
	n := len(b)
	if n < least || cap(b)-n < spare {
		return 0, 0, 0, false
	}
	b = b[:n+spare]
	if word(b, 0) != lit(timeLit[:8]) || word(b, len(timeLit)-8) != lit(timeLit[len(timeLit)-8:]) {
		return 0, 0, 0, false
	}
	p := len(timeLit)
	high, low := word(b, p), word(b, p+2)
	if digits(high) != 8 || digits(low) != 8 {
		return 0, 0, 0, false
	}
	second = int64(parse(high)*100 + parse(low)%100)
	p += 10
	if word(b, p) != lit(valueLit[:8]) || b[p+8] != valueLit[8] {
		return 0, 0, 0, false
	}
	p += len(valueLit)
	start := p
	w := word(b, p)
	k := digits(w)
	if k == 0 || k == 8 || b[p+k] != '.' {
		return 0, 0, 0, false
	}
	m := parse(w << (64 - 8*uint(k)))
	p += k + 1
	behind := 0
	for {
		w = word(b, p)
		k = digits(w)
		if k == 0 {
			break
		}
		m = m*power(k) + parse(w<<(64-8*uint(k)))
		p += k
		if behind += k; k < 8 {
			break
		}
	}
	switch {
	case behind == 0:
		return 0, 0, 0, false
	case behind > 17: // many zeros, or m has wrapped: one in a hundred thousand
		f, err := strconv.ParseFloat(string(b[start:p]), 64)
		if err != nil {
			return 0, 0, 0, false
		}
		v = f
	case m < 1<<53:
		v = float64(m) / float64(power(behind))
	default:
		v = quotient(m, power(behind))
	}
	if p+len(categoryLit)+3 != n || word(b, p) != lit(categoryLit[:8]) || word(b, p+len(categoryLit)-8) != lit(categoryLit[len(categoryLit)-8:]) {
		return 0, 0, 0, false
	}
	p += len(categoryLit)
	return second, v, b[p], b[p+1] == '"' && b[p+2] == '}'
}

func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// lit is eight bytes as word reads them; the compiler makes a number of a constant.
func lit(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// digits is how many of the eight bytes in front are digits.
func digits(w uint64) int {
	t := w ^ 0x3030303030303030
	return bits.TrailingZeros64(((t+0x7676767676767676)|t)&0x8080808080808080) >> 3
}

// parse is the number that eight digits spell, the first byte the most significant; zero bytes count as 0.
func parse(w uint64) uint64 {
	w = (w & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8
	w = (w & 0x00ff00ff00ff00ff) * 6553601 >> 16
	return (w & 0x0000ffff0000ffff) * 42949672960001 >> 32
}

func power(e int) uint64 {
	return [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}[e]
}
