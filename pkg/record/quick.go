package record

import "encoding/binary"

// quickValue is plainValue for the numbers that measurements mostly are: digits, a point, up to 16 digits. Two or three
// words of eight bytes are all that it looks at, and nothing of it branches by how many digits there are, which no
// processor could foresee. Everything else is plainValue's.
func quickValue(b []byte, i int) (v float64, next int, ok bool) {
	if i+16 > len(b) {
		return plainValue(b, i)
	}
	w := binary.LittleEndian.Uint64(b[i:])
	whole := leadingDigits(w)
	if whole-1 > 6 || whole > 1 && b[i] == '0' || b[i+int(whole)] != '.' {
		return plainValue(b, i)
	}
	m := eightDigits(w << (64 - 8*whole))
	at := i + int(whole) + 1 // at most i+8
	w = binary.LittleEndian.Uint64(b[at:])
	behind := leadingDigits(w)
	if behind == 8 {
		return longValue(b, i, at+8, m*1e8+eightDigits(w), whole+8)
	}
	next = at + int(behind)
	if behind == 0 || b[next]|' ' == 'e' {
		return plainValue(b, i)
	}
	m = m*smallPow10(behind) + eightDigits(w<<(64-8*behind))
	return float64(m) / floatPow10(int(behind)), next, true // 14 digits at most: both are exact
}

// longValue goes on with a number of which m is what stands in front of at: count digits, eight of them behind the point.
func longValue(b []byte, i, at int, m uint64, count uint) (v float64, next int, ok bool) {
	if at+8 > len(b) {
		return plainValue(b, i)
	}
	w := binary.LittleEndian.Uint64(b[at:])
	more := leadingDigits(w)
	next = at + int(more)
	if more == 8 || count+more > maxDigits || b[next]|' ' == 'e' {
		return plainValue(b, i)
	}
	m = m*smallPow10(more) + eightDigits(w<<(64-8*more))
	behind := 8 + int(more)
	if m < 1<<53 {
		return float64(m) / floatPow10(behind), next, true
	}
	return quotient(m, uint64Pow10(behind)), next, true
}
