package partial

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// TestTheFormatNeverChanges guards partials that are already in somebody's topic. Each file is what the release wrote
// that brought its fields; a later one adds a file and leaves these as they are.
func TestTheFormatNeverChanges(t *testing.T) {
	for file, p := range map[string]func() *Partial{
		"partial_v1.hex": sample, "partial_v1_lost.hex": sampleLost,
		"partial_v2_aggregates.hex": sampleChosen, "partial_v2_topics.hex": sampleTopics, "partial_v2_both.hex": sampleBoth,
	} {
		t.Run(file, func(t *testing.T) { guard(t, "testdata/"+file, p()) })
	}
}

// sampleLost is a partial of two sources that lost what came before they read, one of them everything.
func sampleLost() *Partial {
	p := sample()
	p.Entries = p.Entries[1:2]
	p.Sources[1].Lost = 4
	p.Sources[2].To, p.Sources[2].Lost = 1<<40, 1<<40-9
	return p
}

func guard(t *testing.T, file string, p *Partial) {
	messages, err := p.Encode(420)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, m := range messages {
		got.WriteString(hex.EncodeToString(m) + "\n")
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Fatalf("encoded\n%swant, as released,\n%s", got.String(), want)
	}
	whole := &Partial{}
	for line := range strings.Lines(string(want)) {
		b, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		p, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		p.Entries = append(whole.Entries, p.Entries...)
		whole = p
	}
	p.Chunk, p.Chunks = int32(len(messages)-1), int32(len(messages))
	if show(whole) != show(p) {
		t.Errorf("decoded\n%swant\n%s", show(whole), show(p))
	}
}
