package checkpoint

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const writer = "processor/1b4e28ba-2fa1-11d2-883f-0016d3cca427"

func appendMerge(m Merge) []byte { return m.append(nil) }

// samples has one body of every shape that is in somebody's offsets topic.
func samples() map[string][]byte {
	id := [16]byte{0xDE, 0xAD, 14: 0xBE, 15: 0xEF}
	return map[string][]byte{
		"source_named_only": AppendSource(nil, &Source{TopicID: id, Watermark: math.MinInt64}),
		"source_running":    AppendSource(nil, &Source{TopicID: id, Opened: true, Watermark: 1764000008e9}),
		"source_zero": AppendSource(nil, &Source{
			TopicID: id, Opened: true, Watermark: -1, Ended: true, EndedAt: 123456789,
			Pins: &Pins{Placement: 3, Base: 6}, Targets: []int64{123456789, 0, 7, 123456000, 99, 5}, Run: 2,
		}),
		"source_topics": AppendSource(nil, &Source{
			TopicID: id, Opened: true, Watermark: -1, Pins: &Pins{Placement: 3, Base: 6}, Targets: []int64{123456789, 0}, Run: 2,
			Others: []Other{{Topic: "readings", Base: 3, Targets: []int64{7, 8, 9}}, {Topic: "spikes", Targets: []int64{}}},
		}),
		"merge_topics": appendMerge(Merge{
			ReplayFrom: 4711, Placement: 3, Emitted: 1764000010e9, Lateness: 2e9, Rule: 0x110e0f2a40753f4a,
			Topics: []SourceTopic{{ID: id, Name: "alarms"}, {ID: [16]byte{1}, Name: "readings"}},
			Sources: []SourceState{
				{Topic: 0, Partition: 0, Known: true, To: 17, Watermark: 1764000012500e6},
				{Topic: 0, Partition: 1, Known: true, Ended: true, To: 1000, Watermark: 1764000013e9},
				{Topic: 1, Partition: 0, Known: true, To: 123456789, Watermark: math.MinInt64},
			},
		}),
		"merge_fresh": appendMerge(Merge{TopicID: id, Placement: 3, Emitted: math.MinInt64}),
		"merge_closing": appendMerge(Merge{
			ReplayFrom: 4711, Placement: 3, Emitted: 1764000010e9, Cursor: &Cursor{End: 1764000010e9, Category: "Ä"},
			Lateness: 2e9, Rule: 0x110e0f2a40753f4a, TopicID: id,
			Sources: []SourceState{
				{Partition: 0, Known: true, To: 123456789, Watermark: 1764000012500e6},
				{Partition: 1, Known: true, Ended: true, To: 1000, Watermark: 1764000013e9},
				{Partition: 2, Known: true, To: 17, Watermark: math.MinInt64},
				{Partition: 7, Watermark: math.MinInt64},
			},
		}),
	}
}

func TestTheTextsNeverChange(t *testing.T) {
	for name, body := range samples() {
		t.Run(name, func(t *testing.T) {
			file := "testdata/" + name + "_v1.txt"
			got, err := Encode(Named{Writer: writer, Body: body})
			if err != nil {
				t.Fatal(err)
			}
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got+"\n" != string(want) {
				t.Errorf("encoded\n%s\nwant, as released,\n%s", got, want)
			}
			n, err := Decode(strings.TrimSpace(string(want)))
			if err != nil || n.Writer != writer || !bytes.Equal(n.Body, body) {
				t.Errorf("decoded %+v, error %v", n, err)
			}
		})
	}
}

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := Named{
			Writer: rapid.StringN(1, 100, -1).Draw(t, "writer"),
			Body:   rapid.SliceOfN(rapid.Byte(), 0, 2600).Draw(t, "body"),
		}
		text, err := Encode(n)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Decode(text); err != nil || got.Writer != n.Writer || !bytes.Equal(got.Body, n.Body) {
			t.Fatalf("decoded %+v, error %v, want %+v", got, err, n)
		}
		// Any other character anywhere is noticed.
		i := rapid.IntRange(0, len(text)-1).Draw(t, "position")
		c := rapid.SampledFrom([]byte("ABCabc019-_+/= \n")).Draw(t, "character")
		if damaged := text[:i] + string(c) + text[i+1:]; damaged != text {
			if _, err := Decode(damaged); !errors.Is(err, ErrUnreadable) && !errors.Is(err, ErrVersion) {
				t.Fatalf("%q for %q: error %v", damaged, text, err)
			}
		}
	})
}

