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
// record, to the last before its end, without those of answering; ok is false if it gives none.
func growth(ctx context.Context, p *process, addr string) (n uint64, ok bool) {
	var pairs [][2]uint64
	wait := time.Millisecond
	for {
		// Twice at once: the difference is what an answer takes.
		if first := mallocs(ctx, addr); first > 0 {
			if second := mallocs(ctx, addr); second > 0 {
				pairs = append(pairs, [2]uint64{first, second})
				wait = askEvery
			}
		}
		select {
		case <-p.done:
			return between(pairs), len(pairs) > 0
		case <-time.After(wait):
		}
	}
}

// between is what was allocated between pairs of answers: the growth from each pair to the next, less what an answer takes
// on average, which is within a pair.
func between(pairs [][2]uint64) uint64 {
	grown, within := int64(0), int64(0)
	for i, p := range pairs {
		within += int64(p[1] - p[0])
		if i > 0 {
			grown += int64(p[0] - pairs[i-1][1])
		}
	}
	if n := int64(len(pairs)); n > 0 {
		grown -= within * (n - 1) / n
	}
	return uint64(max(grown, 0))
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
