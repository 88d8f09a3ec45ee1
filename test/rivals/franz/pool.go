package main

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// records lends the client's decoder the memory of records that are done with.
type records struct{ free sync.Pool }

func (p *records) GetRecords(n int) []kgo.Record {
	if s, ok := p.free.Get().(*[]kgo.Record); ok && cap(*s) >= n {
		return (*s)[:0]
	}
	return make([]kgo.Record, 0, n)
}

func (p *records) PutRecords(s []kgo.Record) { p.free.Put(&s) }