func TestForeignTextsAreNamed(t *testing.T) {
	text, err := Encode(Named{Writer: writer, Body: samples()["source_running"]})
	if err != nil {
		t.Fatal(err)
	}
	later := func(v byte) string {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		b[1] = v
		return base64.RawURLEncoding.EncodeToString(b)
	}
	unnamed := binary.LittleEndian.AppendUint32([]byte{magic, version}, checksum([]byte{0}))
	for _, c := range []struct {
		name, text string
		want       error
		says       string
	}{
		{"a blank text, as reset tools leave it", "", ErrUnreadable, "blank"},
		{"another application's JSON", `{"checkpoint":7}`, ErrUnreadable, "another application"},
		{"another application's base64", "AAECAwQFBgcICQ", ErrUnreadable, "another application"},
		{"a text cut short", text[:len(text)-4], ErrUnreadable, "checksum"},
		{"a text of four characters", text[:4], ErrUnreadable, "meanstream"},
		{"a text with something behind", text + "AAAA", ErrUnreadable, "checksum"},
		{"a text with a line break", text[:8] + "\n" + text[8:], ErrUnreadable, "meanstream"},
		{"a text of the next version", later(version + 1), ErrVersion, "version 2, this release reads 1"},
		{"a text that names nobody", base64.RawURLEncoding.EncodeToString(append(unnamed, 0)), ErrUnreadable, "no writer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Decode(c.text); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %v with %q", err, c.want, c.says)
			}
		})
	}
	if _, err := Encode(Named{Body: []byte{1}}); !errors.Is(err, ErrUnreadable) {
		t.Errorf("encode without a writer: error %v", err)
	}
}

func TestTheDefaultLimitIsThreeThousandSeventyTwoBytes(t *testing.T) {
	fits := Named{Writer: "w", Body: make([]byte, 3072-headerSize-2)}
	if text, err := Encode(fits); err != nil || len(text) != DefaultLimit {
		t.Errorf("%d characters, error %v, want exactly %d", len(text), err, DefaultLimit)
	}
	_, err := Encode(Named{Writer: "w", Body: append(fits.Body, 0)})
	if !errors.Is(err, ErrTooLong) || !strings.Contains(err.Error(), "offset.metadata.max.bytes on the brokers to at least 4098") {
		t.Errorf("error %v, want ErrTooLong naming the broker's setting", err)
	}
	if text, err := EncodeWithin(Named{Writer: "w", Body: append(fits.Body, 0)}, 4098); err != nil || len(text) != 4098 {
		t.Errorf("with a higher limit: %d characters, error %v", len(text), err)
	}
}

func TestATooLongMergeSaysHowManySourcesFit(t *testing.T) {
	m := &Merge{Emitted: 1764000010e9}
	for i := range int32(900) {
		// Without a common step, so that every source takes its bits.
		m.Sources = append(m.Sources, SourceState{Partition: i, Known: true, To: int64(i) * 999_983, Watermark: 1764000010e9 + int64(i)*999_999_937 + int64(i%2)})
	}
	_, err := Encode(Named{Writer: writer, Body: m.append(nil)})
	if !errors.Is(err, ErrTooLong) {
		t.Fatalf("error %v, want ErrTooLong", err)
	}
	var fit, all int
	_, after, _ := strings.Cut(err.Error(), "(")
	if _, scanErr := fmt.Sscanf(after, "%d of %d source partitions fit)", &fit, &all); scanErr != nil || all != 900 {
		t.Fatalf("error %v does not say how many fit: %v", err, scanErr)
	}
	for n, want := range map[int]bool{fit: true, fit + 1: false} {
		short := *m
		short.Sources = m.Sources[:n]
		if _, err := Encode(Named{Writer: writer, Body: short.append(nil)}); (err == nil) != want {
			t.Errorf("with %d sources: error %v, fits should be %v", n, err, want)
		}
	}
}

func TestTwoHundredFiftySourcesFit(t *testing.T) {
	for _, c := range []struct {
		name     string
		step     int64 // of the watermarks
		spread   int64 // from the slowest to the fastest source
		category string
	}{
		{"nanoseconds spread over a year", 1, 365 * 86400e9, "device-17"},
		{"milliseconds spread over a day, in the middle of closing at the longest category", 1e6, 86400e9, strings.Repeat("x", 1024)},
	} {
		t.Run(c.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m := &Merge{
					ReplayFrom: 999_999_999, Placement: 64, Emitted: 1764000010e9, Lateness: 2e9, Rule: math.MaxUint64,
					Cursor: &Cursor{End: 1764000010e9, Category: c.category},
				}
				for i := range int32(250) {
					m.Sources = append(m.Sources, SourceState{
						Partition: i, Known: true, Ended: i%3 == 0, To: rapid.Int64Range(1, 999_999_999).Draw(t, "to"),
						Watermark: 1764000000e9 - rapid.Int64Range(0, c.spread/c.step).Draw(t, "behind")*c.step,
					})
				}
				text, err := Encode(Named{Writer: writer, Body: m.append(nil)})
				if err != nil {
					t.Fatal(err)
				}
				n, err := Decode(text)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := ParseMerge(n.Body); err != nil || !cmp.Equal(got, *m) {
					t.Fatalf("error %v, %s", err, cmp.Diff(*m, got))
				}
			})
		})
	}
}

func TestMoreSourcesThanCanBeReadBackAreRefused(t *testing.T) {
	m := &Merge{Sources: make([]SourceState, maxPartitions)}
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseMerge(b); err != nil || len(got.Sources) != maxPartitions {
		t.Errorf("%d sources, error %v", len(got.Sources), err)
	}
	m.Sources = append(m.Sources, SourceState{})
	if _, err := m.Append(nil); !errors.Is(err, ErrTooLong) {
		t.Errorf("error %v, want ErrTooLong", err)
	}
}
