package record

import "testing"

// Every byte in every place of a word, in front of others of all kinds: the marks behind the first may be false.
func TestTextEndsAtTheFirstByteThatEndsIt(t *testing.T) {
	stops := func(c byte) bool { return c < ' ' || c == '"' || c == '\\' }
	for _, around := range []byte{'a', '!', '#', '[', ']', ' ', 0x7f, 0x80, 0xa2, 0xdc, 0xff, '"', '\\', 0, 0x1f} {
		for length := range 19 {
			for at := range length {
				for c := range 256 {
					text := make([]byte, length)
					for i := range text {
						text[i] = 'x'
						if i > at {
							text[i] = around
						}
					}
					text[at] = byte(c)
					for from := range at + 1 {
						wantASCII := true
						want := from
						for ; want < length && !stops(text[want]); want++ {
							wantASCII = wantASCII && text[want] < 0x80
						}
						if end, ascii := textEnd(text, from); end != want || ascii != wantASCII {
							t.Fatalf("%q from %d on ends at %d, ascii %v; want %d, %v", text, from, end, ascii, want, wantASCII)
						}
					}
				}
			}
		}
	}
}
