package main

import (
	"testing"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
)

// TestTheFloorWalksEveryRecord: a floor that skips work would be too low, and one that does not look too.
func TestTheFloorWalksEveryRecord(t *testing.T) {
	var builder batch.Builder
	for i := range 20_000 {
		r := batch.Record{Time: int64(i), Value: []byte(`{"timestamp":1764000000,"value":53.214,"category":"B"}`)}
		if i%3 == 0 {
			r.Key = []byte("B")
		}
		builder.Append(&r)
	}
	section := builder.Seal(batch.Options{})
	for _, c := range []struct {
		bytes               []byte
		from, records, next int64
	}{
		{section, 0, 20_000, 20_000},
		{section, 7, 19_993, 20_000},
		{section[:len(section)-1], 0, 0, 0}, // cut off
	} {
		records, next, err := walk(c.bytes, c.from)
		if err != nil || records != c.records || next != c.next {
			t.Errorf("from %d: %d records up to %d, %v; want %d up to %d", c.from, records, next, err, c.records, c.next)
		}
	}
	section[100] ^= 1
	if _, _, err := walk(section, 0); err == nil {
		t.Error("a batch with a wrong CRC was walked")
	}
}
