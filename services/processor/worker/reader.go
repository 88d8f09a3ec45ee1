package worker

import (
	"context"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// reader fetches a partition over and over. Of a backlog it fetches what comes next while its user works at what came last.
type reader struct {
	fetchers [2]*broker.Fetcher // in turn: the bytes of an answer are good until its fetcher is used again
	turn     int

	coming chan coming // the answer to a fetch that was begun early; nil: there is none
	from   int64       // the offset that it was begun at
}

// coming is an answer, or none.
type coming struct {
	got broker.Fetched
	err error
}

func newReader(client *broker.Client) *reader {
	return &reader{fetchers: [2]*broker.Fetcher{client.NewFetcher(), client.NewFetcher()}}
}

// fetch gives the answer to a fetch, which is good until the next one but for what is begun early. What was begun early from
// another offset than is asked for is waited for, and of no use.
func (r *reader) fetch(ctx context.Context, q broker.FetchRequest) (broker.Fetched, error) {
	if r.coming != nil {
		early := <-r.coming
		r.coming = nil
		if r.from == q.Offset {
			return early.got, early.err
		}
	}
	return r.next().Fetch(ctx, q)
}

// begin fetches what comes behind an answer to q, if the log has more below the offset limit.
func (r *reader) begin(ctx context.Context, q broker.FetchRequest, got broker.Fetched, limit int64) {
	next, ok := batch.End(got.Records)
	if !ok || next <= q.Offset || next >= got.LastStable || next >= limit {
		return
	}
	q.Offset = next
	f, answer := r.next(), make(chan coming, 1)
	r.coming, r.from = answer, next
	go func() {
		early, err := f.Fetch(ctx, q)
		answer <- coming{early, err}
	}()
}

func (r *reader) next() *broker.Fetcher {
	r.turn = 1 - r.turn
	return r.fetchers[r.turn]
}
