package main

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// askEvery is how often a service is asked for its allocations.
const askEvery = 500 * time.Millisecond

// growth is how many heap allocations a service has made from the first answer that it gives, which is before the first
// record, to the last before its end, without those of answering; 0 if it gives none.
func growth(ctx context.Context, p *process, addr string) uint64 {
	var counts []uint64
	wait := time.Millisecond
	for {
		// Twice at once: the difference is what an answer takes.
		if first := mallocs(ctx, addr); first > 0 {
			if second := mallocs(ctx, addr); second > 0 {
				counts = append(counts, first, second)
				wait = askEvery
			}
		}
		select {
		case <-p.done:
			return without(counts)
		case <-time.After(wait):
		}
	}
}

// without is how much the counts, taken in pairs, have grown but for what taking them took: of each but the last the least
// that it took for any pair.
func without(counts []uint64) uint64 {
	if len(counts) < 2 {
		return 0
	}
	least := counts[1] - counts[0]
	for i := 2; i < len(counts); i += 2 {
		least = min(least, counts[i+1]-counts[i])
	}
	return counts[len(counts)-1] - counts[0] - least*uint64(len(counts)-1)
}

// mallocs is the number in a service's metrics; 0 if it can't be had.
func mallocs(ctx context.Context, addr string) uint64 {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return 0
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0
	}
	return metric(string(text), "go_memstats_mallocs_total")
}

// metric is the value of one without labels; 0 if there is none.
func metric(text, name string) uint64 {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				return 0
			}
			return uint64(f)
		}
	}
	return 0
}
