package main

import (
	"context"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// askEvery is how often a service is asked for its allocations.
const askEvery = 500 * time.Millisecond

// allocated is how many heap allocations a service has made from the first answer that it gives, which is before the first
// record, to the last before its end; ok is false if it gives none. An answer takes some thousands itself: each time it is
// asked twice in a row, the least that has come to pass between two such answers is what one takes, and that is left out.
// So it is an upper bound, by what the answers took more than the cheapest of them.
func allocated(ctx context.Context, p *process, addr string) (n uint64, ok bool) {
	var first, last, asked uint64
	cheapest := uint64(math.MaxUint64)
	wait := time.Millisecond
	for {
		before, after := mallocs(ctx, addr), mallocs(ctx, addr)
		if before > 0 && after > 0 {
			if first == 0 {
				first, wait = before, askEvery
			}
			last, asked, cheapest = after, asked+2, min(cheapest, after-before)
		}
		select {
		case <-p.done:
			return last - first - min(last-first, (asked-1)*cheapest), first > 0
		case <-time.After(wait):
		}
	}
}

// mallocs is the number in a service's metrics; 0 if it can't be had.
func mallocs(ctx context.Context, addr string) uint64 {
	return uint64(metric(metrics(ctx, addr), "go_memstats_mallocs_total"))
}

// metrics are what a service tells; nothing if it can't be had.
func metrics(ctx context.Context, addr string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return ""
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return ""
	}
	return string(text)
}

// metric is the value of one, named with all its labels; 0 if there is none.
func metric(text, name string) float64 {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				return 0
			}
			return f
		}
	}
	return 0
}
