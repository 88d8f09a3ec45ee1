package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
)

// reasons are why records could not count: how many for each, and the sentence that came with the first. A mapping that
// fits no record shows here, and nowhere else on the console.
type reasons map[string]*reason

type reason struct {
	records  int64
	sentence string
}

// add counts a message of the rejects topic. What came with the record stands before our own headers.
func (r reasons) add(m *batch.Record) {
	var name, sentence string
	for h := range m.Raw.All() {
		switch h.Key {
		case "meanstream-reason":
			name = string(h.Value)
		case "meanstream-explanation":
			sentence = string(h.Value)
		}
	}
	if r[name] == nil {
		r[name] = &reason{sentence: sentence}
	}
	r[name].records++
}

func (r reasons) print(out io.Writer) {
	for _, name := range slices.Sorted(maps.Keys(r)) {
		_, _ = fmt.Fprintf(out, "  %d %s: %s\n", r[name].records, name, r[name].sentence)
	}
}
